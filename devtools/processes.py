"""Starts children in order, notices the one that fails, and stops them in reverse order."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from devtools.guardian import Charge, Guardian, stop
from devtools.refusal import Refusal

ROOT = Path(__file__).resolve().parent.parent
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOG_LIMIT = 5_000_000


class StopRequested(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to start, and how it wants to be stopped."""

    name: str
    command: Sequence[str | Path]
    log: Path
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 10
    stdin: str = ""
    user: int | None = None
    # Shares the person's terminal, and so hears Ctrl-C itself.
    attached: bool = False


@dataclass(frozen=True, kw_only=True)
class Child:
    """A program that was started."""

    program: Program
    process: subprocess.Popen[bytes]

    def has_ended(self) -> bool:
        """Tell whether the program is over."""
        return self.process.poll() is not None


class Children:
    """The processes of one command: a context that leaves nothing behind."""

    def __init__(self, *, remove: Path | None = None) -> None:
        """Prepare; the folder `remove` vanishes should the parent be killed."""
        self._remove = remove
        self._children: list[Child] = []
        self._stop_requested = False

    def request_stop(self, *_signal: object) -> None:
        """Take note of Ctrl-C or SIGTERM; the next `check` acts on it, so nothing is torn in the middle."""
        self._stop_requested = True

    def __enter__(self) -> Self:
        """Fork the guardian before there is anything to guard."""
        self._guardian = Guardian(remove=self._remove)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything, the last one started first."""
        while self._children:
            self.stop(self._children[-1])
        self._guardian.dismiss()

    def stop(self, child: Child) -> None:
        """Stop one child and everything it started."""
        stop(charge_of(child))
        child.process.poll()
        self._children.remove(child)
        self._guardian.release(child.process.pid)

    def start(self, program: Program) -> Child:
        """Start a program in a session of its own, so that a terminal's Ctrl-C reaches the parent only."""
        begin_log(program.log)
        with program.log.open("ab") as log:
            process = launch(program, None if program.attached else log)
        child = Child(program=program, process=process)
        self._children.append(child)
        self._guardian.add(charge_of(child))
        if process.stdin is not None:
            # A program that refused to start is noticed by the next `check`.
            with suppress(BrokenPipeError), process.stdin as stdin:
                stdin.write(program.stdin.encode())
        return child

    def run(self, program: Program) -> int:
        """Run a program to its end and give its exit code."""
        child = self.start(program)
        while not child.has_ended():
            if self._stop_requested and program.attached:
                # It heard the same Ctrl-C and may want to say what it saw so far.
                with suppress(subprocess.TimeoutExpired):
                    child.process.wait(timeout=program.grace)
            self.check(apart_from=child)
            time.sleep(0.03)
        code = child.process.returncode
        self.stop(child)
        return code

    def running(self) -> tuple[Child, ...]:
        """Give the children that were started and not stopped."""
        return tuple(self._children)

    def wait_until(self, ready: Callable[[], bool], *, child: Child, seconds: float) -> None:
        """Wait for a child to become ready; refuse when it ends or the time is over."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise Refusal(
                    f"{child.program.name} did not start within {seconds:.0f} s; {see(child.program.log)}"
                )
            time.sleep(0.03)

    def check(self, *, apart_from: Child | None = None) -> None:
        """Refuse to go on when a child has ended or somebody asked for a stop."""
        if self._stop_requested:
            raise StopRequested
        for child in self._children:
            if child is not apart_from and child.has_ended():
                raise Refusal(
                    f"{child.program.name} stopped by itself (exit code {child.process.returncode}); "
                    f"{see(child.program.log)}"
                )


def charge_of(child: Child) -> Charge:
    """Say how a child is to be stopped."""
    program = child.program
    return Charge(pid=child.process.pid, stop_signal=program.stop_signal, grace=program.grace)


def launch(program: Program, log: BinaryIO | None) -> subprocess.Popen[bytes]:
    """Start the process itself; without a log it writes where we do."""
    user = program.user
    stdin = None if program.attached else subprocess.DEVNULL
    try:
        return subprocess.Popen(
            program.command,
            cwd=ROOT,
            env=dict(program.environment),
            stdin=subprocess.PIPE if program.stdin else stdin,
            stdout=log,
            stderr=None if program.attached else subprocess.STDOUT,
            start_new_session=not program.attached,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
    except OSError as error:
        raise Refusal(f"{program.name} cannot be started: {error.strerror} ({program.command[0]}).") from None


def begin_log(log: Path) -> None:
    """Keep logs from growing for ever: a long one becomes the `.old` one."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".old"))


def last_line(log: Path) -> str:
    """Give the last line of a log that says something."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return next((line.strip()[:400] for line in reversed(lines) if line.strip()), "")


def see(log: Path) -> str:
    """Point at a log with its last line, which mostly says it all."""
    said = last_line(log)
    return f'its log {log} ends with "{said}".' if said else f"its log is {log}."
