"""A second process that stops the children when their parent dies without a word (SIGKILL, a crash)."""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, kw_only=True)
class Charge:
    """One process group to stop: how to ask it, and how long to wait before it is made to stop."""

    pid: int
    stop_signal: signal.Signals
    grace: float


class Guardian:
    """The parent's end of the pipe; end of file without `dismiss()` makes the guardian act."""

    def __init__(self, *, remove: Path | None = None) -> None:
        """Fork the guardian; it also removes the folder `remove` when it has to act."""
        reading, self._writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._writing)
            watch(reading, remove)
        os.close(reading)

    def add(self, charge: Charge) -> None:
        """Put a child under guard right after it was started."""
        self._write(f"{charge.pid} {charge.stop_signal.value} {charge.grace}")

    def release(self, pid: int) -> None:
        """Forget a child that ended, since its number may soon belong to a stranger."""
        self._write(f"gone {pid}")

    def dismiss(self) -> None:
        """Say that all children were stopped in good order."""
        self._write("bye")
        os.close(self._writing)
        os.waitpid(self._pid, 0)

    def _write(self, line: str) -> None:
        # Should somebody have killed the guardian, the parent's own stop still works.
        with suppress(BrokenPipeError):
            os.write(self._writing, f"{line}\n".encode())


def watch(reading: int, remove: Path | None) -> None:
    """Be the guardian: read charges until the pipe ends, then stop what is left. Never returns."""
    try:
        os.setsid()
        for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ignored, signal.SIG_IGN)
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        with os.fdopen(reading) as pipe:
            lines = pipe.read().splitlines()
        if "bye" not in lines:
            for charge in reversed(charges(lines)):
                stop(charge)
            if remove is not None:
                shutil.rmtree(remove, ignore_errors=True)
    finally:
        # Straight out: the parent's exit handlers are none of the guardian's business.
        os._exit(0)


def charges(lines: list[str]) -> list[Charge]:
    """Read who is still under guard, in the order of starting."""
    known: dict[int, Charge] = {}
    for line in lines:
        words = line.split()
        if words[0] == "gone":
            known.pop(int(words[1]), None)
        else:
            pid, number, grace = int(words[0]), int(words[1]), float(words[2])
            known[pid] = Charge(pid=pid, stop_signal=signal.Signals(number), grace=grace)
    return list(known.values())


def stop(charge: Charge) -> None:
    """Ask the group's leader to stop, wait its grace, then kill whatever is left of the group."""
    with suppress(ProcessLookupError):
        os.kill(charge.pid, charge.stop_signal)
    if not is_gone_within(charge.pid, charge.grace):
        with suppress(ProcessLookupError):
            os.killpg(charge.pid, signal.SIGKILL)
        is_gone_within(charge.pid, 5)


def is_gone_within(group: int, seconds: float) -> bool:
    """Wait until no living process of the group is left; tell whether that came true in time."""
    deadline = time.monotonic() + seconds
    while not is_gone(group):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_gone(group: int) -> bool:
    """Tell whether the group holds no process but dead ones that nobody has reaped yet."""
    reap(group)
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return not any(in_group(process, group) for process in psutil.process_iter())


def in_group(process: psutil.Process, group: int) -> bool:
    """Tell whether a living process belongs to the group."""
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess, PermissionError):
        return False


def reap(pid: int) -> None:
    """Take the exit status of an own child, so that it does not count as running."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
