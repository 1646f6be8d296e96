"""The access token of one session with Graph: renewed once for all calls that used the same."""

from __future__ import annotations

from providers.errors import ProviderError
from providers.network import HttpClient
from providers.session import WireContext
from providers.token_store import Token
from providers.tokens import TokenSource


class GraphToken:
    """Holds the token in use; for one thread."""

    def __init__(self, source: TokenSource, context: WireContext) -> None:
        self._source, self._context = source, context
        # Connections of its own: a token may be wanted while requests are under way.
        self._http = HttpClient(context.egress, context.trace)
        self.current: Token | None = None
        self._before: Token | None = None

    def fetch(self) -> Token:
        """Get a token, the stored one where it is still good.

        Raises:
            ProviderError: it could not be had.
        """
        return self._take(self._source.token(self._http, self._context))

    def good(self) -> Token:
        """Give the token, renewed where its time is nearly over.

        Raises:
            ProviderError: it could not be renewed.
        """
        return self.current if self.current is not None and self.current.is_good else self.fetch()

    def instead_of(self, used: Token) -> Token:
        """Give another token than the one that was not taken; whoever comes first renews it.

        Raises:
            ProviderError: it could not be renewed.
        """
        if self.current is not None and self.current.value != used.value:
            return self.current
        return self._take(self._source.token(self._http, self._context, stale=used))

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no text may repeat."""
        return tuple(one.value.reveal() for one in (self.current, self._before) if one is not None)

    def refused(self, error: ProviderError) -> ProviderError:
        """Say what a refusal means for who has this token."""
        return error if self.current is None else self._source.refused(error, self.current)

    def facts(self, *, delegated: bool) -> dict[str, str]:
        """Tell what errors say about the token and its source; nothing secret."""
        token = self.current
        roles = None if token is None else token.scopes if delegated else token.roles
        missing = "" if token is None else self._source.missing(token)
        return {
            **self._source.facts,
            "roles": "unknown" if roles is None else ", ".join(roles) or "none",
            **({"missing_role": missing} if missing else {}),
        }

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _take(self, token: Token) -> Token:
        self._before, self.current = self.current, token
        return token
