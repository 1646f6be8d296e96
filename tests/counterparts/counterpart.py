"""What every foreign mail server of these tests gives: two ports, one user, and the mail that came."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Final, NoReturn, TypeVar

import pytest

from sandbox.listener import LOOPBACK

Answer = TypeVar("Answer")
USER: Final = "notifications@contoso.com"
PASSWORD: Final = "Right-pass_word.0123"
TOKEN: Final = "right-access-token-0123456789"
KNOWN: Final = ("orgadmin@contoso.com", "desk@contoso.com")
UNKNOWN: Final = "nobody-here@contoso.com"
SIZE_LIMIT: Final = 200_000
# Fetched once, kept between runs; the folder is nobody's source.
CACHE: Final = Path(__file__).resolve().parents[2] / "var" / "counterparts"
START_SECONDS: Final = 15.0


IN_CI: Final = os.environ.get("CI", "").lower() == "true"


class NotHere(Exception):
    """This server cannot run here; the text is one sentence that says why."""


@dataclass(frozen=True)
class Received:
    """One mail as the server handed it on."""

    envelope_from: str
    envelope_to: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The mail as mail programs read it."""
        return message_from_bytes(self.raw, policy=default)


@dataclass(frozen=True)
class Counterpart:
    """A running server; `received` lists the mail so far."""

    name: str
    starttls_port: int
    tls_port: int
    received: Callable[[], list[Received]]

    def port(self, mode: str) -> int:
        """The port of a TLS option."""
        return self.tls_port if mode == "tls" else self.starttls_port

    def wait_for(self, subject: str) -> list[Received]:
        """Wait for the mail with this subject, which a real queue may hand on a moment later."""
        return eventually(
            lambda: [one for one in self.received() if one.message["Subject"] == subject],
            f"{self.name} kept no mail called {subject!r}.",
        )


def leave_out(missing: NotHere) -> NoReturn:
    """Say in one sentence why a test does not run.

    A build server counts a skipped test as failed; here two of three servers are enough, which a test of its
    own looks at.
    """
    if IN_CI:
        pytest.xfail(str(missing))
    pytest.skip(str(missing))


def eventually(ask: Callable[[], Answer], otherwise: str) -> Answer:
    """Ask until there is an answer; fail after the seconds a server may take."""
    ends = time.monotonic() + START_SECONDS
    while not (answer := ask()):
        if time.monotonic() > ends:
            raise AssertionError(otherwise)
        time.sleep(0.02)
    return answer


def free_port() -> int:
    """Give a port nobody listens on, for servers that cannot choose one themselves."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_listening(port: int) -> bool:
    """Say whether somebody answers at a port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


@contextmanager
def fetched(name: str) -> Iterator[Path]:
    """Hold the cache of one server, so that two test processes do not fetch at the same time."""
    folder = CACHE / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
