"""What Microsoft Entra ID's refusals mean: AADSTS number to our code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from providers.errors import ProviderError, Stage, failure
from providers.words import cleaned

# The same request over and over: Microsoft refuses all of them for some minutes.
LOOP: Final = 50196
LOOP_SECONDS: Final = 300.0
NUMBER: Final = re.compile(r"AADSTS(\d{4,9})")


@dataclass(frozen=True)
class Meaning:
    """Our code of a number, and why a person's grant must be made anew ("": it need not be)."""

    code: str
    reconnect: str = ""


def _numbers(code: str, numbers: str) -> dict[int, Meaning]:
    return {int(number): Meaning(code) for number in numbers.split()}


def _ended(why: str, numbers: str, app_only: str = "token_refused") -> dict[int, Meaning]:
    """Numbers of class R: a person connects again; an app of its own gets `app_only`."""
    return {int(number): Meaning(app_only, why) for number in numbers.split()}


# Each row of microsoft.md §6, and a few neighbours of the same meaning.
CODES: Final[Mapping[int, Meaning]] = {
    **_numbers("token_secret_wrong", "7000215 70002 50012 7000216 700027 700030"),
    **_numbers("token_secret_expired", "7000222"),
    **_numbers("token_secret_missing", "7000218"),
    **_numbers("token_client_public", "700025"),
    **_numbers("token_client_unknown", "700016 700011"),
    **_numbers("token_application_disabled", "7000112 70001 1000031"),
    **_numbers("token_tenant_unknown", "90002 900023 90019 50059 50128 9001023 90015 90020"),
    **_numbers("token_account_type", "50194 9002332 90130 500208 50020"),
    **_numbers("token_wrong_cloud", "90038 900382 900432 900384 9000411"),
    **_numbers("token_request_wrong", "90013 90014 900144 700054"),
    **_numbers("token_resource_missing", "500011 50001 650052 650054"),
    **_numbers("token_permission_unlisted", "650056 650057 65005 90008"),
    **_numbers("token_scope_wrong", "70011 28002 28003 700022 700023 1002012 901002"),
    **_ended("consent", "65001", "token_consent_missing"),
    **_ended("declined", "65004", "token_consent_missing"),
    **_numbers("token_admin_consent", "90094 90095 90093"),
    **_numbers("token_redirect_wrong", "50011 900971"),
    **_numbers("token_user_unknown", "50034 51004 16000 50014 90072"),
    **_numbers("token_refused", "50126"),
    **_numbers("token_user_locked", "50053"),
    **_numbers("token_user_disabled", "50057"),
    **_ended("password", "50055 50144 50133 50173"),
    **_ended("mfa", "50076 50079 50072 50074 50078", "token_blocked_by_policy"),
    **_ended("revoked", "50132 50089"),
    **_ended("expired", "70000 70008"),
    **_ended("idle", "700082"),
    **_ended("redirect_kind", "700084"),
    **_ended("sign_in_frequency", "70043", "token_blocked_by_policy"),
    **_ended("code_used", "54005"),
    **_ended("pkce", "501481 50147"),
    **_ended("authority", "700005"),
    **_numbers("token_blocked_by_policy", "53003 53000 53001 53002 530032 530034 50131 50005 50105"),
    **_numbers("token_security_defaults", "530035"),
    **_numbers("token_tenant_restricted", "500021 500022 500212 500213 50002"),
    **_numbers("token_throttled", "50196 90055"),
    **_numbers(
        "token_unavailable",
        "50033 90006 90012 90024 90033 90090 40010 70012 50087 50000 90036 90091 90092",
    ),
    **_numbers("token_endpoint_wrong", "90056 900561"),
}
# What is true where the number has no row. Microsoft wants programs to decide by `error` (§4.7).
BY_ERROR: Final[Mapping[str, Meaning]] = {
    "invalid_client": Meaning("token_secret_wrong"),
    "unauthorized_client": Meaning("token_client_unknown"),
    "invalid_resource": Meaning("token_resource_missing"),
    "invalid_scope": Meaning("token_scope_wrong"),
    "invalid_request": Meaning("token_request_wrong"),
    "invalid_grant": Meaning("token_refused", "expired"),
    "interaction_required": Meaning("token_blocked_by_policy", "policy"),
    "login_required": Meaning("token_refused", "expired"),
    "consent_required": Meaning("token_consent_missing", "consent"),
    "access_denied": Meaning("token_refused"),
    "temporarily_unavailable": Meaning("token_unavailable"),
    "server_error": Meaning("token_unavailable"),
    "slow_down": Meaning("token_throttled"),
}
SUBERRORS: Final[Mapping[str, str]] = {
    "consent_required": "consent",
    "user_password_expired": "password",
    "bad_token": "expired",
    "token_expired": "expired",
    "basic_action": "mfa",
    "additional_action": "mfa",
    "message_only": "policy",
    "protection_policy_required": "policy",
    "device_authentication_failed": "policy",
    "client_mismatch": "authority",
}


