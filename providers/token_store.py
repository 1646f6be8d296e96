"""Access tokens, and where they are remembered: whoever needs a new one, it is fetched once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from providers.errors import ProviderError
from providers.secret_text import SecretText

MARGIN_SECONDS: Final = 300.0
SHORT_PART: Final = 0.1


@dataclass(frozen=True)
class Token:
    """An access token, when it ends (Unix time), and what it says about itself.

    `value` is empty where only the refresh token is known. `roles` is None where the token cannot be read.
    `scopes` are those the token endpoint granted. `claims` are facts to show (NEW-4), as text. `lasts` is
    its whole life in seconds, from which the margin of short-lived tokens follows.
    """

    value: SecretText
    expires_at: float
    roles: tuple[str, ...] | None = None
    refresh: SecretText | None = None
    scopes: tuple[str, ...] = ()
    claims: Mapping[str, str] = field(default_factory=dict)
    lasts: float = 3600.0

    @property
    def is_good(self) -> bool:
        """Say whether it may be used without renewing: five minutes are left, or a tenth of a short life."""
        margin = min(MARGIN_SECONDS, self.lasts * SHORT_PART)
        return bool(self.value) and self.expires_at - margin > time.time()

    def replaces(self, stale: Token | None) -> bool:
        """Say whether this is what somebody else fetched in place of `stale`."""
        alive = bool(self.value) and self.expires_at > time.time()
        return alive and (stale is None or self.value != stale.value)


Fetch = Callable[[Token | None], Token]


class TokenStore(Protocol):
    """Remembers tokens by connection."""

    def get(self, key: str) -> Token | None:
        """Give the stored token, if any; its value is empty where only the refresh token is left."""

    def drop(self, key: str) -> None:
        """Forget the access token, which was refused; the refresh token stays."""

    def renew(self, key: str, stale: Token | None, fetch: Fetch) -> Token:
        """Give a token in place of `stale` (what was read and cannot be used): the one somebody else put.

        Else one caller runs `fetch` with the stored token and its answer is stored before it is given; all
        others who ask meanwhile wait for it. No transaction is open while fetching.

        Raises:
            ProviderError: what `fetch` raised.
        """

    def failed(self, key: str, error: ProviderError) -> None:
        """Learn that a renewal was refused."""


class MemoryTokenStore:
    """A store for one process; holds a bounded number of tokens."""

    LIMIT = 1000

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}
        self._flights: dict[str, Future[Token]] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Token | None:
        """Give the stored token, if any."""
        with self._lock:
            return self._tokens.get(key)

    def put(self, key: str, token: Token) -> None:
        """Remember a token; the oldest one makes room."""
        with self._lock:
            self._tokens.pop(key, None)
            if len(self._tokens) >= self.LIMIT:
                del self._tokens[next(iter(self._tokens))]
            self._tokens[key] = token

    def drop(self, key: str) -> None:
        """Forget the access token of a key; the refresh token stays."""
        with self._lock:
            token = self._tokens.pop(key, None)
            if token is not None and token.refresh:
                self._tokens[key] = replace(token, value=SecretText(""), expires_at=0.0)

    def renew(self, key: str, stale: Token | None, fetch: Fetch) -> Token:
        """Give a token in place of `stale`, fetched once for all who ask at the same time.

        Raises:
            ProviderError: what `fetch` raised, for all who waited.
        """
        while True:
            with self._lock:
                current = self._tokens.get(key)
                if current is not None and current.replaces(stale):
                    return current
                flight = self._flights.get(key)
                if flight is None:
                    mine = self._flights[key] = Future()
            if flight is None:
                return self._fetch(key, mine, current, fetch)
            error = flight.exception()
            if error is None:
                return flight.result()
            if isinstance(error, ProviderError):
                raise error

    def failed(self, key: str, error: ProviderError) -> None:
        """Remember nothing: the next one who asks tries again."""

    def _fetch(self, key: str, flight: Future[Token], current: Token | None, fetch: Fetch) -> Token:
        try:
            token = fetch(current)
            self.put(key, token)
        except BaseException as error:
            self._land(key)
            flight.set_exception(error)
            raise
        self._land(key)
        flight.set_result(token)
        return token

    def _land(self, key: str) -> None:
        with self._lock:
            del self._flights[key]
