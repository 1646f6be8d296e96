"""The library's SMTP commands over our own socket, with our own reading: bounded in time and size."""

from __future__ import annotations

import re
import smtplib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from providers.errors import ProviderError, failure
from providers.network.timed import LINE_ERRORS, TimedSocket, TimedTls
from providers.session import WireContext
from providers.transports.smtp_reply import Reply

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

QUIT_SECONDS: Final = 2.0
LINE_BYTES: Final = 2048
REPLY_LINES: Final = 100
REPLY_LINE: Final = re.compile(rb"([2-5][0-9][0-9])(?:([ -])([^\r\n]*))?\r?\n")


@dataclass(frozen=True)
class SmtpServer:
    """Where and how to connect."""

    host: str
    port: int
    tls_option: str
    # Trusted instead of public authorities: PEM, or the fingerprint of the server's own certificate.
    certificate: str = ""


class SmtpLines(smtplib.SMTP):
    """Sends commands and reads replies; every trouble is a ProviderError."""

    def __init__(self, server: SmtpServer, context: WireContext) -> None:
        # A name is always given: the library would otherwise ask DNS for this machine's.
        super().__init__(local_hostname=context.egress.ehlo_name)
        self._server = server
        self._context = context
        self._pending = bytearray()
        self._ends = time.monotonic() + context.time_limit
        self._opened: TimedSocket | TimedTls | None = None
        # How much of the last words went out, which tells after a break what the other side cannot have.
        self.written = 0

    @property
    def facts(self) -> dict[str, str]:
        """What the advice may name."""
        return {"host": self._server.host, "port": str(self._server.port)}

    @property
    def is_encrypted(self) -> bool:
        """Say whether TLS is on."""
        return isinstance(self._opened, TimedTls)

    @property
    def peer(self) -> str:
        """The address of the other side."""
        try:
            return str(self._opened.getpeername()[0]) if self._opened is not None else ""
        except LINE_ERRORS as error:
            raise self._broken(error) from None

    def begin(self) -> None:
        """Start the clock of the next message."""
        self._ends = time.monotonic() + self._context.time_limit

    def allow(self, seconds: float) -> None:
        """Give what follows this much time, within the time of the whole message."""
        if self._opened is not None:
            self._opened.until = min(time.monotonic() + seconds, self._ends)

    def ask(self, command: str) -> Reply:
        """Send one command and read its reply."""
        self.putcmd(command)
        return self.reply()

    def reply(self) -> Reply:
        """Read one reply; a server that hangs up says so with 421."""
        line = self._line()
        match = REPLY_LINE.fullmatch(line)
        if match is not None and match[2] != b"-":
            return Reply(int(match[1]), (match[3] or b"").decode("utf-8", "replace"))
        code, text = self._read(line)
        return Reply(code, text.decode("utf-8", "replace"))

    def send(self, s: ReadableBuffer | str) -> None:
        """Send bytes or an ASCII text.

        Raises:
            ProviderError: the line broke.
        """
        if self._opened is None:
            raise failure("connection_lost", host=self._server.host, facts=self.facts)
        self.written = 0
        content = memoryview(s.encode(self.command_encoding) if isinstance(s, str) else s)
        try:
            while self.written < len(content):
                self.written += self._opened.send(content[self.written :])
        except LINE_ERRORS as error:
            raise self._broken(error) from None

    def getreply(self) -> tuple[int, bytes]:
        """Read one reply of at most 100 lines of 2048 bytes.

        Raises:
            ProviderError: the line broke, or what came is not SMTP.
        """
        return self._read(self._line())

    def _read(self, line: bytes) -> tuple[int, bytes]:
        """Read the reply that begins with a line."""
        texts: list[bytes] = []
        while (match := REPLY_LINE.fullmatch(line)) is not None:
            texts.append(match[3] or b"")
            if match[2] != b"-":
                return int(match[1]), b"\n".join(texts)
            if len(texts) >= REPLY_LINES:
                break
            line = self._line()
        self.close()
        raise failure("unknown_reply", host=self._server.host, facts=self.facts)

    def close(self) -> None:
        """Close the connection without a word."""
        super().close()
        self._opened = None
        self._pending.clear()

    def hang_up(self) -> None:
        """End politely; nothing that goes wrong matters any more."""
        try:
            self._ends = time.monotonic() + QUIT_SECONDS
            self.allow(QUIT_SECONDS)
            self.ask("QUIT")
        except ProviderError:
            pass
        finally:
            self.close()

    def _adopt(self, opened: TimedSocket | TimedTls) -> None:
        self.sock = self._opened = opened

    def _line(self) -> bytes:
        try:
            while (end := self._pending.find(b"\n")) < 0 and len(self._pending) <= LINE_BYTES:
                piece = self._opened.recv(4096) if self._opened is not None else b""
                if not piece:
                    raise ConnectionResetError("closed by the other side")
                self._pending += piece
        except LINE_ERRORS as error:
            raise self._broken(error) from None
        line = bytes(self._pending[: end + 1])
        del self._pending[: end + 1]
        return line if len(line) <= LINE_BYTES else b""

    def _broken(self, error: Exception) -> ProviderError:
        self.close()
        code = "timeout" if isinstance(error, TimeoutError) else "connection_lost"
        return failure(code, host=self._server.host, facts=self.facts)
