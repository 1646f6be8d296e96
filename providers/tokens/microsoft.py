"""Access tokens from Microsoft Entra ID: of an app of its own, and of a connected account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from providers.errors import Stage, failure
from providers.network import HttpClient
from providers.secret_text import SecretText
from providers.session import WireContext
from providers.token_store import Token
from providers.tokens.answers import token_of
from providers.tokens.microsoft_client import MicrosoftClient
from providers.tokens.source import TokenSource

# MSAL asks for these by itself, and refuses to be told so.
OWN_SCOPES: Final = {"openid", "profile", "offline_access"}
NO_TOKEN: Final = SecretText("")


@dataclass(frozen=True)
class MicrosoftApp(TokenSource):
    """An app of its own, without a person (client credentials): there is no refresh token."""

    client: MicrosoftClient
    resource: Literal["graph", "outlook"] = "graph"
    custom_scope: str = ""

    @property
    def scope(self) -> str:
        """All that was consented to, at one resource of the same cloud, unless a scope was typed."""
        cloud = self.client.access.cloud
        return self.custom_scope or (
            cloud.graph_scope(".default") if self.resource == "graph" else cloud.smtp_scope
        )

    @property
    def permission(self) -> str:  # type: ignore[override]  # here it follows from the resource
        """The application permission that lets it send."""
        return "Mail.Send" if self.resource == "graph" else "SMTP.SendAsApp"

    @property
    def host(self) -> str:
        """The login host."""
        return self.client.access.host

    @property
    def label(self) -> str:
        """The app by its short id."""
        return f"app {self.client.short_id}"

    @property
    def facts(self) -> Mapping[str, str]:
        """The app, its tenant, cloud and scope."""
        return {**self.client.facts, "scope": self.scope}

    def fetch(
        self,
        http: HttpClient,
        context: WireContext,  # noqa: ARG002 - what another source needs
        current: Token | None,  # noqa: ARG002 - there is no refresh token in this grant
        stale: Token | None,  # noqa: ARG002 - each answer is a new token
    ) -> Token:
        """Ask with the app's own secret."""
        answer = self.client.ask(
            http, lambda msal: msal.acquire_token_for_client(scopes=[self.scope]), delegated=False
        )
        return token_of(answer, facts=self.facts, host=self.host)


@dataclass(frozen=True)
class MicrosoftUser(TokenSource):
    """A person: the refresh token is in the store, each answer brings the next; `refresh` is a typed one."""

    client: MicrosoftClient
    scopes: tuple[str, ...]
    permission: str
    account: str = ""
    refresh: SecretText = NO_TOKEN
    delegated = True

    @property
    def host(self) -> str:
        """The login host."""
        return self.client.access.host

    @property
    def label(self) -> str:
        """The account, else the app."""
        return self.account or f"app {self.client.short_id}"

    @property
    def facts(self) -> Mapping[str, str]:
        """The app, its tenant and cloud, the account, and what it should have allowed."""
        more = {"account": self.account, "permission": self.permission, "scope": " ".join(self.scopes)}
        return {**self.client.facts, **more}

    def fetch(
        self,
        http: HttpClient,
        context: WireContext,  # noqa: ARG002 - what another source needs
        current: Token | None,
        stale: Token | None,  # noqa: ARG002 - each answer is a new token
    ) -> Token:
        """Trade the refresh token for a new access token and, mostly, a new refresh token."""
        refresh = (current.refresh if current is not None else None) or self.refresh
        if not refresh:
            raise failure("not_connected", stage=Stage.TOKEN, facts=dict(self.facts))
        secret = refresh.reveal()
        asked = [scope for scope in self.scopes if scope not in OWN_SCOPES]
        answer = self.client.ask(
            http,
            lambda msal: msal.acquire_token_by_refresh_token(secret, scopes=asked),
            delegated=True,
            hide=(secret,),
        )
        before = current or Token(NO_TOKEN, 0.0)
        kept = before if before.refresh else replace(before, refresh=refresh)
        return token_of(answer, facts=self.facts, host=self.host, before=kept)
