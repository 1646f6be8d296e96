"""Starts the embedded servers in a folder, prints what runs, and waits: a parent the tests may kill."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

from devtools.environment import say
from devtools.processes import STOP_SIGNALS, Children, StopRequested
from devtools.servers import start_servers


def hold(folder: Path) -> None:
    """Keep the servers until somebody stops this process."""
    children = Children(remove=folder / "scratch")
    for number in STOP_SIGNALS:
        signal.signal(number, children.request_stop)
    with children:
        servers = start_servers(children, data=folder, for_tests=True)
        pids = [child.process.pid for child in children.running()]
        say(json.dumps({"environment": servers.environment, "pids": pids}))
        while True:
            children.check()
            time.sleep(0.05)


if __name__ == "__main__":
    try:
        hold(Path(sys.argv[1]))
    except StopRequested:
        say("stopped")
