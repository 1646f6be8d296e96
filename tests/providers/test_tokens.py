"""Access tokens: asked for rarely, forgotten when refused, and every refusal named."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest

from providers import MemoryTokenStore, SecretText, Token, Trace, provider
from sandbox.inbox import Inbox
from sandbox.microsoft import Microsoft
from tests.providers.conftest import (
    SECRET,
    TENANT,
    Rules,
    context_of,
    graph_settings,
    letter,
)
from tests.providers.test_graph import OTHER, failed, opened


def test_many_messages_need_one_token_and_one_connection(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    tokens = MemoryTokenStore()
    for _ in range(2):
        with opened(microsoft, egress_for, tokens=tokens) as session:
            for _ in range(10):
                session.send(letter())
    assert len(inbox.wait_for(20)) == 20
    assert len(microsoft.token_requests) == 1


def test_token_near_its_end_is_fetched_anew(microsoft: Microsoft, egress_for: Rules) -> None:
    tokens = MemoryTokenStore()
    tokens.put("key", Token(SecretText("stale"), time.time() + 200, ("Mail.Send",)))
    with opened(microsoft, egress_for, tokens=tokens) as session:
        session.send(letter())
    assert len(microsoft.token_requests) == 1


def test_refused_token_is_dropped_and_fetched_once_more(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    tokens = MemoryTokenStore()
    tokens.put("key", Token(SecretText("revoked.by.somebody"), time.time() + 3000, None))
    asked = []
    with opened(microsoft, egress_for, tokens=tokens) as session:
        session.send(letter(), before_transmit=lambda: asked.append(1))
    assert len(inbox.wait_for(1)) == 1
    assert (len(microsoft.token_requests), len(asked)) == (1, 1)
    stored = tokens.get("key")
    assert stored is not None
    assert stored.roles == ("Mail.Send",)


def test_token_refused_twice_is_an_error(microsoft: Microsoft, egress_for: Rules) -> None:
    microsoft.refuse(401, "InvalidAuthenticationToken", times=2)
    error = failed(microsoft, egress_for)
    assert (error.code, error.stage, error.connection_fault) == ("graph_unauthorized", "token", True)
    assert len(microsoft.token_requests) == 2


@pytest.mark.feature("CIR-17")
@pytest.mark.parametrize(
    ("changes", "code", "number"),
    [
        ({"client_secret": "wrong~value"}, "token_secret_wrong", "AADSTS7000215"),
        ({"client_id": "7d1f0c52-93ab-4c1e-b0a7-00000000ffff"}, "token_client_unknown", "AADSTS700016"),
    ],
)
def test_wrong_credentials_are_named(
    microsoft: Microsoft, egress_for: Rules, changes: dict[str, Any], code: str, number: Any
) -> None:
    trace = Trace()
    error = failed(microsoft, egress_for, trace, **changes)
    assert (error.code, error.provider_code, error.stage) == (code, number, "token")
    assert not error.transient
    assert error.connection_fault
    assert error.request_id
    assert error.facts["tenant"] == TENANT
    assert trace.results[-1].verdict == "failed"
    assert microsoft.requests == []


def test_unknown_tenant_is_named_though_msal_hides_the_reason(
    microsoft: Microsoft, egress_for: Rules
) -> None:
    url = microsoft.access_url("11111111-6a3e-47d9-9f10-c2d4e6a8b013")
    error = failed(microsoft, egress_for, access_url=url)
    assert (error.code, error.provider_code) == ("token_tenant_unknown", "AADSTS90002")


@pytest.mark.parametrize(
    ("number", "code", "transient"),
    [
        (7000222, "token_secret_expired", False),
        (65001, "token_consent_missing", False),
        (900382, "token_wrong_cloud", False),
        (7000112, "token_application_disabled", False),
        (53003, "token_blocked_by_policy", False),
        (90033, "token_unavailable", True),
    ],
)
def test_refusals_of_entra_keep_their_number(
    microsoft: Microsoft, egress_for: Rules, number: Any, code: str, *, transient: bool
) -> None:
    microsoft.fail_tokens(number)
    error = failed(microsoft, egress_for)
    assert (error.code, error.transient, error.provider_code) == (code, transient, f"AADSTS{number}")


@pytest.mark.control("C-EGR-5")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("body", [b"", b"{}", b"<html>moved</html>"])
def test_redirect_of_the_token_endpoint_is_not_followed(
    microsoft: Microsoft, egress_for: Rules, status: int, body: Any
) -> None:
    before = len(microsoft.token_requests)
    microsoft.answer_tokens(
        status, body, {"Location": f"{microsoft.base_url}/{TENANT}/oauth2/v2.0/elsewhere"}
    )
    error = failed(microsoft, egress_for)
    assert error.code == "token_endpoint_wrong"
    assert len(microsoft.token_requests) - before <= 1
    assert microsoft.requests == []


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b"<html>login</html>", "unknown_reply"),
        (200, b"", "unknown_reply"),
        (200, b'{"access_token": "half', "unknown_reply"),
        (200, b'{"token_type": "Bearer"}', "token_refused"),
        (200, b'{"access_token": "a b", "token_type": "Bearer"}', "unknown_reply"),
        (200, b'{"access_token": "line\\nbreak", "token_type": "Bearer"}', "unknown_reply"),
        (200, b'{"access_token": "abc", "token_type": "mac"}', "unknown_reply"),
        (200, b'{"access_token": 7}', "token_refused"),
        (200, b"[1,2]", "unknown_reply"),
        (200, b"[" * 900, "unknown_reply"),
        (200, b"x" * 300_000, "unknown_reply"),
        (500, b"<html>", "token_unavailable"),
        (503, b"{}", "token_unavailable"),
        (429, b"{}", "token_throttled"),
        (404, b"nothing here", "token_endpoint_wrong"),
    ],
)
def test_odd_answers_of_the_token_endpoint_become_ours(
    microsoft: Microsoft,
    egress_for: Rules,
    caplog: pytest.LogCaptureFixture,
    status: int,
    body: Any,
    code: str,
) -> None:
    microsoft.answer_tokens(status, body)
    with caplog.at_level(logging.DEBUG):
        error = failed(microsoft, egress_for)
    assert (error.code, error.stage) == (code, "token")
    assert SECRET not in caplog.text
    assert "half" not in caplog.text


def test_two_apps_never_share_a_token(microsoft: Microsoft, egress_for: Rules) -> None:
    microsoft.add_app(TENANT, OTHER, "other~secret")
    tokens = MemoryTokenStore()
    egress = egress_for(microsoft)
    for key, changes in (("one", {}), ("two", {"client_id": OTHER, "client_secret": "other~secret"})):
        context = context_of(egress, tokens=tokens, connection_key=key)
        with provider("graph").open(graph_settings(microsoft, egress, **changes), context) as session:
            session.send(letter())
    assert len(microsoft.token_requests) == 2
    assert tokens.get("one") != tokens.get("two")


def test_store_forgets_and_stays_bounded() -> None:
    tokens = MemoryTokenStore()
    for number in range(tokens.LIMIT + 5):
        tokens.put(f"k{number}", Token(SecretText("t"), 0.0))
    assert tokens.get("k0") is None
    assert tokens.get(f"k{tokens.LIMIT + 4}") is not None
    tokens.drop(f"k{tokens.LIMIT + 4}")
    tokens.drop("never there")
    assert tokens.get(f"k{tokens.LIMIT + 4}") is None
