"""Access tokens from any token endpoint, with the requests of oauthlib: of an app, and of a person."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from oauthlib.oauth2 import BackendApplicationClient, WebApplicationClient

from providers.errors import Stage, failure
from providers.network import HttpClient
from providers.secret_text import SecretText
from providers.session import WireContext
from providers.token_store import Token
from providers.tokens.answers import token_of
from providers.tokens.endpoint import Endpoint
from providers.tokens.source import TokenSource

UNKNOWN_SECONDS: Final = 10 * 365 * 86_400.0


@dataclass(frozen=True)
class EndpointApp(TokenSource):
    """An app of its own at any token endpoint (client credentials, RFC 6749 §4.4)."""

    endpoint: Endpoint
    permission: str = ""

    @property
    def host(self) -> str:
        """The host of the token endpoint."""
        return self.endpoint.url.host

    @property
    def label(self) -> str:
        """The client by its id."""
        return f"client {self.endpoint.client_id[:40]}"

    @property
    def facts(self) -> Mapping[str, str]:
        """Endpoint and client."""
        return self.endpoint.facts

    def fetch(
        self,
        http: HttpClient,
        context: WireContext,  # noqa: ARG002 - what another source needs
        current: Token | None,  # noqa: ARG002 - there is no refresh token in this grant
        stale: Token | None,  # noqa: ARG002 - each answer is a new token
    ) -> Token:
        """Ask with the client's own secret."""
        client = BackendApplicationClient(self.endpoint.client_id)
        body = client.prepare_request_body(
            scope=self.endpoint.asked_scope,
            include_client_id=self.endpoint.authentication == "body",
            **{name: word for name, word in self.endpoint.body_words.items() if name != "client_id"},
        )
        answer = self.endpoint.ask(http, body, delegated=False)
        return token_of(answer, facts=self.facts, host=self.host)


@dataclass(frozen=True)
class EndpointUser(TokenSource):
    """A person's grant at any token endpoint: typed tokens first, then what refreshing brings.

    `access_expires_at` is Unix time in seconds, None where it is not known.
    """

    endpoint: Endpoint
    account: str
    refresh: SecretText
    access: SecretText
    access_expires_at: float | None = None
    permission: str = ""
    delegated = True

    @property
    def host(self) -> str:
        """The host of the token endpoint; nobody is asked where only an access token was given."""
        return self.endpoint.url.host if self.refresh else ""

    @property
    def label(self) -> str:
        """The account."""
        return self.account

    @property
    def facts(self) -> Mapping[str, str]:
        """Endpoint, client and account."""
        return {**self.endpoint.facts, "account": self.account}

    def fetch(
        self,
        http: HttpClient,
        context: WireContext,  # noqa: ARG002 - what another source needs
        current: Token | None,
        stale: Token | None,
    ) -> Token:
        """Use the typed access token while it lives, then refresh; the newest refresh token counts."""
        typed = self._typed(current, stale)
        if typed is not None:
            return typed
        refresh = (current.refresh if current is not None else None) or self.refresh
        if not refresh:
            code = "token_expired" if self.access else "not_connected"
            raise failure(code, stage=Stage.TOKEN, host=self.endpoint.url.host, facts=dict(self.facts))
        secret = refresh.reveal().strip()
        body = WebApplicationClient(self.endpoint.client_id).prepare_refresh_body(
            refresh_token=secret, scope=self.endpoint.asked_scope, **self.endpoint.body_words
        )
        answer = self.endpoint.ask(http, body, delegated=True, hide=(secret,))
        before = current or Token(SecretText(""), 0.0)
        kept = before if before.refresh else replace(before, refresh=refresh)
        return token_of(answer, facts=self.facts, host=self.host, before=kept)

    def _typed(self, current: Token | None, stale: Token | None) -> Token | None:
        """Give the typed access token, unless it is over, was refused, or was refreshed before."""
        if not self.access or current is not None or stale is not None:
            return None
        ends = self.access_expires_at
        if ends is not None and ends <= time.time():
            return None
        answer = {"access_token": self.access.reveal().strip()}
        token = token_of(answer, facts=self.facts, host=self.host)
        # Where nobody said when it ends, it is used until it is refused.
        lasts = UNKNOWN_SECONDS if ends is None else ends - time.time()
        claims = {name: text for name, text in token.claims.items() if name != "expires" or ends is not None}
        return Token(token.value, time.time() + lasts, token.roles, claims=claims, lasts=lasts)
