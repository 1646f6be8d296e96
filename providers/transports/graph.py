"""The Graph wire: one call per message where it fits, a draft where it does not; accepted means 202."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Final

from providers.errors import ProviderError, Stage
from providers.message import Message
from providers.network import HttpReply
from providers.session import Answer, Receipt, Session, WireContext, always, answer_of, no_marker, one_by_one
from providers.tokens import TokenSource
from providers.transports.graph_body import sendmail_body, size_of
from providers.transports.graph_calls import GraphCalls
from providers.transports.graph_conversation import Conversation
from providers.transports.graph_convoy import Convoy, Sending
from providers.transports.graph_large import LargeMail, large_permission
from providers.transports.graph_lines import REQUESTS_AT_ONCE, Lines
from providers.transports.graph_mailbox import GraphMailbox
from providers.transports.graph_me import tell_account

__all__ = ["REQUESTS_AT_ONCE", "GraphMailbox", "GraphSession", "open_graph"]

ACCEPTED: Final = 202
# Content type and body of the one call that sends.
Prepared = tuple[str, bytes]


def open_graph(source: TokenSource, mailbox: GraphMailbox, context: WireContext) -> GraphSession:
    """Reach both hosts and get an access token.

    Raises:
        ProviderError: of the stages from name lookup to token.
    """
    session = GraphSession(GraphCalls(source, mailbox, context))
    try:
        session.prepare()
    except BaseException:
        session.close()
        raise
    return session


class GraphSession(Session):
    """Sends for one connection; for one thread."""

    def __init__(self, calls: GraphCalls) -> None:
        self._calls, self._lines = calls, Lines(calls)
        self._mailbox, self._trace = calls.mailbox, calls.context.trace
        # From addresses that turned out to be no mailbox of their own.
        self._aliases: set[str] = set()

    def prepare(self) -> None:
        """Reach the hosts before anything is asked, so that the ladder names what fails first."""
        self._calls.prepare()

    def send(self, message: Message, *, before_transmit: Callable[[], None] = no_marker) -> Receipt:
        """Send one message.

        Raises:
            ProviderError: it was not accepted, or nobody knows.
        """
        self._calls.start_clock()
        prepared = self._prepared(message)
        return self._calls.run(self._handed_over(message, prepared, _Once(before_transmit)))

    def send_many(
        self,
        messages: Iterable[Message],
        *,
        before_transmit: Callable[[], None] = no_marker,
        at_once: int = 1,
        goes_on: Callable[[], bool] = always,  # noqa: ARG002 - no more are asked for than are under way
    ) -> Generator[Answer, None, None]:
        """Send messages in their order, several at a time; those that need a draft travel alone."""
        if at_once <= 1:
            return one_by_one(self, messages, before_transmit)
        sending = Sending(
            beside=self._beside,
            alone=lambda message: answer_of(self, message, before_transmit),
            before_transmit=before_transmit,
        )
        convoy = Convoy(self._calls, self._lines, sending, at_once=min(at_once, REQUESTS_AT_ONCE))
        return convoy.run(messages)

    def verify(self, sender: str, recipient: str) -> None:  # noqa: ARG002 - nothing to ask Graph about
        """Prove sign-in; whether mail may be sent is only known when it is sent."""
        self._calls.start_clock()
        self._calls.prepare()
        if self._mailbox.delegated:
            tell_account(self._calls)

    def close(self) -> None:
        """Close the connections."""
        self._lines.close()
        self._calls.close()

    def _prepared(self, message: Message) -> Prepared | None:
        """Write the one call that sends; None where the message needs a draft.

        Raises:
            ProviderError: it cannot be sent this way.
        """
        with self._trace.step(Stage.MESSAGE) as step:
            prepared = sendmail_body(message, self._mailbox)
            size = size_of(message) if prepared is None else len(prepared[1])
            step.text = f"Message prepared, {size / 1000:.1f} kB"
            if prepared is None and not self._mailbox.large_mail:
                raise large_permission({**self._calls.facts(), "size": str(size)}, host=self._mailbox.host)
        return prepared

    def _beside(self, message: Message) -> Conversation[Receipt] | None:
        prepared = self._prepared(message)
        return None if prepared is None else self._handed_over(message, prepared, no_marker)

    def _handed_over(
        self, message: Message, prepared: Prepared | None, marker: Callable[[], None]
    ) -> Conversation[Receipt]:
        with self._trace.step(Stage.ACCEPTED) as step:
            reply, sender = yield from self._accepted(message, prepared, marker)
            step.text = f"Accepted by Microsoft 365 as {sender}"
        return Receipt(
            accepted=message.recipients,
            reply="HTTP 202 Accepted" if reply.status_code == ACCEPTED else "Sent, as its draft shows",
            provider_id=reply.headers.get("request-id", "")[:100],
        )

    def _accepted(
        self, message: Message, prepared: Prepared | None, marker: Callable[[], None]
    ) -> Conversation[tuple[HttpReply, str]]:
        """Send from the From's own mailbox; where it has none, from the connection's, as one of its names."""
        sender = self._mailbox.sender or message.sender.email
        wanted = sender if self._mailbox.delegated else message.sender.email
        if wanted.lower() not in {sender.lower(), *self._aliases}:
            try:
                return (yield from self._sent(message, prepared, wanted, marker)), wanted
            except ProviderError as error:
                if error.code != "graph_mailbox_unknown":
                    raise
                self._aliases.add(wanted.lower())
        return (yield from self._sent(message, prepared, sender, marker)), sender

    def _sent(
        self, message: Message, prepared: Prepared | None, sender: str, marker: Callable[[], None]
    ) -> Conversation[HttpReply]:
        home = self._mailbox.path(sender)
        if prepared is None:
            # It makes its calls itself, one after the other.
            return LargeMail(self._calls, message, home).send(marker)
        content_type, body = prepared
        reply = yield from self._calls.asking(
            "POST",
            f"{home}/sendMail",
            body,
            content_type=content_type,
            when_lost="outcome_unknown",
            before_transmit=marker,
        )
        if reply.status_code != ACCEPTED:
            raise self._calls.refusal(reply, sender=sender)
        return reply


class _Once:
    """Calls the marker before the first transmission, and not again."""

    def __init__(self, marker: Callable[[], None]) -> None:
        self._marker: Callable[[], None] = marker

    def __call__(self) -> None:
        marker, self._marker = self._marker, no_marker
        marker()