def refused_token(
    answer: object,
    *,
    status: int,
    retry_after: float | None,
    host: str,
    facts: Mapping[str, str],
    hide: tuple[str, ...],
    delegated: bool = False,
) -> ProviderError:
    """Make the error for an answer without a token: the number explains, else `error`, else the status.

    `delegated`: the token speaks for a person, who can connect again.
    """
    body: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
    described = _described(str(body.get("error_description") or ""))
    number = _number(body, described)
    word = str(body.get("error") or "")
    meaning = CODES.get(number) or BY_ERROR.get(word) or Meaning(_by_status(status, known=bool(body)))
    code, why = meaning.code, _why(meaning, body, is_known=number in CODES)
    if delegated and why:
        code = "token_redirect_kind" if why == "redirect_kind" else "token_reconnect"
    if status == 429:  # noqa: PLR2004 - too many requests
        code = "token_throttled"
    for secret in hide:
        described = described.replace(secret, "•••")
    rest = LOOP_SECONDS if code == "token_throttled" and number == LOOP else None
    return failure(
        code,
        stage=Stage.TOKEN,
        retry_after=retry_after or rest,
        provider_code=f"AADSTS{number}" if number else word[:60] or f"HTTP {status}",
        reply=described or word,
        request_id=str(body.get("trace_id") or ""),
        host=host,
        facts={**facts, **_told(body, number, why if delegated else "")},
    )


def _why(meaning: Meaning, body: Mapping[str, Any], *, is_known: bool) -> str:
    """Say why a grant ended: the number knows best, except for the two that say no more than "ended"."""
    if is_known and meaning.reconnect != "expired":
        return meaning.reconnect
    asked = "policy" if body.get("claims") else ""
    return SUBERRORS.get(str(body.get("suberror") or "")) or asked or meaning.reconnect


def _told(body: Mapping[str, Any], number: int, why: str) -> dict[str, str]:
    told = {
        "correlation_id": str(body.get("correlation_id") or "")[:60],
        "timestamp": str(body.get("timestamp") or "")[:40],
        "suberror": str(body.get("suberror") or "")[:60],
        "aadsts": str(number or ""),
        "why": why,
    }
    return {name: cleaned(text) for name, text in told.items() if text}


def _described(text: str) -> str:
    """Keep the sentence; trace and correlation ids have fields of their own."""
    return re.split(r"\s*Trace ID:", text, maxsplit=1)[0].strip()


def _number(body: Mapping[str, Any], described: str) -> int:
    listed = body.get("error_codes")
    if isinstance(listed, list) and listed and isinstance(listed[0], int):
        return listed[0]
    match = NUMBER.search(described)
    return int(match[1]) if match else 0


def _by_status(status: int, *, known: bool) -> str:
    if status >= 500 or status == 408:  # noqa: PLR2004 - trouble on their side
        return "token_unavailable"
    if 300 <= status < 400 or status in (404, 405):  # noqa: PLR2004 - not the endpoint
        return "token_endpoint_wrong"
    return "token_refused" if known else "unknown_reply"
