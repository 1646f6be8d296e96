"""One mail transaction: sender and recipients named, content handed over, every reply read in its place."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from providers.errors import ProviderError, Refusal, Stage, failure
from providers.trace import Trace
from providers.transports.smtp_replies import GONE, Reply
from providers.transports.smtp_verdicts import all_refused, counted, refusal
from providers.transports.smtp_wire import COMMAND_SECONDS, OK, SmtpWire

DOT_SECONDS: Final = 120.0
DATA_SECONDS: Final = 120.0
START_DATA: Final = 354
TAKEN: Final = (250, 251, 252)


class Transaction:
    """From MAIL to the reply after the dot, on a wire that is ready for it."""

    def __init__(self, wire: SmtpWire, trace: Trace) -> None:
        self._wire = wire
        self._trace = trace

    def name(self, mail: str, recipients: tuple[str, ...]) -> dict[str, Refusal]:
        """Name sender and recipients, in one exchange where the server can; give who was refused.

        Raises:
            ProviderError: the sender or all recipients were refused; the envelope is taken back.
        """
        wire = self._wire
        wire.allow(COMMAND_SECONDS)
        commands = [mail, *(f"RCPT TO:<{address}>" for address in recipients)]
        pipelined = wire.has_extn("pipelining")
        with self._trace.step(Stage.SENDER) as step:
            wire.send("".join(f"{command}\r\n" for command in commands) if pipelined else f"{mail}\r\n")
            named = wire.reply()
            if named.code != OK:
                self._drain(len(recipients) if pipelined and named.code != GONE else 0)
                raise self.refused(Stage.SENDER, named)
            step.text = "Sender accepted"
        with self._trace.step(Stage.RECIPIENT) as step:
            verdicts = self._verdicts(recipients, commands[1:], pipelined=pipelined)
            if len(verdicts) == len(recipients):
                self.take_back()
                raise all_refused(verdicts, wire.facts)
            step.text = counted(len(recipients) - len(verdicts), len(recipients))
        return verdicts

    def transmit(self, content: bytes) -> Reply:
        """Hand over the content and give the server's yes.

        Raises:
            ProviderError: it was refused, or `outcome_unknown`.
        """
        wire = self._wire
        with self._trace.step(Stage.MESSAGE) as step:
            wire.allow(COMMAND_SECONDS)
            reply = wire.ask("DATA")
            if reply.code != START_DATA:
                raise self.refused(Stage.MESSAGE, reply)
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
                raise self.refused(Stage.ACCEPTED, reply)
            step.text = f"Accepted: {reply.shown(wire.hidden)}"
        return reply

    def take_back(self) -> None:
        """Forget the envelope; a session that cannot even do that is closed."""
        try:
            self._wire.allow(COMMAND_SECONDS)
            if self._wire.sock is not None and self._wire.ask("RSET").code != OK:
                self._wire.close()
        except ProviderError:
            self._wire.close()

    def refused(self, stage: Stage, reply: Reply) -> ProviderError:
        """Make the error of a refused command and bring the session back to its start."""
        error = self._wire.refused(stage, reply)
        if reply.code == GONE:
            self._wire.close()
        else:
            self.take_back()
        return error

    def _verdicts(
        self, recipients: tuple[str, ...], commands: list[str], *, pipelined: bool
    ) -> dict[str, Refusal]:
        verdicts: dict[str, Refusal] = {}
        for address, command in zip(recipients, commands, strict=True):
            self._wire.allow(COMMAND_SECONDS)
            reply = self._wire.reply() if pipelined else self._wire.ask(command)
            if reply.code == GONE:
                raise self.refused(Stage.RECIPIENT, reply)
            if reply.code not in TAKEN:
                verdicts[address] = refusal(reply, self._wire.hidden)
        return verdicts

    def _drain(self, replies: int) -> None:
        # The refusal of the sender is what counts, even when the line breaks behind it.
        with suppress(ProviderError):
            for _ in range(replies):
                self._wire.reply()
