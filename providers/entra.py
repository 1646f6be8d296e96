"""What Microsoft Entra ID's refusals mean: AADSTS number to our code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from providers.errors import ProviderError, Stage, failure

# The same request over and over: Microsoft refuses all of them for some minutes.
LOOP: Final = 50196
LOOP_SECONDS: Final = 300.0
NUMBER: Final = re.compile(r"AADSTS(\d{4,9})")


def _numbers(code: str, numbers: str) -> dict[int, str]:
    return {int(number): code for number in numbers.split()}


CODES: Final[Mapping[int, str]] = {
    **_numbers("token_secret_wrong", "7000215 70002 7000218 50012 7000216"),
    **_numbers("token_secret_expired", "7000222"),
    **_numbers("token_client_unknown", "700016 700011 90013 900971 700054"),
    **_numbers(
        "token_tenant_unknown",
        "90002 900023 90019 50059 50128 9001023 50194 9002332 90130 500208 90015 90020",
    ),
    **_numbers("token_wrong_cloud", "90038 900382 900432 900384 9000411"),
    **_numbers("token_consent_missing", "65001 65004 90094 90095 650056 650057 65005 90008 90093"),
    **_numbers(
        "token_scope_wrong", "500011 50001 650052 650054 70011 28002 28003 700022 700023 1002012 901002"
    ),
    **_numbers("token_application_disabled", "7000112 70001 700025 1000031 50105"),
    **_numbers(
        "token_blocked_by_policy",
        "53003 53000 53001 53002 530032 530034 50131 50005 530035 500021 500022 500212 500213 50002",
    ),
    **_numbers("token_throttled", "50196 90055"),
    **_numbers(
        "token_unavailable",
        "50033 90006 90012 90024 90033 90090 40010 70012 50087 50000 90036 90091 90092 50053",
    ),
    **_numbers("token_endpoint_wrong", "90056 900561 90014 900144"),
}
BY_ERROR: Final[Mapping[str, str]] = {
    "invalid_client": "token_secret_wrong",
    "unauthorized_client": "token_client_unknown",
    "invalid_resource": "token_scope_wrong",
    "invalid_scope": "token_scope_wrong",
    "consent_required": "token_consent_missing",
    "temporarily_unavailable": "token_unavailable",
    "server_error": "token_unavailable",
    "slow_down": "token_throttled",
}


def refused_token(
    answer: object,
    *,
    status: int,
    retry_after: float | None,
    host: str,
    facts: Mapping[str, str],
    hide: tuple[str, ...],
) -> ProviderError:
    """Make the error for an answer without a token: the number explains, else `error`, else the status."""
    body: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
    described = _described(str(body.get("error_description") or ""))
    number = _number(body, described)
    word = str(body.get("error") or "")
    code = CODES.get(number) or BY_ERROR.get(word) or _by_status(status, known=bool(body))
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
        facts={
            **facts,
            **({"correlation_id": str(body["correlation_id"])[:60]} if body.get("correlation_id") else {}),
        },
    )


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
