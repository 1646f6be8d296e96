"""What an access token says about itself; it may only ever cause a warning."""

from __future__ import annotations

import base64
import json


def roles_of(token: str) -> tuple[str, ...] | None:
    """Read the roles a token says it carries; None when it cannot be read, which proves nothing."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    roles = claims.get("roles", []) if isinstance(claims, dict) else None
    return tuple(str(role) for role in roles) if isinstance(roles, list) else None
