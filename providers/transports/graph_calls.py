"""Calls to Graph for one connection: the right mailbox, a token that is renewed once, one clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final
from uuid import uuid4

from providers.errors import ProviderError, Stage, failure
from providers.network import HttpClient, HttpReply
from providers.session import WireContext, no_marker
from providers.token_store import Token
from providers.tokens import TokenSource
from providers.transports.graph_conversation import Call, Conversation, Given, hold
from providers.transports.graph_errors import is_claims_challenge, refused_send
from providers.transports.graph_mailbox import GraphMailbox
from providers.transports.graph_token import GraphToken

CALL_SECONDS: Final = 70.0
UNAUTHORIZED: Final = 401


class GraphCalls:
    """Asks Graph and says what its refusals mean; for one thread."""

    def __init__(self, source: TokenSource, mailbox: GraphMailbox, context: WireContext) -> None:
        self.mailbox, self.context = mailbox, context
        self.http = HttpClient(context.egress, context.trace)
        self._token = GraphToken(source, context)
        self._ends = self.end_of_message()

    def prepare(self) -> None:
        """Get a token and reach Graph, before there is anything to say to it."""
        self._token.fetch()
        self.http.warm(self.mailbox.host, seconds=self.context.time_limit)

    def start_clock(self) -> None:
        """Give the message that comes now its full time."""
        self._ends = self.end_of_message()

    def end_of_message(self) -> float:
        """Give the moment, by the monotonic clock, until when a message that begins now may take."""
        return time.monotonic() + self.context.time_limit

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        content_type: str = "application/json",
        when_lost: str = "connection_lost",
        before_transmit: Callable[[], None] = no_marker,
    ) -> HttpReply:
        """Ask once; a token that is not taken any more is renewed, and the call made once more.

        Raises:
            ProviderError: the host was not reached or did not answer.
        """
        return self.run(
            self.asking(
                method,
                path,
                body,
                content_type=content_type,
                when_lost=when_lost,
                before_transmit=before_transmit,
            )
        )

    def asking(
        self,
        method: str,
        path: str,
        body: bytes | None,
        *,
        content_type: str,
        when_lost: str,
        before_transmit: Callable[[], None],
    ) -> Conversation[HttpReply]:
        """Ask as `ask` does, as a conversation beside which others may be held."""

        def call(token: Token, marker: Callable[[], None]) -> Call:
            headers = _headers(token, content_type if body is not None else "")
            return Call(
                method=method, path=path, headers=headers, body=body, when_lost=when_lost, marker=marker
            )

        token = self._token.good()
        reply = yield call(token, before_transmit)
        if reply.status_code == UNAUTHORIZED and not (self.mailbox.delegated and is_claims_challenge(reply)):
            # The token may have been revoked early: one fresh one, one more try.
            reply = yield call(self._token.instead_of(token), no_marker)
        return reply

    def run(self, conversation: Conversation[Given]) -> Given:
        """Hold a conversation over this session's own connection.

        Raises:
            ProviderError: what the conversation came to.
        """
        return hold(conversation, lambda call: self.make(call, self.http, self._ends, call.marker))

    def make(self, call: Call, http: HttpClient, ends: float, marker: Callable[[], None]) -> HttpReply:
        """Make a call over a connection, until a moment of the monotonic clock.

        Raises:
            ProviderError: the time is over, or the host was not reached or did not answer.
        """
        return http.request(
            call.method,
            self.mailbox.host,
            call.path,
            headers=call.headers,
            body=call.body,
            seconds=self._seconds_until(ends),
            when_lost=call.when_lost,
            before_transmit=marker,
        )

    def put_part(self, host: str, path: str, body: bytes, content_range: str) -> HttpReply:
        """Put one part of a file where Graph said; that address carries its own permission.

        Raises:
            ProviderError: the host is not one of this cloud's, not reached, or did not answer.
        """
        return self.http.request(
            "PUT",
            host,
            path,
            headers={"Content-Type": "application/octet-stream", "Content-Range": content_range},
            body=body,
            seconds=self._seconds_until(self._ends),
        )

    def drop_upload(self, host: str, path: str) -> None:
        """Give up an upload that was begun.

        Raises:
            ProviderError: the host was not reached or did not answer.
        """
        self.http.request("DELETE", host, path, headers={}, seconds=self._seconds_until(self._ends))

    def refusal(
        self, reply: HttpReply, *, sender: str = "", wanted: int = 202, hide: tuple[str, ...] = ()
    ) -> ProviderError:
        """Make the error of a reply that has not the `wanted` status."""
        facts, host = self.facts(sender), self.mailbox.host
        if reply.status_code < 300:  # noqa: PLR2004 - other successes were never a sent message
            said = f"HTTP {reply.status_code} instead of {wanted}"
            return failure(
                "graph_refused",
                stage=Stage.ACCEPTED,
                provider_code=said,
                reply=said,
                host=host,
                facts=facts,
            )
        hidden = (*self._token.secrets, *hide)
        error = refused_send(reply, host=host, facts=facts, hide=hidden, delegated=self.mailbox.delegated)
        return self._token.refused(error)

    def facts(self, sender: str = "") -> dict[str, str]:
        """Tell what errors say about this connection; nothing secret."""
        mailbox = self.mailbox
        return {
            **self._token.facts(delegated=mailbox.delegated),
            "sender": sender or mailbox.sender,
            "mailbox": mailbox.sender,
            "delegated": "yes" if mailbox.delegated else "",
            "host": mailbox.host,
        }

    def close(self) -> None:
        """Close the connections."""
        self._token.close()
        self.http.close()

    def _seconds_until(self, ends: float) -> float:
        left = ends - time.monotonic()
        if left <= 0:
            raise failure("timeout", stage=Stage.MESSAGE, host=self.mailbox.host, facts=self.facts())
        return min(CALL_SECONDS, left)


def _headers(token: Token, content_type: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token.value.reveal()}",
        "client-request-id": str(uuid4()),
        # The id of a draft stays the same when the sent mail is moved to Sent Items.
        "Prefer": 'IdType="ImmutableId"',
        **({"Content-Type": content_type} if content_type else {}),
    }
