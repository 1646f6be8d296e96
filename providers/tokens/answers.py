"""From the JSON of a token endpoint to a token (RFC 6749 §5.1), read strictly."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from typing import Any, Final

from providers.claims import claims_of, facts_of, roles_of
from providers.errors import Stage, failure
from providers.secret_text import SecretText
from providers.token_store import Token

# A token becomes a header and a line of SMTP: nothing but visible ASCII may be in it.
VISIBLE: Final = re.compile(r"[\x21-\x7e]{1,16384}")
USUAL_SECONDS: Final = 3600.0
LONGEST_SECONDS: Final = 86_400.0


def token_of(
    answer: Mapping[str, Any], *, facts: Mapping[str, str], host: str, before: Token | None = None
) -> Token:
    """Make the token of an answer; what it does not repeat (refresh token, scopes) stays as `before`.

    Raises:
        ProviderError: unknown_reply, where it cannot be used as a bearer token.
    """
    value, kind = answer.get("access_token"), answer.get("token_type") or "Bearer"
    lasts = seconds(answer.get("expires_in"))
    usable = isinstance(value, str) and VISIBLE.fullmatch(value)
    if not isinstance(value, str) or not usable or str(kind).lower() != "bearer" or lasts is None:
        raise failure("unknown_reply", stage=Stage.TOKEN, host=host, facts=dict(facts))
    refresh = answer.get("refresh_token")
    scopes = scopes_of(answer.get("scope")) or (before.scopes if before is not None else ())
    claims, expires_at = claims_of(value), time.time() + lasts
    # Who connected is told by the consent only.
    account = before.claims.get("account") if before is not None else None
    is_new = isinstance(refresh, str) and VISIBLE.fullmatch(refresh)
    return Token(
        SecretText(value),
        expires_at,
        roles_of(claims),
        refresh=SecretText(str(refresh)) if is_new else before.refresh if before is not None else None,
        scopes=scopes,
        claims={
            **facts_of(claims, scopes=scopes, expires_at=expires_at),
            **({"account": account} if account else {}),
        },
        lasts=lasts,
    )


def seconds(told: object) -> float | None:
    """Read `expires_in`, a number or a text; missing means an hour, nothing left means None."""
    if told is None or told == "":
        return USUAL_SECONDS
    if isinstance(told, bool) or not isinstance(told, int | float | str):
        return None
    try:
        lasts = float(told)
    except (ValueError, OverflowError):
        return None
    return min(lasts, LONGEST_SECONDS) if math.isfinite(lasts) and lasts > 0 else None


def scopes_of(told: object) -> tuple[str, ...]:
    """Read `scope`: a text with blanks, or what some servers make of it, a list."""
    parts = told.split() if isinstance(told, str) else told if isinstance(told, list) else ()
    return tuple(str(one)[:200] for one in parts)[:50]
