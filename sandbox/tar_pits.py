"""Mail servers that mean to hold whoever connects: silence, dripping, floods, and readers that never read."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Final

from sandbox.listener import Listener
from sandbox.tls import Authority

EVERY_SECONDS: Final = 0.02
FLOOD: Final = 64 * 1024
RECORD: Final = b"\x16\x03\x03\x40\x00"  # the head of a TLS record of 16 kB that never gets complete


class TarPit(Listener):
    """Talks to everybody in one hostile way; `kind` is a key of KINDS."""

    def __init__(self, kind: str, *, authority: Authority | None = None) -> None:
        super().__init__()
        self.kind = kind
        self.context: ssl.SSLContext | None = authority.context() if authority else None

    def converse(self, connection: socket.socket) -> None:
        """Hold one client until it leaves or the server stops."""
        # A client that hangs up in the middle is what this is for.
        with contextlib.suppress(OSError):
            KINDS[self.kind](Victim(connection, self))


class Victim:
    """One client, and what can be done to it."""

    def __init__(self, connection: socket.socket, pit: TarPit) -> None:
        self._connection = connection
        self._pit = pit

    def say(self, words: bytes) -> None:
        """Send at once."""
        self._connection.sendall(words)

    def listen(self) -> bytes:
        """Wait for something; nothing means that the client left."""
        heard = self._connection.recv(65_536)
        if not heard:
            raise ConnectionResetError("the client left")
        return heard

    def answer(self, *replies: bytes) -> None:
        """Send one reply after each thing that is heard."""
        for reply in replies:
            self.listen()
            self.say(reply)

    def secure(self) -> None:
        """Turn to TLS."""
        if self._pit.context is None:
            raise ValueError("This tar pit needs an authority for its certificate.")
        self._connection = self._pit.secure(self._connection, self._pit.context)

    def drip(self, words: bytes, *, every: float = EVERY_SECONDS) -> None:
        """Send byte by byte, and begin again at the end."""
        while True:
            for place in range(len(words)):
                self.say(words[place : place + 1])
                self.wait(every)

    def flood(self, words: bytes) -> None:
        """Send the same for ever, as fast as it is taken."""
        while not self._pit.stopping.is_set():
            self.say(words)

    def hold(self) -> None:
        """Say and read nothing more."""
        self._pit.stopping.wait()
        raise ConnectionResetError("the server stops")

    def close_ears(self) -> None:
        """Take in next to nothing from now on: the client's window closes."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def wait(self, seconds: float) -> None:
        """Pause, unless the server stops."""
        if self._pit.stopping.wait(seconds):
            raise ConnectionResetError("the server stops")


GREETING: Final = b"220 localhost ESMTP\r\n"
PLAIN_EHLO: Final = b"250 localhost\r\n"
UPGRADING_EHLO: Final = b"250-localhost\r\n250 STARTTLS\r\n"
UNTIL_DATA: Final = (PLAIN_EHLO, b"250 ok\r\n", b"250 ok\r\n")
TAKE_DATA: Final = b"354 go on\r\n"


def _silent(victim: Victim) -> None:
    victim.hold()


def _drip_greeting(victim: Victim) -> None:
    victim.drip(b"220-localhost\r\n")


def _endless_greeting(victim: Victim) -> None:
    victim.flood(b"220-localhost\r\n" * 1000)


def _long_line(victim: Victim) -> None:
    victim.say(b"220 " + b"x" * 10_000_000)
    victim.hold()


def _endless_keywords(victim: Victim) -> None:
    victim.say(GREETING)
    victim.listen()
    victim.flood(b"250-X-KEYWORD some parameters\r\n" * 1000)


def _half_reply(victim: Victim) -> None:
    victim.say(GREETING)
    victim.answer(b"250-localhost\r\n250-SI")
    victim.hold()


def _slow_starttls(victim: Victim) -> None:
    victim.say(GREETING)
    victim.answer(UPGRADING_EHLO)
    victim.listen()
    victim.drip(b"220-almost\r\n")


def _silent_handshake(victim: Victim) -> None:
    victim.say(GREETING)
    victim.answer(UPGRADING_EHLO, b"220 go ahead\r\n")
    victim.hold()


def _drip_handshake(victim: Victim) -> None:
    victim.say(GREETING)
    victim.answer(UPGRADING_EHLO, b"220 go ahead\r\n")
    victim.listen()
    victim.say(RECORD)
    victim.drip(b"\x02")


def _silent_data(victim: Victim) -> None:
    victim.say(GREETING)
    victim.answer(*UNTIL_DATA)
    victim.hold()


def _deaf_reader(victim: Victim) -> None:
    victim.say(GREETING)
    victim.close_ears()
    victim.answer(*UNTIL_DATA, TAKE_DATA)
    victim.hold()


def _silent_dot(victim: Victim) -> None:
    _take_message(victim)
    victim.hold()


def _drip_dot(victim: Victim) -> None:
    _take_message(victim)
    victim.drip(b"250-queued\r\n")


def _storm_after_dot(victim: Victim) -> None:
    _take_message(victim)
    victim.flood(b"250-queued\r\n" * 1000)


def _replies_after_tls(victim: Victim) -> None:
    victim.say(GREETING)
    victim.answer(UPGRADING_EHLO, b"220 go ahead\r\n")
    victim.secure()
    victim.listen()
    victim.drip(b"250-localhost\r\n")


def _take_message(victim: Victim) -> None:
    victim.say(GREETING)
    victim.answer(*UNTIL_DATA, TAKE_DATA)
    while not victim.listen().endswith(b".\r\n"):
        pass


KINDS: Final[dict[str, Callable[[Victim], None]]] = {
    "accepts and says nothing": _silent,
    "drips its greeting": _drip_greeting,
    "greets without end": _endless_greeting,
    "sends a line of 10 MB": _long_line,
    "lists keywords without end": _endless_keywords,
    "stops in the middle of a reply": _half_reply,
    "drips its answer to STARTTLS": _slow_starttls,
    "starts TLS and says nothing": _silent_handshake,
    "drips its handshake": _drip_handshake,
    "drips inside TLS": _replies_after_tls,
    "says nothing to DATA": _silent_data,
    "does not read the message": _deaf_reader,
    "says nothing after the dot": _silent_dot,
    "drips its answer to the dot": _drip_dot,
    "floods after the dot": _storm_after_dot,
}
