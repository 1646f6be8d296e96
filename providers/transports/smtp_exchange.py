"""One exchange for two mails (RFC 2920): the content of one, and behind it the envelope of the next."""

from __future__ import annotations

from contextlib import suppress
from typing import Final, NamedTuple

from providers.errors import ProviderError, Refusal, Stage, failure
from providers.message import Message
from providers.session import Receipt
from providers.trace import Trace
from providers.transports.smtp_content import mail_command, wire_content
from providers.transports.smtp_limits import recipients_at_once
from providers.transports.smtp_replies import GONE, Reply
from providers.transports.smtp_transaction import (
    DATA_SECONDS,
    DOT_SECONDS,
    START_DATA,
    TAKEN,
    Transaction,
)
from providers.transports.smtp_verdicts import all_refused, queued_as, refusal
from providers.transports.smtp_wire import COMMAND_SECONDS, OK, SmtpWire

# Replies to one envelope have to fit into the buffers between us, or both sides would wait for each other.
ENVELOPE_BYTES: Final = 8_000
DOT: Final = b".\r\n"


class Prepared(NamedTuple):
    """A mail as it will be written: MAIL, every RCPT and DATA in one piece, and the content."""

    message: Message
    recipients: tuple[str, ...]
    envelope: bytes
    content: bytes


class Exchange:
    """Writes ahead on one wire and reads every reply in its place."""

    def __init__(self, wire: SmtpWire, trace: Trace) -> None:
        self._wire = wire
        self._transaction = Transaction(wire, trace)

    def prepare(self, message: Message, envelope_sender: str) -> Prepared | None:
        """Write a mail ahead of its turn; None for one that has to be sent by itself.

        That is one which the server will not take anyway, or for so many recipients that it needs several
        mails or a long envelope: sending it alone says what is wrong with it.
        """
        wire, recipients = self._wire, message.recipients
        if not wire.has_extn("pipelining") or len(recipients) > recipients_at_once(wire):
            return None
        try:
            content = wire_content(message, wire)
        except ProviderError:
            return None
        sender = envelope_sender or message.sender.email
        commands = [
            mail_command(message, sender, len(content), wire),
            *(f"RCPT TO:<{address}>" for address in recipients),
            "DATA\r\n",
        ]
        encoding = "utf-8" if message.needs_smtputf8 else "ascii"
        envelope = "\r\n".join(commands).encode(encoding)
        return Prepared(message, recipients, envelope, content) if len(envelope) <= ENVELOPE_BYTES else None

    def begin(self, mail: Prepared) -> None:
        """Write an envelope behind nothing."""
        self._wire.begin()
        self._wire.allow(COMMAND_SECONDS)
        try:
            self._wire.send(mail.envelope)
        except ProviderError as error:
            error.stage = Stage.SENDER
            raise

    def read_envelope(self, mail: Prepared) -> dict[str, Refusal]:
        """Read what came of MAIL, RCPT and DATA; give who was refused. The content may follow.

        Raises:
            ProviderError: nothing may follow; the session is back at its start, or closed.
        """
        wire, stage = self._wire, Stage.SENDER
        wire.begin()
        wire.allow(COMMAND_SECONDS)
        try:
            named = wire.reply()
            if named.code != OK:
                if named.code != GONE:
                    self._leave_out(len(mail.recipients))
                raise self._refused(stage, named)
            stage = Stage.RECIPIENT
            verdicts = self._verdicts(mail.recipients)
            if len(verdicts) == len(mail.recipients):
                self._leave_out(0)
                raise all_refused(verdicts, wire.facts)
            stage = Stage.MESSAGE
            reply = wire.reply()
            if reply.code != START_DATA:
                raise self._transaction.refused(stage, reply)
        except ProviderError as error:
            error.stage = error.stage or stage
            raise
        return verdicts

    def hand_over(self, mail: Prepared, following: Prepared | None) -> None:
        """Write the content with its dot, and the next envelope behind it.

        Raises:
            ProviderError: the line broke, with `outcome_unknown` once the dot was written.
        """
        wire, ends = self._wire, len(mail.content) + len(DOT)
        wire.allow(DATA_SECONDS)
        try:
            wire.send(b"".join((mail.content, DOT, following.envelope if following else b"")))
        except ProviderError as error:
            error.stage = Stage.MESSAGE
            raise self._unknown(error) if wire.written >= ends else error from None

    def read_answer(self, mail: Prepared, refused: dict[str, Refusal]) -> Receipt:
        """Read the reply to the dot.

        Raises:
            ProviderError: the message was refused, or `outcome_unknown`.
        """
        wire = self._wire
        wire.allow(DOT_SECONDS)
        try:
            reply = wire.reply()
        except ProviderError as error:
            raise self._unknown(error) from None
        if reply.code not in TAKEN:
            raise self._refused(Stage.ACCEPTED, reply)
        accepted = mail.recipients
        if refused:
            accepted = tuple(address for address in accepted if address not in refused)
        return Receipt(accepted, refused, reply.shown(wire.hidden), queued_as(reply))

    def _verdicts(self, recipients: tuple[str, ...]) -> dict[str, Refusal]:
        verdicts: dict[str, Refusal] = {}
        for address in recipients:
            reply = self._wire.reply()
            if reply.code == GONE:
                raise self._refused(Stage.RECIPIENT, reply)
            if reply.code not in TAKEN:
                verdicts[address] = refusal(reply, self._wire.hidden)
        return verdicts

    def _leave_out(self, recipients: int) -> None:
        """Read the rest of an envelope that is not to be used, and end it without a content.

        The refusal before is what counts, even when the line breaks behind it.
        """
        wire = self._wire
        with suppress(ProviderError):
            replies = [wire.reply() for _ in range(recipients)]
            if wire.reply().code != START_DATA:
                self._transaction.take_back()
            elif any(reply.code in TAKEN for reply in replies):
                # A dot would deliver an empty message.
                wire.close()
            else:
                wire.allow(DOT_SECONDS)
                wire.send(DOT)
                if wire.reply().code == GONE:
                    wire.close()

    def _refused(self, stage: Stage, reply: Reply) -> ProviderError:
        """Make the error of a reply after which nothing is open."""
        if reply.code == GONE:
            self._wire.close()
        return self._wire.refused(stage, reply)

    def _unknown(self, error: ProviderError) -> ProviderError:
        # From here on the server may have the message: no answer is not a refusal.
        return failure("outcome_unknown", stage=Stage.ACCEPTED, facts={**self._wire.facts, "why": error.code})
