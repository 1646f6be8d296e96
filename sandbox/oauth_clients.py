"""The clients, accounts and tokens of a plain OAuth 2.0 server."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Literal

Authentication = Literal["any", "body", "basic"]


class Refused(ValueError):
    """The request ends with this error of RFC 6749."""

    def __init__(self, error: str, text: str = "", *, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.text, self.status = error, text, status


@dataclass
class Client:
    """One registered client; change an attribute and the next request sees it."""

    client_id: str
    secret: str = field(repr=False)
    grants: frozenset[str] = frozenset({"client_credentials", "authorization_code", "refresh_token"})
    authentication: Authentication = "any"
    scopes: frozenset[str] = frozenset()  # none: every scope
    redirect_uris: frozenset[str] = frozenset()  # none: every address
    mailboxes: frozenset[str] = frozenset()  # whose mail its own tokens may send; none: everybody's


@dataclass
class Person:
    """Somebody who signs in."""

    email: str
    name: str = ""
    id: str = field(default_factory=lambda: str(secrets.randbelow(10**21)))
    ended: bool = False


@dataclass(kw_only=True)
class Permit:
    """What a token stands for; without a person it is the client's own."""

    client: Client
    scope: str
    person: Person | None = None
    ends: float = 0.0
    redirect_uri: str = ""
    offline: bool = False  # a code of this permit yields a refresh token
    challenge: str = field(default="", repr=False)
    nonce: str = field(default="", repr=False)


class Permits:
    """Every access token, refresh token and code that was given out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, Permit] = {}

    def give(self, kind: str, permit: Permit, *, token: str = "") -> str:
        """A new token or code for a permit, or the one given; `kind` is how it begins."""
        token = token or f"{kind}{secrets.token_urlsafe(96)}"
        with self._lock:
            self._found[token] = permit
        return token

    def get(self, token: str) -> Permit | None:
        """What a token stands for while it lasts."""
        found = self._found.get(token)
        return found if found is not None and (not found.ends or found.ends > time.time()) else None

    def take(self, token: str) -> Permit | None:
        """The same, once."""
        found = self.get(token)
        self.drop(token)
        return found

    def drop(self, token: str) -> None:
        """Forget a token."""
        with self._lock:
            self._found.pop(token, None)

    def drop_access_tokens(self, kind: str) -> None:
        """Forget every token that begins like this."""
        with self._lock:
            self._found = {token: of for token, of in self._found.items() if not token.startswith(kind)}


def proves(verifier: str, challenge: str) -> bool:
    """Say whether a code verifier belongs to an S256 challenge."""
    if not challenge:
        return True
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == challenge
