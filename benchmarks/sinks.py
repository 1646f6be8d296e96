"""The sinks of a run: Postfix's where it is installed, else our own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from devtools.environment import ROOT


@contextmanager
def best_sink(rtt: float = 0.0) -> Iterator[tuple[int, str]]:
    """Run the cheapest sink there is, since it shares the cores: Postfix's smtp-sink where it is installed.

    Gives its port and its name. It knows no distance, so with `rtt` (milliseconds) ours runs.
    """
    found = None if rtt else shutil.which("smtp-sink")
    if found is None:
        with sink("--rtt", str(rtt)) as port:
            yield port, "benchmarks.sink"
        return
    port = free_port()
    process = subprocess.Popen([found, "-u", "nobody", f"127.0.0.1:{port}", "512"])  # noqa: S603
    try:
        wait_for_port(port)
        yield port, "smtp-sink"
    finally:
        process.kill()
        process.wait(10)


def free_port() -> int:
    """Give a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit("The sink did not start.")


@contextmanager
def sink(*options: str) -> Iterator[int]:
    """Run our own sink; gives its port."""
    command = [sys.executable, "-m", "benchmarks.sink", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert process.stdout is not None  # noqa: S101  # narrows the type
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait(10)
