"""Authorization codes and refresh tokens of the stand-in for Microsoft: single use, rotation, end."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sandbox.accounts import Account
from sandbox.directory import App
from sandbox.entra_errors import EntraRefused

CODE_SECONDS = 600.0


@dataclass(kw_only=True)
class Grant:
    """What an account allowed an application."""

    app: App
    account: Account
    scopes: tuple[str, ...]
    generation: int
    issued: str = field(default_factory=lambda: f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.0000000Z}")
    at: float = field(default_factory=time.monotonic)


@dataclass(kw_only=True)
class CodeGrant(Grant):
    """A grant that still waits for its code to be redeemed."""

    redirect_uri: str
    challenge: str = field(repr=False)
    method: str
    nonce: str = field(repr=False)
    used: bool = False


class Grants:
    """Every code and refresh token that was given out."""

    def __init__(self) -> None:
        self._codes: dict[str, CodeGrant] = {}
        self._refresh: dict[str, Grant] = {}
        self._lock = threading.Lock()
        self.rotate_strictly = False  # on: the old refresh token dies when a new one is given
        self.code_seconds = CODE_SECONDS

    def new_code(self, grant: CodeGrant) -> str:
        """Give a code for a grant."""
        code = f"1.A{secrets.token_urlsafe(64)}"
        with self._lock:
            self._codes[code] = grant
        return code

    def redeem(self, code: str, *, app: App, redirect_uri: str, verifier: str) -> CodeGrant:
        """The grant behind a code, once; raises EntraRefused."""
        with self._lock:
            grant = self._codes.get(code)
            if grant is None or grant.app is not app:
                raise EntraRefused(70000)
            if grant.used:
                raise EntraRefused(54005)
            if redirect_uri != grant.redirect_uri:
                raise EntraRefused(500112, redirect_uri=redirect_uri)
            if not _proves(verifier, grant):
                raise EntraRefused(501481)
            grant.used = True
        if time.monotonic() - grant.at > self.code_seconds:
            raise EntraRefused(70008)
        return grant

    def new_refresh(self, grant: Grant) -> str:
        """Give a refresh token for a grant."""
        token = f"1.R{secrets.token_urlsafe(96)}"
        with self._lock:
            self._refresh[token] = grant
        return token

    def refresh(self, token: str, *, app: App) -> Grant:
        """The grant behind a refresh token; raises EntraRefused when it has ended."""
        with self._lock:
            grant = self._refresh.get(token)
            if grant is None or grant.app is not app:
                raise EntraRefused(70000)
            if self.rotate_strictly:
                del self._refresh[token]
        account = grant.account
        if not account.enabled:
            raise EntraRefused(50057)
        if grant.generation != account.generation:
            raise EntraRefused(
                account.ended_by,
                issued=grant.issued,
                valid_from=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.0000000Z}",
                account=account.email,
                tenant=account.tenant.name,
            )
        return grant


def _proves(verifier: str, grant: CodeGrant) -> bool:
    if not grant.challenge:
        return True
    if grant.method == "plain":
        return verifier == grant.challenge
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == grant.challenge
