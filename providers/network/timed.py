"""Sockets with one end time for many operations, so that a dripping peer cannot hold a worker."""

from __future__ import annotations

import math
import socket
import ssl
import time
from typing import Any, Final

# Whatever a socket may raise when the line or the other side is at fault.
LINE_ERRORS: Final = (OSError, ValueError, EOFError, ArithmeticError)


class Timed:
    """Lets no operation outlast `until` (monotonic clock)."""

    until: float = math.inf

    def time_left(self) -> float:
        """Give the seconds left.

        Raises:
            TimeoutError: there are none.
        """
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time allowed has passed")
        return min(left, 3600.0)


class TimedSocket(Timed, socket.socket):
    """A plain socket with an end time."""

    def has_words(self) -> bool:
        """Say whether something has arrived that nobody asked for, or the other side hung up."""
        self.settimeout(0)
        try:
            super().recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        return True

    def recv(self, *arguments: Any) -> bytes:
        """Receive within the time left."""
        self.settimeout(self.time_left())
        return super().recv(*arguments)

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        """Receive within the time left."""
        self.settimeout(self.time_left())
        return super().recv_into(*arguments, **options)

    def send(self, *arguments: Any) -> int:
        """Send a piece within the time left."""
        self.settimeout(self.time_left())
        return super().send(*arguments)

    def sendall(self, *arguments: Any) -> None:
        """Send within the time left."""
        self.settimeout(self.time_left())
        super().sendall(*arguments)


class TimedTls(Timed, ssl.SSLSocket):
    """A TLS socket with an end time."""

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Receive within the time left."""
        self.settimeout(self.time_left())
        return super().recv(buflen, flags)

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        """Receive within the time left."""
        self.settimeout(self.time_left())
        return super().recv_into(*arguments, **options)

    def is_idle(self) -> bool:
        """Say whether the connection stands and has nothing to say; session tickets do not count."""
        self.settimeout(0)
        try:
            super().recv(1)
        except ssl.SSLWantReadError:
            return True
        except LINE_ERRORS:
            return False
        return False

    def send(self, data: Any, flags: int = 0) -> int:  # noqa: ANN401 - any buffer
        """Send within the time left; `sendall` comes through here piece by piece."""
        self.settimeout(self.time_left())
        return super().send(data, flags)
