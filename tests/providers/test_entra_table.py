"""What Microsoft Entra ID's refusals become (microsoft.md §6), and what a token says about itself."""

from __future__ import annotations

from typing import Any

import pytest

from providers.claims import claims_of, facts_of, roles_of
from providers.entra import CODES as ENTRA
from providers.entra import refused_token

# One line per row of the reference: numbers, class (T retry, P until somebody acts, R connect again), the
# code for an app of its own, and for a person where that differs: for class R with the reason it tells.
TABLE = """
700016 700011                             P token_client_unknown
7000215 70002 50012 7000216 700027 700030 P token_secret_wrong
7000222                                   P token_secret_expired
7000218                                   P token_secret_missing
700025                                    P token_client_public
7000112 70001 1000031                     P token_application_disabled
90002 900023 90019 50059 50128            P token_tenant_unknown
9001023 90015 90020                       P token_tenant_unknown
50194 9002332 90130 500208 50020          P token_account_type
90038 900382 900432 900384 9000411        P token_wrong_cloud
90013 90014 900144 700054                 P token_request_wrong
500011 50001 650052 650054                P token_resource_missing
650056 650057 65005 90008                 P token_permission_unlisted
70011 28002 28003 700022 700023           P token_scope_wrong
1002012 901002                            P token_scope_wrong
65001                                     R token_consent_missing     token_reconnect:consent
65004                                     R token_consent_missing     token_reconnect:declined
90094 90095 90093                         P token_admin_consent
50011 900971                              P token_redirect_wrong
50034 51004 16000 50014 90072             P token_user_unknown
50126                                     P token_refused
50053                                     T token_user_locked
50057                                     P token_user_disabled
50055 50144 50133 50173                   R token_refused             token_reconnect:password
50076 50079 50072 50074 50078             R token_blocked_by_policy   token_reconnect:mfa
50132 50089                               R token_refused             token_reconnect:revoked
70000 70008                               R token_refused             token_reconnect:expired
700082                                    R token_refused             token_reconnect:idle
700084                                    R token_refused             token_redirect_kind:redirect_kind
70043                                     R token_blocked_by_policy   token_reconnect:sign_in_frequency
54005                                     R token_refused             token_reconnect:code_used
501481 50147                              R token_refused             token_reconnect:pkce
700005                                    R token_refused             token_reconnect:authority
53003 53000 53001 53002 530032 530034     P token_blocked_by_policy
50131 50005 50105                         P token_blocked_by_policy
530035                                    P token_security_defaults
500021 500022 500212 500213 50002         P token_tenant_restricted
50196 90055                               T token_throttled
50033 90006 90012 90024 90033 90090       T token_unavailable
40010 70012 50087                         T token_unavailable
50000 90036 90091 90092                   T token_unavailable
90056 900561                              P token_endpoint_wrong
"""


def rows() -> list[tuple[int, str, str, str]]:
    """Number, class, code for an app, code and reason for a person."""
    found = []
    for line in TABLE.split("\n")[1:-1]:
        numbers = [int(word) for word in line.split() if word.isdigit()]
        rest = [word for word in line.split() if not word.isdigit()]
        person = rest[2] if len(rest) > 2 else f"{rest[1]}:"
        found += [(number, rest[0], rest[1], person) for number in numbers]
    return found


def answer(number: int, **more: Any) -> dict[str, Any]:
    """An error body in Microsoft's shape."""
    return {
        "error": "invalid_request",
        "error_description": f"AADSTS{number}: Words.\r\nTrace ID: t-1\r\nCorrelation ID: c-1",
        "error_codes": [number],
        "trace_id": "t-1",
        "correlation_id": "c-1",
        **more,
    }


def judged(body: object, *, delegated: bool = False, status: int = 400) -> Any:
    return refused_token(
        body,
        status=status,
        retry_after=None,
        host="login",
        facts={"tenant": "t"},
        hide=(),
        delegated=delegated,
    )


def test_the_table_here_and_there_name_the_same_numbers() -> None:
    assert sorted(number for number, *_ in rows()) == sorted(ENTRA)


