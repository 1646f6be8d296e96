"""One SMTP conversation: reading lines, answering them, and the faults in between."""

from __future__ import annotations

import contextlib
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sandbox.smtp_envelope import Envelope
from sandbox.smtp_rules import Rules, Stage
from sandbox.smtp_wire import Dropped, LineTooLong, Wire

if TYPE_CHECKING:
    from sandbox.smtp import SmtpServer

HOST = "localhost"
ERRORS_ALLOWED = 20


@dataclass
class SessionRecord:
    """What a test may ask about a session afterwards."""

    number: int
    opened_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    transcript: list[str] = field(default_factory=list)  # "C: …" and "S: …", credentials left out
    hello: str = ""
    tls_version: str = ""
    tls_error: str = ""
    signed_in_as: str = ""
    sign_ins_tried: int = 0
    mails: int = 0
    is_open: bool = True

    @property
    def commands(self) -> list[str]:
        """The verbs the client sent, in their order."""
        return [line[3:].split(" ", 1)[0].upper() for line in self.transcript if line.startswith("C: ")]


class SmtpSession:
    """The state of one conversation; what a command means stands in `smtp_commands`."""

    def __init__(self, server: SmtpServer, wire: Wire, record: SessionRecord) -> None:
        self.server, self.wire, self.record = server, wire, record
        self.rules: Rules = server.rules
        self.offered: set[str] = set()
        self.envelope: Envelope | None = None
        self.is_refused = False
        self._errors = 0

    def run(self) -> None:
        """Hold the whole conversation."""
        # Only smtp_commands knows the verbs; it needs this class, so the server hands it in.
        try:
            if self.server.mode == "tls":
                self.secure()
            self.is_refused = not self.reply("greeting", self.server.greeting())
            while True:
                self.server.command(self, self.read())
        except LineTooLong:
            self._last_words("500 5.5.6 Line too long")
        except TimeoutError:
            self._last_words("421 4.4.2 Timeout, closing the connection")
        except Dropped:
            pass

    def read(self, *, secret: bool = False) -> str:
        """The next line; a secret one is written down as stars."""
        line = self.wire.read_line().decode("utf-8", "replace")
        verb = line[:5].upper()
        shown = "AUTH " + line[5:].split(" ", 1)[0] if verb == "AUTH " else line
        self.record.transcript.append("C: ***" if secret else f"C: {shown}")
        return line

    def secure(self) -> None:
        """Turn the wire to TLS and forget what was said in clear."""
        try:
            self.wire.secure(self.server.context)
        except ssl.SSLError as error:
            self.record.tls_error = str(error)
            raise Dropped from error
        self.record.tls_version = self.wire.tls_version
        self.record.hello, self.offered, self.envelope = "", set(), None

    def reply(self, stage: Stage, text: str, *, also: bytes = b"") -> bool:
        """Answer a command, or do what the script wants; True when the answer was a yes."""
        fault = self.rules.fault(stage)
        if fault is None:
            return self.say(text, also=also)
        self.wire.pause(fault.delay)
        if fault.drop:
            raise Dropped
        return self.say(fault.reply or text, also=also, drip=fault.drip)

    def say(self, text: str, *, also: bytes = b"", drip: float = 0.0) -> bool:
        """Send a reply; True when it was a yes."""
        code, lines = text[:3], text[4:].split("\n")
        written = [f"{code}-{line}" for line in lines[:-1]] + [f"{code} {lines[-1]}"]
        self.record.transcript += [f"S: {line}" for line in written]
        self.wire.write("".join(f"{line}\r\n" for line in written).encode() + also, drip=drip)
        if code == "421":
            raise Dropped
        # Refused senders and recipients are no errors of the client; unknown or misplaced commands are.
        if code.startswith("50"):
            self._errors += 1
            if self._errors > ERRORS_ALLOWED:
                self.say("421 4.7.0 Too many errors on this connection")
        return code[0] in "23"

    def _last_words(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self.say(text)
