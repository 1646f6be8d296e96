"""The stand-in for Microsoft as a process of its own: `python -m benchmarks.microsoft --folder DIR`.

It writes `clouds.json` and its authority into the folder, prints its port, and keeps `counts.json`.
"""

from __future__ import annotations

import argparse
import json
import threading
from collections import Counter
from pathlib import Path
from typing import Final

from sandbox.inbox import Inbox
from sandbox.microsoft import Microsoft
from sandbox.tls import Authority

TENANT: Final = "5b8c21f0-6a3e-47d9-9f10-c2d4e6a8b013"
CLIENT: Final = "7d1f0c52-93ab-4c1e-b0a7-2f5e8c6a1d44"
SECRET: Final = "benchmark-secret-0123456789abcdef-0123456789"  # noqa: S105  # of the stand-in
DOMAIN: Final = "contoso.example"
MAILBOX: Final = f"notify@{DOMAIN}"
CLOUDS, COUNTS = "clouds.json", "counts.json"


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--milliseconds", type=float, default=0.0, help="what a call takes")
    options = parser.parse_args()
    folder = Path(options.folder)
    server = Microsoft(Inbox(None), Authority(folder / "tls"))
    server.add_tenant(TENANT, DOMAIN)
    server.add_app(TENANT, CLIENT, SECRET)
    server.add_mailbox(MAILBOX)
    server.graph.seconds = options.milliseconds / 1000
    server.start()
    (folder / CLOUDS).write_text(json.dumps([server.cloud_row()]), encoding="utf-8")
    print(server.port, flush=True)  # noqa: T201  # tells its port
    while not threading.Event().wait(0.2):
        unfinished = folder / f"{COUNTS}.part"
        unfinished.write_text(json.dumps(counts(server)), encoding="utf-8")
        unfinished.replace(folder / COUNTS)


def counts(server: Microsoft) -> dict[str, int]:
    """Count what came."""
    statuses = Counter(one.status for one in list(server.requests))
    return {
        "accepted": statuses[202],
        "other_answers": sum(statuses.values()) - statuses[202] - statuses[0],
        "most_at_a_time": server.graph.busiest,
        "token_requests": len(server.token_requests),
    }


if __name__ == "__main__":
    main()
