"""What is kept of a request for a token: everything but its secrets."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sandbox.http_server import Response


@dataclass(frozen=True, kw_only=True)
class TokenRequest:
    """One request for a token, without its secret."""

    tenant: str
    client_id: str
    grant_type: str
    scope: str
    client_authentication: str  # "body", "basic", "both" or "none"
    status: int
    error: str = ""
    error_code: int = 0
    redirect_uri: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


def recorded(form: dict[str, str], tenant: str, answer: Response) -> TokenRequest:
    """What is kept of a request and its answer."""
    try:
        content = json.loads(answer.body)
    except ValueError:
        content = None
    found = content if isinstance(content, dict) else {}
    codes = found.get("error_codes")
    code = codes[0] if isinstance(codes, list) and codes else 0
    return TokenRequest(
        tenant=tenant,
        client_id=form.get("client_id", ""),
        grant_type=form.get("grant_type", ""),
        scope=form.get("scope", ""),
        client_authentication=form["client_authentication"],
        status=answer.status,
        error=str(found.get("error", "")),
        error_code=code if isinstance(code, int) else 0,
        redirect_uri=form.get("redirect_uri", ""),
    )
