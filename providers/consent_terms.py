"""What every consent has in common: PKCE, nonce, the claims of the id token, and what was granted."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from oauthlib.oauth2 import WebApplicationClient

from providers.consent import Flow, Permission
from providers.errors import ProviderError, Stage, failure
from providers.tokens.source import last_part

# For showing the account, not for sending.
SIGN_IN_SCOPES: Final = ("openid", "profile", "email")
KEEPING: Final = "offline_access"
VERIFIER_LENGTH: Final = 64


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What this trip alone knows: the verifier of PKCE and the nonce of the id token."""

    verifier: str
    nonce: str

    @property
    def challenge(self) -> str:
        """What the consent page is told of the verifier (RFC 7636, S256)."""
        client = WebApplicationClient("")
        return str(client.create_code_challenge(self.verifier, "S256"))

    @property
    def nonce_hash(self) -> str:
        """What the consent page is told of the nonce, and puts into the id token."""
        return hashlib.sha256(self.nonce.encode()).hexdigest()


def new_proof() -> Proof:
    """Make both anew, from the system's randomness."""
    return Proof(
        verifier=secrets.token_urlsafe(VERIFIER_LENGTH)[:VERIFIER_LENGTH], nonce=secrets.token_urlsafe(32)
    )


def text_of(flow: Flow, name: str) -> str:
    """Read one text of a flow."""
    value = flow.get(name, "")
    return value if isinstance(value, str) else ""


def check_state(flow: Flow, answer: Mapping[str, str], facts: Mapping[str, str]) -> None:
    """Let an answer pass that belongs to this flow and carries a code.

    Raises:
        ProviderError: consent_mismatch.
    """
    state = answer.get("state", "")
    same = hmac.compare_digest(state.encode(), text_of(flow, "state").encode())
    if not state or not same or not answer.get("code"):
        raise mismatch(facts, "state")


def mismatch(facts: Mapping[str, str], what: str) -> ProviderError:
    """Make the error of an answer of another issuer, tenant, app or trip (C-OAU-2)."""
    return failure("consent_mismatch", stage=Stage.TOKEN, facts={**facts, "why": what})


def missing_of(
    permissions: Iterable[Permission], granted: tuple[str, ...], *, can_renew: bool
) -> tuple[str, ...]:
    """Name the required permissions that were not granted (C-OAU-4).

    Names are compared by their last part, in any case: resources have several names. Keeping the connection
    is proven by the refresh token, since nobody echoes that permission.
    """
    carried = {last_part(scope) for scope in granted}
    return tuple(
        one.scope
        for one in permissions
        if one.required
        and (not can_renew if one.scope == KEEPING else bool(granted) and last_part(one.scope) not in carried)
    )


def claim(claims: Mapping[str, Any], *names: str) -> str:
    """Give the first of the named claims that is a text, at most 320 characters."""
    found = next((claims[name] for name in names if isinstance(claims.get(name), str) and claims[name]), "")
    return str(found)[:320]
