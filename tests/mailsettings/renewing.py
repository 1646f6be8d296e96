"""A process of its own, several threads of which open a connection at once; prints what each of them met."""

from __future__ import annotations

import sys
import threading
from uuid import UUID

import django

django.setup()

from django.db import connections  # noqa: E402  # after the set-up

from mailsettings.ways import connection_way, open_session  # noqa: E402
from providers import ProviderError, Trace  # noqa: E402


def main(organization: str, connection: str, threads: str) -> None:
    """Wait for a line on stdin, then open `threads` sessions at the same moment."""
    way = connection_way(UUID(organization), UUID(connection))
    start = threading.Barrier(int(threads))
    said: list[str] = []

    def work() -> None:
        start.wait(20)
        try:
            open_session(way, Trace()).close()
            said.append("ok")
        except ProviderError as error:
            said.append(error.code)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(int(threads))]
    print("ready", flush=True)  # noqa: T201  # the test waits for it
    sys.stdin.readline()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    print(" ".join(said), flush=True)  # noqa: T201  # the test reads it


if __name__ == "__main__":
    main(*sys.argv[1:4])
