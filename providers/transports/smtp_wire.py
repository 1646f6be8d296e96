"""One SMTP connection: pinned to a checked address, encrypted as asked, bounded in time and size."""

from __future__ import annotations

import re
import select
import smtplib
import time
from dataclasses import dataclass
from typing import Final

from providers.base import WireContext
from providers.errors import ProviderError, Stage, failure
from providers.network import connect, start_tls
from providers.network.timed import TimedSocket, TimedTls
from providers.transports.smtp_replies import Reply, refused

COMMAND_SECONDS: Final = 30.0
QUIT_SECONDS: Final = 2.0
LINE_BYTES: Final = 2048
REPLY_LINES: Final = 100
IMPLICIT_PORT: Final = 465
REPLY_LINE: Final = re.compile(rb"([2-5][0-9][0-9])(?:([ -])([^\r\n]*))?\r?\n")
READY, OK = 220, 250


@dataclass(frozen=True)
class SmtpServer:
    """Where and how to connect."""

    host: str
    port: int
    tls_option: str


class SmtpWire(smtplib.SMTP):
    """The library's commands over our own socket and our own reading."""

    def __init__(self, server: SmtpServer, context: WireContext) -> None:
        # A name is always given: the library would otherwise ask DNS for this machine's.
        super().__init__(local_hostname=context.egress.ehlo_name)
        self._server = server
        self._context = context
        self._pending = bytearray()
        self._ends = time.monotonic() + context.time_limit
        self._opened: TimedSocket | TimedTls | None = None
        self.hidden: tuple[str, ...] = ()

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
        return str(self._opened.getpeername()[0]) if self._opened is not None else ""

    def start(self) -> None:
        """Connect, greet, and encrypt as the settings say.

        Raises:
            ProviderError: with its stage.
        """
        server, egress, trace = self._server, self._context.egress, self._context.trace
        try:
            egress.check_port(server.port)
        except ProviderError as error:
            raise trace.fail(error) from None
        opened = connect(server.host, server.port, egress, trace)
        self._adopt(opened)
        if server.tls_option == "tls":
            self._secure(opened)
        with trace.step(Stage.GREETING) as step:
            reply = self._greeting()
            self._expect(reply, READY, Stage.GREETING)
            self.introduce()
            step.text = f"{server.host} greeted us"
        if server.tls_option == "starttls":
            with trace.step(Stage.TLS):
                self._ask_for_tls()
            self._secure(opened)
            # Everything learnt before is forgotten (RFC 3207).
            with trace.step(Stage.GREETING) as step:
                self.introduce()
                step.text = f"{server.host} greeted us"

    def introduce(self) -> None:
        """Say EHLO, or HELO to a server that knows no more."""
        self.allow(COMMAND_SECONDS)
        code, _ = self.ehlo()
        if code != OK:
            self.esmtp_features = {}
            self._expect(self.ask(f"HELO {self.local_hostname}"), OK, Stage.GREETING)

    def ask(self, command: str) -> Reply:
        """Send one command and read its reply."""
        self.putcmd(command)
        return self.reply()

    def reply(self) -> Reply:
        """Read one reply; a server that hangs up says so with 421."""
        code, text = self.getreply()
        return Reply(code, text.decode("utf-8", "replace"))

    def allow(self, seconds: float) -> None:
        """Give what follows this much time, within the time of the whole message."""
        if self._opened is not None:
            self._opened.until = min(time.monotonic() + seconds, self._ends)

    def begin(self) -> None:
        """Start the clock of the next message."""
        self._ends = time.monotonic() + self._context.time_limit

    def send(self, s: str | bytes) -> None:
        """Send bytes or an ASCII text.

        Raises:
            ProviderError: the line broke.
        """
        if self._opened is None:
            raise failure("connection_lost", host=self._server.host, facts=self.facts)
        content = s.encode(self.command_encoding) if isinstance(s, str) else s
        try:
            self._opened.sendall(content)
        except OSError as error:
            raise self._broken(error) from None

    def getreply(self) -> tuple[int, bytes]:
        """Read one reply of at most 100 lines of 2048 bytes.

        Raises:
            ProviderError: the line broke, or what came is not SMTP.
        """
        texts: list[bytes] = []
        while len(texts) < REPLY_LINES:
            match = REPLY_LINE.fullmatch(self._line())
            if match is None:
                break
            texts.append(match[3] or b"")
            if match[2] != b"-":
                return int(match[1]), b"\n".join(texts)
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

    def refused(self, stage: Stage, reply: Reply) -> ProviderError:
        """Make the error of a refused command."""
        return refused(stage, reply, host=self._server.host, facts=self.facts, hide=self.hidden)

    def _expect(self, reply: Reply, code: int, stage: Stage) -> None:
        if reply.code != code:
            raise self.refused(stage, reply)

    def _greeting(self) -> Reply:
        self.allow(COMMAND_SECONDS)
        try:
            return self.reply()
        except ProviderError as error:
            if error.code == "timeout" and self._server.port == IMPLICIT_PORT and not self.is_encrypted:
                # Both sides wait for the other to speak first.
                raise failure(
                    "tls_mode", stage=Stage.GREETING, host=self._server.host, facts=self.facts
                ) from None
            raise

    def _ask_for_tls(self) -> None:
        if not self.has_extn("starttls"):
            raise failure("starttls_missing", stage=Stage.TLS, host=self._server.host, facts=self.facts)
        self.allow(COMMAND_SECONDS)
        self._expect(self.ask("STARTTLS"), READY, Stage.TLS)
        waiting = self._opened is not None and select.select([self._opened], [], [], 0)[0]
        if self._pending or waiting:
            # Words said in clear would be read as if they had come inside TLS.
            self.close()
            raise failure("tls_mode", stage=Stage.TLS, host=self._server.host, facts=self.facts)

    def _secure(self, opened: TimedSocket) -> None:
        left = self._ends - time.monotonic()
        secured = start_tls(
            opened,
            self._server.host,
            self._context.trace,
            ca_bundle=self._context.egress.ca_bundle,
            seconds=left,
        )
        self._adopt(secured)

    def _adopt(self, opened: TimedSocket | TimedTls) -> None:
        self.sock = self._opened = opened

    def _line(self) -> bytes:
        try:
            while (end := self._pending.find(b"\n")) < 0 and len(self._pending) <= LINE_BYTES:
                piece = self._opened.recv(4096) if self._opened is not None else b""
                if not piece:
                    raise ConnectionResetError("closed by the other side")
                self._pending += piece
        except OSError as error:
            raise self._broken(error) from None
        line = bytes(self._pending[: end + 1])
        del self._pending[: end + 1]
        return line if len(line) <= LINE_BYTES else b""

    def _broken(self, error: OSError) -> ProviderError:
        self.close()
        code = "timeout" if isinstance(error, TimeoutError) else "connection_lost"
        return failure(code, host=self._server.host, facts=self.facts)