@pytest.mark.feature("WPM-42")
@pytest.mark.feature("WPM-45")
@pytest.mark.feature("WPM-48")
@pytest.mark.feature("COG-60")
@pytest.mark.parametrize(("number", "kind", "app", "person"), rows())
def test_every_aadsts_number_leads_to_its_code(number: Any, kind: str, app: str, person: str) -> None:
    error = judged(answer(number))
    assert (error.code, error.transient) == (app, kind == "T")
    assert (error.provider_code, error.request_id, error.reply) == (
        f"AADSTS{number}",
        "t-1",
        f"AADSTS{number}: Words.",
    )
    assert error.facts == {"tenant": "t", "correlation_id": "c-1", "aadsts": str(number)}
    delegated = judged(answer(number), delegated=True)
    assert f"{delegated.code}:{delegated.facts.get('why', '')}" == person
    assert delegated.transient is (kind == "T")
    assert bool(delegated.facts.get("why")) is (kind == "R")
    without_list = answer(number)
    del without_list["error_codes"]
    assert judged(without_list).code == app


@pytest.mark.parametrize(
    ("error", "more", "app", "person"),
    [
        ("invalid_grant", {}, "token_refused", "token_reconnect:expired"),
        ("interaction_required", {}, "token_blocked_by_policy", "token_reconnect:policy"),
        ("consent_required", {}, "token_consent_missing", "token_reconnect:consent"),
        ("login_required", {}, "token_refused", "token_reconnect:expired"),
        ("invalid_grant", {"suberror": "user_password_expired"}, "token_refused", "token_reconnect:password"),
        ("invalid_grant", {"suberror": "consent_required"}, "token_refused", "token_reconnect:consent"),
        ("invalid_grant", {"suberror": "basic_action"}, "token_refused", "token_reconnect:mfa"),
        ("invalid_grant", {"claims": '{"access_token":{}}'}, "token_refused", "token_reconnect:policy"),
        ("invalid_client", {}, "token_secret_wrong", "token_secret_wrong:"),
        ("server_error", {}, "token_unavailable", "token_unavailable:"),
    ],
)
def test_without_a_known_number_the_word_decides(error: str, more: Any, app: str, person: str) -> None:
    body = answer(123456789, error=error, **more)
    assert judged(body).code == app
    delegated = judged(body, delegated=True)
    assert f"{delegated.code}:{delegated.facts.get('why', '')}" == person
    assert delegated.facts.get("suberror", "") == more.get("suberror", "")


@pytest.mark.feature("CIR-17")
def test_the_numbers_of_the_guide_mean_what_the_guide_says() -> None:
    expected = {
        7000215: "token_secret_wrong",
        7000222: "token_secret_expired",
        700016: "token_client_unknown",
        90002: "token_tenant_unknown",
        65001: "token_consent_missing",
        900382: "token_wrong_cloud",
        500011: "token_resource_missing",
        7000112: "token_application_disabled",
        53003: "token_blocked_by_policy",
        50196: "token_throttled",
        90033: "token_unavailable",
    }
    assert {number: ENTRA[number].code for number in expected} == expected


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
    assert roles_of(claims_of(token)) == roles


@pytest.mark.feature("NEW-4")
def test_the_facts_of_a_token_are_texts_without_the_token() -> None:
    claims = {"tid": "t-1", "appid": "a-1", "aud": ["https://graph.microsoft.com"], "roles": ["Mail.Send"]}
    assert facts_of(claims, expires_at=1800000000.0) == {
        "tenant": "t-1",
        "application": "a-1",
        "audience": "https://graph.microsoft.com",
        "roles": "Mail.Send",
        "expires": "2027-01-15T08:00:00+00:00",
    }
    strange = {"tid": ["x"], "appid": 7, "aud": {}, "roles": "Mail.Send", "scp": "a\r\nb" + "c" * 900}
    assert facts_of(strange, expires_at=0.0)["scopes"].startswith("a bccc")
    assert len(facts_of(strange, expires_at=0.0)["scopes"]) <= 300
    assert facts_of(None, scopes=("openid", "Mail.Send"), expires_at=0.0) == {
        "scopes": "openid Mail.Send",
        "expires": "1970-01-01T00:00:00+00:00",
    }
