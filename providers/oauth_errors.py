"""What any token endpoint's refusals mean (RFC 6749 §5.2, OpenID Connect; smtp-and-oauth.md §8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from providers.entra import NUMBER, refused_token
from providers.errors import ProviderError, Stage, failure
from providers.network import HttpReply
from providers.retry_after import retry_after
from providers.words import cleaned

LONGEST: Final = 300
# For an app of its own, and for a person where that differs: a person can connect again.
BY_ERROR: Final[Mapping[str, str]] = {
    "invalid_request": "token_request_wrong",
    "invalid_client": "token_client_refused",
    "invalid_grant": "token_grant_refused",
    "unauthorized_client": "token_grant_refused",
    "unsupported_grant_type": "token_grant_unsupported",
    "invalid_scope": "token_scope_refused",
    "invalid_target": "token_scope_refused",
    "access_denied": "token_refused",
    "temporarily_unavailable": "token_unavailable",
    "server_error": "token_unavailable",
    "slow_down": "token_throttled",
    "interaction_required": "token_refused",
    "login_required": "token_refused",
    "consent_required": "token_consent_missing",
}
RECONNECT: Final[Mapping[str, str]] = {
    "invalid_grant": "expired",
    "access_denied": "declined",
    "interaction_required": "policy",
    "login_required": "expired",
    "consent_required": "consent",
}


def refused_by_endpoint(
    reply: HttpReply, *, host: str, facts: Mapping[str, str], hide: tuple[str, ...], delegated: bool
) -> ProviderError:
    """Make the error of an answer without a token: `error` decides, else the status."""
    answer = reply.json() if reply.complete else None
    body: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
    described, word = str(body.get("error_description") or ""), str(body.get("error") or "")
    if NUMBER.search(described):
        return refused_token(
            body,
            status=reply.status_code,
            retry_after=retry_after(reply.headers),
            host=host,
            facts=facts,
            hide=hide,
            delegated=delegated,
        )
    why = RECONNECT.get(word, "") if delegated else ""
    code = "token_reconnect" if why else BY_ERROR.get(word, "")
    if reply.status_code == 429:  # noqa: PLR2004 - too many requests
        code, why = "token_throttled", ""
    return failure(
        code or by_status(reply.status_code, is_json=isinstance(answer, dict)),
        stage=Stage.TOKEN,
        retry_after=retry_after(reply.headers),
        provider_code=word[:60] or f"HTTP {reply.status_code}",
        reply=cleaned(described, hide=hide)[:LONGEST] or cleaned(word, hide=hide)[:60],
        host=host,
        facts={**facts, "error": cleaned(word)[:60], **({"why": why} if why else {})},
    )


def by_status(status: int, *, is_json: bool) -> str:
    """Judge an answer that names no error: a page, a redirect or nothing at all is no token endpoint."""
    if status == 408 or status >= 500:  # noqa: PLR2004 - trouble on their side
        return "token_unavailable"
    if status == 401:  # noqa: PLR2004 - the one status that speaks of the client (RFC 6749 §5.2)
        return "token_client_refused"
    return "token_refused" if is_json and status not in (404, 405) else "token_endpoint_wrong"
