"""Lines over a socket, with the checks that strict mail servers make."""

from __future__ import annotations

import select
import socket
import ssl

from sandbox.listener import Listener

LINE_LIMIT = 12_288  # RFC 4954 asks for 12288 octets in AUTH exchanges; other lines are shorter
IDLE_SECONDS = 60.0


class Dropped(ConnectionError):
    """The conversation is over, by script or because the client left."""


class LineTooLong(ValueError):
    """The client sent a line over the limit."""


class Wire:
    """A buffered line reader and writer that can turn to TLS."""

    def __init__(self, connection: socket.socket, listener: Listener) -> None:
        connection.settimeout(IDLE_SECONDS)
        self._socket = connection
        self._buffer = b""
        self._listener = listener
        self.tls_version = ""

    @property
    def is_secure(self) -> bool:
        """Whether the wire speaks TLS."""
        return bool(self.tls_version)

    def secure(self, context: ssl.SSLContext) -> None:
        """Turn to TLS; raises ssl.SSLError when the client does not like our certificate."""
        secured = self._listener.secure(self._socket, context)
        self._socket, self.tls_version = secured, secured.version() or "TLS"

    def has_more(self) -> bool:
        """Whether the client already sent more than the line that was read."""
        if self._buffer:
            return True
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return True
        return bool(select.select([self._socket], [], [], 0)[0]) and not self._at_end()

    def read_line(self) -> bytes:
        """The next line without its end."""
        while b"\n" not in self._buffer:
            if len(self._buffer) > LINE_LIMIT:
                raise LineTooLong
            self._receive()
        line, self._buffer = self._buffer.split(b"\n", 1)
        if len(line) > LINE_LIMIT:
            raise LineTooLong
        return line.removesuffix(b"\r")

    def read_message(self, limit: int) -> tuple[bytes, int]:
        """Everything up to the lone dot, unstuffed; over the limit only the size is kept."""
        chunks: list[bytes] = []
        size = 0
        tail = b"\r\n"
        while True:
            # The end may straddle two reads, so the last four bytes stay in front of the next ones.
            window = tail + self._buffer
            end = window.find(b"\r\n.\r\n")
            if end >= 0:
                body, self._buffer = window[: end + 2], window[end + 5 :]
                chunks.append(body)
                size += len(body)
                break
            keep = window[-4:]
            chunks.append(window[: -len(keep)])
            size += len(chunks[-1])
            if size > limit + 4:
                chunks.clear()
            tail, self._buffer = keep, b""
            self._receive()
        size -= 2  # the line end put in front of the first line
        if size > limit:
            return b"", size
        return b"".join(chunks).replace(b"\r\n.", b"\r\n")[2:], size

    def write(self, reply: bytes, *, drip: float = 0.0) -> None:
        """Send a reply, at once or byte by byte."""
        if not drip:
            self._socket.sendall(reply)
            return
        for position in range(len(reply)):
            self._socket.sendall(reply[position : position + 1])
            self.pause(drip)

    def pause(self, seconds: float) -> None:
        """Wait, unless the server stops meanwhile."""
        if seconds and self._listener.stopping.wait(seconds):
            raise Dropped

    def _receive(self) -> None:
        received = self._socket.recv(65_536)
        if not received:
            raise Dropped
        self._buffer += received

    def _at_end(self) -> bool:
        """Whether the readable socket only says that the client left."""
        if isinstance(self._socket, ssl.SSLSocket):
            return False
        return not self._socket.recv(1, socket.MSG_PEEK)
