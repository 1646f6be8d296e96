"""The SMTP wire: one session, many messages, a verdict for every recipient."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing

from providers.errors import ProviderError, Refusal, Stage
from providers.message import Message
from providers.session import Answer, Receipt, Session, WireContext, always, answer_of, no_marker
from providers.transports.smtp_auth import SmtpLogin, sign_in
from providers.transports.smtp_chain import Chain, Supply, is_ended
from providers.transports.smtp_content import mail_command, wire_content
from providers.transports.smtp_limits import groups, mails_a_session, recipients_at_once
from providers.transports.smtp_lines import SmtpServer
from providers.transports.smtp_oauth import TokenLogin, TokenSignIn
from providers.transports.smtp_transaction import Transaction
from providers.transports.smtp_verdicts import all_refused, queued_as, refusals_of
from providers.transports.smtp_wire import SmtpWire

__all__ = ["SmtpLogin", "SmtpServer", "SmtpSession", "TokenLogin", "open_smtp"]


def open_smtp(
    server: SmtpServer,
    login: SmtpLogin | TokenLogin | None,
    context: WireContext,
    *,
    envelope_sender: str = "",
) -> SmtpSession:
    """Connect, encrypt, sign in.

    `envelope_sender` is the address of MAIL FROM, where bounces go; empty: the sender of each message.

    Raises:
        ProviderError: with the stage at which it failed.
    """
    session = SmtpSession(server, login, context, envelope_sender=envelope_sender)
    session.reopen()
    return session


class SmtpSession(Session):
    """An open, signed-in connection; for one thread."""

    def __init__(
        self,
        server: SmtpServer,
        login: SmtpLogin | TokenLogin | None,
        context: WireContext,
        *,
        envelope_sender: str = "",
    ) -> None:
        self._server = server
        self._login = login
        self._context = context
        self._envelope_sender = envelope_sender
        self._trace = context.trace
        self._wire = SmtpWire(server, context)
        self._sent = 0
        self._transmitting = False

    def reopen(self) -> None:
        """Connect anew and sign in."""
        self._wire.close()
        login, context = self._login, self._context
        by_token = TokenSignIn(login, context) if isinstance(login, TokenLogin) else None
        self._wire = wire = SmtpWire(self._server, context)
        self._sent = 0
        try:
            wire.start()
            if login is not None:
                with self._trace.step(Stage.SIGN_IN) as step:
                    if by_token is not None:
                        by_token.run(wire)
                    elif isinstance(login, SmtpLogin):
                        sign_in(wire, login, context.egress)
                    step.text = f"Signed in as {login.username}"
                wire.signed_in = True
        except BaseException:
            wire.close()
            raise

    def send(self, message: Message, *, before_transmit: Callable[[], None] = no_marker) -> Receipt:
        """Send one message; a session that the server ended meanwhile is opened anew once.

        Raises:
            ProviderError: no recipient was accepted, or nobody knows.
        """
        if self._wire.sock is None or self._sent >= mails_a_session(self._wire):
            self.reopen()
        reused = self._sent > 0
        try:
            return self._send(message, before_transmit)
        except ProviderError as error:
            if self._transmitting or not reused or not is_ended(error):
                raise
        self.reopen()
        return self._send(message, before_transmit)

    def send_many(
        self,
        messages: Iterable[Message],
        *,
        before_transmit: Callable[[], None] = no_marker,
        at_once: int = 1,  # noqa: ARG002 - one wire carries one after the other
        goes_on: Callable[[], bool] = always,
    ) -> Generator[Answer, None, None]:
        """Send messages in their order, chained where the server can; each fares as if it were sent alone."""
        supply = Supply(messages, goes_on)
        while (message := supply.take()) is not None:
            chain = Chain(self._wire, self._trace, self._envelope_sender, sent=self._sent)
            first = chain.prepare(message) if self._wire.sock is not None else None
            if first is None:
                yield answer_of(self, message, before_transmit)
                continue
            with closing(chain.run(first, supply, before_transmit)) as answers:
                for answer in answers:
                    yield self._counted(answer, before_transmit)

    def verify(self, sender: str, recipient: str) -> None:
        """Name sender and recipient and take it back; nothing is sent.

        Raises:
            ProviderError: one of them was refused.
        """
        self._wire.begin()
        transaction = Transaction(self._wire, self._trace)
        transaction.name(f"MAIL FROM:<{self._envelope_sender or sender}>", (recipient,))
        transaction.take_back()

    def close(self) -> None:
        """End politely."""
        self._wire.hang_up()

    def _counted(self, answer: Answer, before_transmit: Callable[[], None]) -> Answer:
        """Count what was sent; a message before which the server ended a used session has another try."""
        error = answer.error
        if error is None:
            self._sent += 1
            return answer
        if not self._sent or error.stage not in {Stage.SENDER, Stage.RECIPIENT} or not is_ended(error):
            return answer
        try:
            self.reopen()
            return Answer(answer.message, receipt=self._send(answer.message, before_transmit))
        except ProviderError as second:
            return Answer(answer.message, error=second)

    def _send(self, message: Message, before_transmit: Callable[[], None]) -> Receipt:
        """Send to all recipients, in as many mails as the server wants of them.

        Once one mail was taken, whatever meets the next ones is a verdict on their recipients only.
        """
        self._transmitting = False
        self._wire.begin()
        refused: dict[str, Refusal] = {}
        taken: Receipt | None = None
        for recipients in groups(message.recipients, recipients_at_once(self._wire)):
            marker = no_marker if self._transmitting else before_transmit
            try:
                receipt = self._hand_over(message, recipients, marker)
            except ProviderError as error:
                if taken is None and not error.refusals:
                    raise
                refused |= refusals_of(error, recipients)
                continue
            refused |= receipt.refused
            before = taken.accepted if taken is not None else ()
            taken = Receipt((*before, *receipt.accepted), refused, receipt.reply, receipt.provider_id)
        if taken is None:
            raise all_refused(refused, self._wire.facts)
        return taken

    def _hand_over(
        self, message: Message, recipients: tuple[str, ...], before_transmit: Callable[[], None]
    ) -> Receipt:
        if self._sent >= mails_a_session(self._wire):
            self.reopen()
        wire = self._wire
        transaction = Transaction(wire, self._trace)
        wire.command_encoding = "utf-8" if message.needs_smtputf8 else "ascii"
        with self._trace.step(Stage.SENDER):
            content = wire_content(message, wire)
        sender = self._envelope_sender or message.sender.email
        refused = transaction.name(mail_command(message, sender, len(content), wire), recipients)
        try:
            before_transmit()
        except BaseException:
            transaction.take_back()
            raise
        self._transmitting = True
        reply = transaction.transmit(content)
        self._sent += 1
        accepted = tuple(address for address in recipients if address not in refused)
        return Receipt(accepted, refused, reply.shown(wire.hidden), queued_as(reply))
