"""What every source of access tokens does alike: use the stored one, renew it once, say what it carries."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Final

from providers.errors import ProviderError, Stage, failure
from providers.network import HttpClient
from providers.session import WireContext
from providers.token_store import Token
from providers.trace import Trace

# Refusals of a sign-in that say no more than that the server did not like the token.
TOKEN_REFUSALS: Final = {"auth_failed", "auth_token_refused", "graph_unauthorized", "graph_access_denied"}


class TokenSource(ABC):
    """Gives the access tokens of one connection; holds nothing but the settings it was made of.

    `permission` is what a token needs for sending. `delegated` tokens speak for a person, others for an app.
    """

    permission: str = ""
    delegated: bool = False

    @property
    @abstractmethod
    def host(self) -> str:
        """The host that gives the tokens, with its port where that is not 443."""

    @property
    @abstractmethod
    def label(self) -> str:
        """Whom the tokens are for, as the ladder says it."""

    @property
    @abstractmethod
    def facts(self) -> Mapping[str, str]:
        """What errors tell about this source; nothing secret."""

    @abstractmethod
    def fetch(
        self, http: HttpClient, context: WireContext, current: Token | None, stale: Token | None
    ) -> Token:
        """Ask for a token. `current` is what is stored, `stale` the one a server has just refused.

        Raises:
            ProviderError: of stage token, or what the line said.
        """

    def token(self, http: HttpClient | None, context: WireContext, stale: Token | None = None) -> Token:
        """Give a token that is good for five more minutes; never again the one named `stale`.

        Raises:
            ProviderError: it could not be had, with the stage at which that failed.
        """
        known = context.tokens.get(context.connection_key)
        if known is not None and known.is_good and (stale is None or known.value != stale.value):
            with context.trace.step(Stage.TOKEN) as step:
                step.text = f"Access token for {self.label} is still valid"
            token = known
        else:
            token = self._renewed(http, context, known, stale)
        self._tell(token, context.trace)
        return token

    def missing(self, token: Token) -> str:
        """Name the permission a token does not carry; "" where it carries it or does not say (NEW-4)."""
        carried = token.scopes if self.delegated else token.roles
        if not self.permission or carried is None or (self.delegated and not carried):
            return ""
        return "" if self.permission.lower() in {last_part(one) for one in carried} else self.permission

    def refused(self, error: ProviderError, token: Token) -> ProviderError:
        """Say what a server's refusal of `token` means; `error` is what its reply alone means."""
        if error.code not in TOKEN_REFUSALS:
            return error
        missing = self.missing(token)
        code = "permission_missing" if missing else error.code
        return failure(
            "auth_token_refused" if code == "auth_failed" else code,
            stage=error.stage,
            provider_code=error.provider_code,
            reply=error.reply,
            request_id=error.request_id,
            host=error.host,
            facts={
                **self.facts,
                **error.facts,
                "permission": self.permission,
                "delegated": "yes" if self.delegated else "",
                **({"missing": missing} if missing else {}),
            },
        )

    def _renewed(
        self, http: HttpClient | None, context: WireContext, known: Token | None, stale: Token | None
    ) -> Token:
        client = http or HttpClient(context.egress, context.trace)
        fetched: list[bool] = []

        def fetch(current: Token | None) -> Token:
            fetched.append(True)
            return self._fetched(client, context, current, stale)

        try:
            token = context.tokens.renew(context.connection_key, known, fetch)
        except ProviderError as error:
            if stale is not None:
                # Whoever comes next must not be given the refused one again.
                context.tokens.drop(context.connection_key)
            # A refusal that another caller met is not in this ladder yet.
            raise (error if fetched else context.trace.fail(error)) from None
        finally:
            if http is None:
                client.close()
        if not fetched:
            with context.trace.step(Stage.TOKEN) as step:
                step.text = f"Access token for {self.label} was renewed meanwhile"
        return token

    def _fetched(
        self, client: HttpClient, context: WireContext, current: Token | None, stale: Token | None
    ) -> Token:
        try:
            if self.host:
                # Reached first, so that the ladder names what fails first.
                client.warm(self.host, seconds=context.time_limit)
            with context.trace.step(Stage.TOKEN) as step:
                token = self.fetch(client, context, current, stale)
                minutes = max(round((token.expires_at - time.time()) / 60), 1)
                step.text = f"Access token received for {self.label}, valid {minutes} minutes"
        except ProviderError as error:
            context.tokens.failed(context.connection_key, error)
            raise
        return token

    def _tell(self, token: Token, trace: Trace) -> None:
        """Note what the token says of itself.

        What it lacks is only a warning: Exchange's role scoping grants it elsewhere (microsoft.md §5).
        """
        trace.facts.update(token.claims)
        missing = self.missing(token)
        if missing:
            with trace.step(Stage.SENDER) as step:
                step.warn(f"The token carries no {missing} permission")
        elif self.permission and (token.scopes if self.delegated else token.roles):
            with trace.step(Stage.SENDER) as step:
                step.text = f"The token carries {self.permission}"


def last_part(scope: str) -> str:
    """Give the name of a permission without its resource, in lower case, for comparing (C-OAU-4)."""
    return scope.rstrip("/").rpartition("/")[2].lower()
