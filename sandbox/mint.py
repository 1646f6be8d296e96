"""The tokens of the stand-in for Microsoft: made here, and recognised again."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterable, Mapping
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

REFUSED = "Access token validation failure. "


class TokenRefused(ValueError):
    """Graph's sentence about a token it does not take."""


class Mint:
    """Signs tokens with a key of its own; those of personal accounts are no JWTs, as at Microsoft."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._key_id = secrets.token_urlsafe(20)
        self._issued: dict[str, str] = {}  # uti → whose token it is
        self._opaque: dict[str, dict[str, object]] = {}

    def access_token(
        self, claims: Mapping[str, object], *, lifetime: int, owner: str, opaque: bool = False
    ) -> str:
        """A fresh access token; `owner` is the account or the application it belongs to."""
        now = int(time.time())
        full: dict[str, object] = {
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "uti": uuid4().hex,
            **claims,
        }
        with self._lock:
            self._issued[str(full["uti"])] = owner.lower()
        if not opaque:
            return self.signed(full)
        token = f"EwB{secrets.token_urlsafe(300)}"
        with self._lock:
            self._opaque[token] = full
        return token

    def signed(self, claims: Mapping[str, object]) -> str:
        """A JWT of these claims."""
        return jwt.encode(dict(claims), self._key, algorithm="ES256", headers={"kid": self._key_id})

    def read(self, token: str, *, audiences: Iterable[str]) -> dict[str, object]:
        """The claims of a token issued here and still good; raises TokenRefused."""
        claims = self._opaque.get(token) or self._decoded(token)
        if claims["aud"] not in set(audiences):
            raise TokenRefused(f"{REFUSED}Invalid audience.")
        if int(str(claims["exp"])) <= time.time():
            raise TokenRefused("Lifetime validation failed, the token is expired.")
        with self._lock:
            if claims["uti"] not in self._issued:
                raise TokenRefused(f"{REFUSED}The token was revoked.")
        return claims

    def revoke(self, owner: str = "") -> None:
        """Make every access token of an account or application worthless; empty: every one."""
        with self._lock:
            self._issued = {uti: of for uti, of in self._issued.items() if owner and of != owner.lower()}

    def _decoded(self, token: str) -> dict[str, object]:
        if token.count(".") != 2:  # noqa: PLR2004 - head, claims, signature
            raise TokenRefused("IDX14100: JWT is not well formed, there are no dots (.).")
        try:
            claims: dict[str, object] = jwt.decode(
                token, self._key.public_key(), algorithms=["ES256"], options={"verify_aud": False}
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenRefused("Lifetime validation failed, the token is expired.") from error
        except jwt.InvalidTokenError as error:
            raise TokenRefused(f"{REFUSED}Invalid signature.") from error
        return claims
