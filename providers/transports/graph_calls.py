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
from providers.transports.graph_errors import is_claims_challenge, refused_send
from providers.transports.graph_mailbox import GraphMailbox

CALL_SECONDS: Final = 70.0
UNAUTHORIZED: Final = 401


class GraphCalls:
    """Asks Graph and says what its refusals mean; for one thread."""

    def __init__(self, source: TokenSource, mailbox: GraphMailbox, context: WireContext) -> None:
        self.mailbox, self.context = mailbox, context
        self._source = source
        self._http = HttpClient(context.egress, context.trace)
        self._token: Token | None = None
        self._ends = time.monotonic() + context.time_limit

    def prepare(self) -> None:
        """Get a token and reach Graph, before there is anything to say to it."""
        self._token = self._source.token(self._http, self.context)
        self._http.warm(self.mailbox.host, seconds=self.context.time_limit)

    def start_clock(self) -> None:
        """Give the message that comes now its full time."""
        self._ends = time.monotonic() + self.context.time_limit

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

        def once(marker: Callable[[], None]) -> HttpReply:
            return self._http.request(
                method,
                self.mailbox.host,
                path,
                headers=self._headers(content_type if body is not None else ""),
                body=body,
                seconds=self.seconds_left(),
                when_lost=when_lost,
                before_transmit=marker,
            )

        if self._token is None or not self._token.is_good:
            self._token = self._source.token(self._http, self.context)
        reply = once(before_transmit)
        if reply.status_code == UNAUTHORIZED and not (self.mailbox.delegated and is_claims_challenge(reply)):
            # The token may have been revoked early: one fresh one, one more try.
            self._token = self._source.token(self._http, self.context, stale=self._token)
            reply = once(no_marker)
        return reply

    def put_part(self, host: str, path: str, body: bytes, content_range: str) -> HttpReply:
        """Put one part of a file where Graph said; that address carries its own permission.

        Raises:
            ProviderError: the host is not one of this cloud's, not reached, or did not answer.
        """
        return self._http.request(
            "PUT",
            host,
            path,
            headers={"Content-Type": "application/octet-stream", "Content-Range": content_range},
            body=body,
            seconds=self.seconds_left(),
        )

    def drop_upload(self, host: str, path: str) -> None:
        """Give up an upload that was begun.

        Raises:
            ProviderError: the host was not reached or did not answer.
        """
        self._http.request("DELETE", host, path, headers={}, seconds=self.seconds_left())

    def seconds_left(self) -> float:
        """Give the seconds the next call may take.

        Raises:
            ProviderError: timeout, when the message's time is over.
        """
        left = self._ends - time.monotonic()
        if left <= 0:
            raise failure("timeout", stage=Stage.MESSAGE, host=self.mailbox.host, facts=self.facts())
        return min(CALL_SECONDS, left)

    def refusal(
        self, reply: HttpReply, *, sender: str = "", wanted: int = 202, hide: tuple[str, ...] = ()
    ) -> ProviderError:
        """Make the error of a reply that has not the `wanted` status."""
        facts = self.facts(sender)
        if reply.status_code < 300:  # noqa: PLR2004 - other successes were never a sent message
            said = f"HTTP {reply.status_code} instead of {wanted}"
            return failure(
                "graph_refused",
                stage=Stage.ACCEPTED,
                provider_code=said,
                reply=said,
                host=self.mailbox.host,
                facts=facts,
            )
        token = self._token
        secrets = (token.value.reveal(),) if token is not None else ()
        error = refused_send(
            reply,
            host=self.mailbox.host,
            facts=facts,
            hide=(*secrets, *hide),
            delegated=self.mailbox.delegated,
        )
        return error if token is None else self._source.refused(error, token)

    def facts(self, sender: str = "") -> dict[str, str]:
        """Tell what errors say about this connection; nothing secret."""
        token = self._token
        roles = None if token is None else token.scopes if self.mailbox.delegated else token.roles
        missing = "" if token is None else self._source.missing(token)
        return {
            **self._source.facts,
            "sender": sender or self.mailbox.sender,
            "mailbox": self.mailbox.sender,
            "delegated": "yes" if self.mailbox.delegated else "",
            "host": self.mailbox.host,
            "roles": "unknown" if roles is None else ", ".join(roles) or "none",
            **({"missing_role": missing} if missing else {}),
        }

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _headers(self, content_type: str) -> dict[str, str]:
        token = self._token
        if token is None:
            raise failure("graph_unauthorized", stage=Stage.TOKEN)
        return {
            "Authorization": f"Bearer {token.value.reveal()}",
            "client-request-id": str(uuid4()),
            # The id of a draft stays the same when the sent mail is moved to Sent Items.
            "Prefer": 'IdType="ImmutableId"',
            **({"Content-Type": content_type} if content_type else {}),
        }
