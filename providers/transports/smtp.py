"""The SMTP wire: one session, many messages, a verdict for every recipient."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from providers.base import Receipt, WireContext, no_marker
from providers.errors import ProviderError, Refusal, Stage, failure
from providers.message import Message
from providers.transports.smtp_auth import SmtpLogin, sign_in
from providers.transports.smtp_content import mail_command, wire_content
from providers.transports.smtp_lines import SmtpServer
from providers.transports.smtp_replies import GONE, Reply
from providers.transports.smtp_verdicts import all_refused, counted, queued_as, refusal
from providers.transports.smtp_wire import COMMAND_SECONDS, OK, SmtpWire

DOT_SECONDS: Final = 120.0
DATA_SECONDS: Final = 120.0
START_DATA: Final = 354
TAKEN: Final = (250, 251, 252)

__all__ = ["SmtpLogin", "SmtpServer", "SmtpSession", "open_smtp"]


def open_smtp(server: SmtpServer, login: SmtpLogin | None, context: WireContext) -> SmtpSession:
    """Connect, encrypt, sign in.

    Raises:
        ProviderError: with the stage at which it failed.
    """
    session = SmtpSession(server, login, context)
    session.reopen()
    return session


class SmtpSession:
    """An open, signed-in connection; for one thread."""

    def __init__(self, server: SmtpServer, login: SmtpLogin | None, context: WireContext) -> None:
        self._server = server
        self._login = login
        self._context = context
        self._trace = context.trace
        self._wire = SmtpWire(server, context)
        self._sent = 0
        self._transmitting = False

    def reopen(self) -> None:
        """Connect anew and sign in."""
        self._wire.close()
        self._wire = SmtpWire(self._server, self._context)
        self._sent = 0
        try:
            self._wire.start()
            if self._login is not None:
                with self._trace.step(Stage.SIGN_IN) as step:
                    sign_in(self._wire, self._login, self._context.egress)
                    step.text = f"Signed in as {self._login.username}"
        except BaseException:
            self._wire.close()
            raise

    def send(self, message: Message, *, before_transmit: Callable[[], None] = no_marker) -> Receipt:
        """Send one message; a session that the server ended meanwhile is opened anew once.

        Raises:
            ProviderError: no recipient was accepted, or nobody knows.
        """
        if self._wire.sock is None:
            self.reopen()
        reused = self._sent > 0
        try:
            return self._send(message, before_transmit)
        except ProviderError as error:
            ended = error.code == "connection_lost" or error.reply.startswith(str(GONE))
            if self._transmitting or not reused or not ended:
                raise
        self.reopen()
        return self._send(message, before_transmit)

    def verify(self, sender: str, recipient: str) -> None:
        """Name sender and recipient and take it back; nothing is sent.

        Raises:
            ProviderError: one of them was refused.
        """
        self._wire.begin()
        self._envelope(f"MAIL FROM:<{sender}>", (recipient,))
        self._reset()

    def close(self) -> None:
        """End politely."""
        self._wire.hang_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, message: Message, before_transmit: Callable[[], None]) -> Receipt:
        wire = self._wire
        self._transmitting = False
        wire.begin()
        wire.command_encoding = "utf-8" if message.needs_smtputf8 else "ascii"
        with self._trace.step(Stage.SENDER):
            content = wire_content(message, wire)
        refused = self._envelope(mail_command(message, len(content), wire), message.recipients)
        try:
            before_transmit()
        except BaseException:
            self._reset()
            raise
        self._transmitting = True
        reply = self._transmit(content)
        self._sent += 1
        taken = tuple(address for address in message.recipients if address not in refused)
        return Receipt(taken, refused, reply.shown(wire.hidden), queued_as(reply))

    def _envelope(self, mail: str, recipients: tuple[str, ...]) -> dict[str, Refusal]:
        """Name sender and recipients; in one exchange where the server can, with the replies in order."""
        wire = self._wire
        wire.allow(COMMAND_SECONDS)
        commands = [mail, *(f"RCPT TO:<{address}>" for address in recipients)]
        pipelined = wire.has_extn("pipelining")
        with self._trace.step(Stage.SENDER) as step:
            wire.send("".join(f"{command}\r\n" for command in commands) if pipelined else f"{mail}\r\n")
            named = wire.reply()
            if named.code != OK:
                self._drain(len(recipients) if pipelined and named.code != GONE else 0)
                raise self._refused(Stage.SENDER, named)
            step.text = "Sender accepted"
        with self._trace.step(Stage.RECIPIENT) as step:
            verdicts: dict[str, Refusal] = {}
            for address, command in zip(recipients, commands[1:], strict=True):
                wire.allow(COMMAND_SECONDS)
                reply = wire.reply() if pipelined else wire.ask(command)
                if reply.code == GONE:
                    raise self._refused(Stage.RECIPIENT, reply)
                if reply.code not in TAKEN:
                    verdicts[address] = refusal(reply, wire.hidden)
            if len(verdicts) == len(recipients):
                self._reset()
                raise all_refused(verdicts, wire.facts)
            step.text = counted(len(recipients) - len(verdicts), len(recipients))
        return verdicts

    def _transmit(self, content: bytes) -> Reply:
        wire = self._wire
        with self._trace.step(Stage.MESSAGE) as step:
            wire.allow(COMMAND_SECONDS)
            reply = wire.ask("DATA")
            if reply.code != START_DATA:
                raise self._refused(Stage.MESSAGE, reply)
            wire.allow(DATA_SECONDS)
            wire.send(content)
            step.text = f"Message handed over, {len(content) / 1000:.1f} kB"
        with self._trace.step(Stage.ACCEPTED) as step:
            wire.allow(DOT_SECONDS)
            try:
                wire.send(b".\r\n")
                reply = wire.reply()
            except ProviderError as error:
                # From here on the server may have the message: no answer is not a refusal.
                raise failure("outcome_unknown", facts={**wire.facts, "why": error.code}) from None
            if reply.code not in TAKEN:
                raise self._refused(Stage.ACCEPTED, reply)
            step.text = f"Accepted: {reply.shown(wire.hidden)}"
        return reply

    def _refused(self, stage: Stage, reply: Reply) -> ProviderError:
        """Make the error of a refused command and bring the session back to its start."""
        error = self._wire.refused(stage, reply)
        if reply.code == GONE:
            self._wire.close()
        else:
            self._reset()
        return error

    def _drain(self, replies: int) -> None:
        # The refusal of the sender is what counts, even when the line breaks behind it.
        with suppress(ProviderError):
            for _ in range(replies):
                self._wire.reply()

    def _reset(self) -> None:
        """Take the envelope back; a session that cannot even do that is closed."""
        try:
            self._wire.allow(COMMAND_SECONDS)
            if self._wire.sock is not None and self._wire.ask("RSET").code != OK:
                self._wire.close()
        except ProviderError:
            self._wire.close()
