"""The Graph wire: one POST per message, accepted means 202 and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote
from uuid import uuid4

from providers.base import Receipt, Token, WireContext, no_marker
from providers.errors import ProviderError, Stage, failure
from providers.message import Message
from providers.network import HttpClient
from providers.network.http import HttpReply
from providers.tokens import MicrosoftApp
from providers.transports.graph_body import sendmail_body
from providers.transports.graph_errors import refused_send

SEND_SECONDS: Final = 70.0
ACCEPTED: Final = 202
UNAUTHORIZED: Final = 401


def open_graph(source: MicrosoftApp, sender: str, context: WireContext) -> GraphSession:
    """Reach both hosts and get an access token.

    Raises:
        ProviderError: of the stages from name lookup to token.
    """
    session = GraphSession(source, sender, context)
    try:
        session.prepare()
    except BaseException:
        session.close()
        raise
    return session


class GraphSession:
    """Sends from one mailbox with one app; for one thread."""

    def __init__(self, source: MicrosoftApp, sender: str, context: WireContext) -> None:
        self._source = source
        self._sender = sender
        self._context = context
        self._host = source.client.access.cloud.graph_host
        self._http = HttpClient(context.egress, context.trace)
        self._token: Token | None = None

    def prepare(self) -> None:
        """Reach the hosts before anything is asked, so that the ladder names what fails first."""
        seconds = self._context.time_limit
        self._token = self._fresh_token()
        self._http.warm(self._host, seconds=seconds)

    def send(self, message: Message, *, before_transmit: Callable[[], None] = no_marker) -> Receipt:
        """Send one message.

        Raises:
            ProviderError: it was not accepted, or nobody knows.
        """
        with self._context.trace.step(Stage.MESSAGE) as step:
            content_type, body = sendmail_body(message)
            step.text = f"Message prepared, {len(body) / 1000:.1f} kB"
        with self._context.trace.step(Stage.ACCEPTED) as step:
            reply = self._post(content_type, body, before_transmit)
            if reply.status_code == UNAUTHORIZED:
                # The token may have been revoked early: one fresh one, one more try.
                self._token = self._source.token(self._http, self._context, stale=self._token)
                reply = self._post(content_type, body, no_marker)
            if reply.status_code != ACCEPTED:
                raise self._refusal(reply)
            step.text = f"Accepted by Microsoft 365 as {self._sender}"
        return Receipt(
            accepted=message.recipients,
            reply="HTTP 202 Accepted",
            provider_id=reply.headers.get("request-id", "")[:100],
        )

    def verify(self, sender: str, recipient: str) -> None:  # noqa: ARG002 - nothing to ask Graph about
        """Prove sign-in; whether the app may send is only known when it sends."""
        self._token = self._fresh_token()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _post(self, content_type: str, body: bytes, before_transmit: Callable[[], None]) -> HttpReply:
        if self._token is None or not self._token.is_good:
            self._token = self._fresh_token()
        return self._http.request(
            "POST",
            self._host,
            f"/v1.0/users/{quote(self._sender, safe='@')}/sendMail",
            headers={
                "Authorization": f"Bearer {self._token.value.reveal()}",
                "Content-Type": content_type,
                "client-request-id": str(uuid4()),
            },
            body=body,
            seconds=min(SEND_SECONDS, self._context.time_limit),
            when_lost="outcome_unknown",
            before_transmit=before_transmit,
        )

    def _fresh_token(self) -> Token:
        return self._source.token(self._http, self._context)

    def _refusal(self, reply: HttpReply) -> ProviderError:
        token = self._token
        roles = None if token is None else token.roles
        facts = {
            "sender": self._sender,
            **self._source.facts,
            "host": self._host,
            "roles": "unknown" if roles is None else ", ".join(roles) or "none",
        }
        if token is not None and self._source.missing(token):
            facts["missing_role"] = self._source.missing(token)
        if reply.status_code < 300:  # noqa: PLR2004 - other successes were never a sent message
            said = f"HTTP {reply.status_code} instead of 202"
            return failure(
                "graph_refused",
                stage=Stage.ACCEPTED,
                provider_code=said,
                reply=said,
                host=self._host,
                facts=facts,
            )
        hide = (token.value.reveal(),) if token is not None else ()
        return refused_send(reply, host=self._host, facts=facts, hide=hide)
