"""What an access token says about itself; it may only ever cause a warning (microsoft.md §5)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from providers.words import cleaned

LONGEST: Final = 300


def claims_of(token: str) -> dict[str, Any] | None:
    """Read the claims of a token in the form of a JWT, unverified; None when it has another form."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def roles_of(claims: Mapping[str, Any] | None) -> tuple[str, ...] | None:
    """Give the roles that claims name; None when the token cannot be read, which proves nothing."""
    roles = None if claims is None else claims.get("roles", [])
    return tuple(str(role) for role in roles) if isinstance(roles, list) else None


def facts_of(
    claims: Mapping[str, Any] | None, *, scopes: tuple[str, ...] = (), expires_at: float
) -> dict[str, str]:
    """Give what may be shown of a token (NEW-4): tenant, application, audience, permissions, expiry."""
    found = claims or {}
    roles = roles_of(claims)
    facts = {
        "tenant": found.get("tid"),
        "application": found.get("appid") or found.get("azp"),
        "application_name": found.get("app_displayname"),
        "audience": _audience(found.get("aud")),
        "roles": ", ".join(roles or ()) or ("none" if roles == () and "scp" not in found else ""),
        "scopes": found.get("scp") or " ".join(scopes),
        "expires": datetime.fromtimestamp(expires_at, UTC).isoformat(timespec="seconds"),
    }
    return {
        name: cleaned(value)[:LONGEST] for name, value in facts.items() if isinstance(value, str) and value
    }


def _audience(value: object) -> object:
    return value[0] if isinstance(value, list) and value else value
