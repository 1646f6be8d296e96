"""A parent process that holds embedded servers, and an environment without anybody's settings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from devtools.names import product_names

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bare_environment() -> dict[str, str]:
    """Give the environment of a newcomer: no setting of the product, no HOME."""
    foreign = {*product_names(), "HOME", "CI", "FAILED_CHECKS", "CALLED_FROM"}
    return {name: value for name, value in os.environ.items() if name not in foreign}


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A running `tests.devtools.holder`."""

    process: subprocess.Popen[str]
    environment: dict[str, str]
    pids: list[int]

    def end(self, number: signal.Signals) -> None:
        """Send a signal to the parent alone and wait until it is gone."""
        self.process.send_signal(number)
        self.process.wait(timeout=15)

    def leaves_nothing(self) -> bool:
        """Wait until none of the servers is alive."""
        deadline = time.monotonic() + 10
        while any(is_alive(pid) for pid in self.pids):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True


@pytest.fixture
def hold(bare_environment: dict[str, str]) -> Iterator[Callable[[Path], Holder]]:
    """Start embedded servers in a folder, under a parent of their own."""
    started: list[subprocess.Popen[str]] = []

    def start(folder: Path) -> Holder:
        folder.mkdir(parents=True, exist_ok=True)
        process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", "tests.devtools.holder", str(folder)],
            cwd=ROOT,
            env=bare_environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        return Holder(process=process, environment=told["environment"], pids=told["pids"])

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            process.terminate()
        process.wait(timeout=15)
        if process.stdout is not None:
            process.stdout.close()


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a dead one nobody reaped does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
