"""What Microsoft Entra ID's refusals become, and what a token says about itself."""

from __future__ import annotations

from typing import Any

import pytest

from providers.claims import roles_of
from providers.entra import CODES as ENTRA
from providers.entra import refused_token


@pytest.mark.parametrize(("number", "code"), sorted(ENTRA.items()))
def test_every_aadsts_number_leads_to_its_code(number: Any, code: str) -> None:
    body = {
        "error": "invalid_request",
        "error_description": f"AADSTS{number}: Words.\r\nTrace ID: t-1\r\nCorrelation ID: c-1",
        "error_codes": [number],
        "trace_id": "t-1",
        "correlation_id": "c-1",
    }
    error = refused_token(body, status=400, retry_after=None, host="login", facts={"tenant": "t"}, hide=())
    assert (error.code, error.provider_code, error.request_id) == (code, f"AADSTS{number}", "t-1")
    assert error.reply == f"AADSTS{number}: Words."
    assert error.facts == {"tenant": "t", "correlation_id": "c-1"}
    del body["error_codes"]
    assert refused_token(body, status=400, retry_after=None, host="", facts={}, hide=()).code == code


@pytest.mark.feature("CIR-17")
def test_the_numbers_of_the_guide_mean_what_the_guide_says() -> None:
    expected = {
        7000215: "token_secret_wrong",
        7000222: "token_secret_expired",
        700016: "token_client_unknown",
        90002: "token_tenant_unknown",
        65001: "token_consent_missing",
        900382: "token_wrong_cloud",
        500011: "token_scope_wrong",
        7000112: "token_application_disabled",
        53003: "token_blocked_by_policy",
        50196: "token_throttled",
        90033: "token_unavailable",
    }
    assert {number: ENTRA[number] for number in expected} == expected


@pytest.mark.parametrize(
    ("body", "status", "code", "transient"),
    [
        ({"error": "invalid_client"}, 401, "token_secret_wrong", False),
        ({"error": "unauthorized_client"}, 400, "token_client_unknown", False),
        ({"error": "temporarily_unavailable"}, 400, "token_unavailable", True),
        (
            {"error": "something_new", "error_description": "AADSTS123456789: new"},
            400,
            "token_refused",
            False,
        ),
        ({}, 503, "token_unavailable", True),
        (None, 302, "token_endpoint_wrong", False),
        (None, 404, "token_endpoint_wrong", False),
        (None, 200, "unknown_reply", False),
        ([1], 400, "unknown_reply", False),
        ("text", 500, "token_unavailable", True),
        ({"error": "x"}, 429, "token_throttled", True),
        (
            {"error": {"a": 1}, "error_description": ["x"], "error_codes": ["x"], "trace_id": 7},
            400,
            "token_refused",
            False,
        ),
    ],
)
def test_answer_without_a_known_number_is_judged_by_error_and_status(
    body: Any, status: int, code: str, *, transient: bool
) -> None:
    error = refused_token(body, status=status, retry_after=7.0, host="", facts={}, hide=())
    assert (error.code, error.transient, error.retry_after) == (code, transient, 7.0)


@pytest.mark.parametrize(
    ("token", "roles"),
    [
        ("opaque", None),
        ("a.b.c", None),
        ("a..c", None),
        ("a.e30.c", ()),
        ("a.eyJyb2xlcyI6WyJNYWlsLlNlbmQiXX0.c", ("Mail.Send",)),
        ("a.eyJyb2xlcyI6Ik1haWwuU2VuZCJ9.c", None),
        ("a.WzFd.c", None),
        ("a.\u00fc.c", None),
        ("a." + "W" * 100000 + ".c", None),
    ],
)
def test_roles_are_read_best_effort(token: str, roles: tuple[str, ...] | None) -> None:
    assert roles_of(token) == roles
