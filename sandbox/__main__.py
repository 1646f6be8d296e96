"""Runs the sandbox until SIGTERM or Ctrl-C: `python -m sandbox --folder var/sandbox --port 8025`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from sandbox.listener import PortTaken
from sandbox.together import Sandbox


def main() -> int:
    """Start, say so in one line, wait for the signal, stop."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="A mail service to try things with."
    )
    parser.add_argument(
        "--folder", type=Path, required=True, help="keeps the mail, the ports and the certificate"
    )
    parser.add_argument("--port", type=int, default=8025, help="port of the page (default: 8025; 0: any)")
    arguments = parser.parse_args()
    enough = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: enough.set())
    try:
        with Sandbox(arguments.folder, page_port=arguments.port) as sandbox:
            print(f"Sandbox ready: {sandbox.endpoints.page}", flush=True)  # noqa: T201 - the line that is waited for
            enough.wait()
    except (PortTaken, OSError) as error:
        print(f"The sandbox cannot start. {error}", file=sys.stderr)  # noqa: T201 - the one clear sentence
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
