"""Any token endpoint of RFC 6749: what is asked, what is believed, and what its refusals mean."""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest

from providers import Egress, MemoryTokenStore, SecretText, Token, Trace
from providers.errors import ProviderError
from providers.token_url import parse_token_url
from providers.tokens import Endpoint, EndpointApp, EndpointUser
from sandbox.tls import Authority
from tests.providers.conftest import context_of
from tests.providers.token_servers import ScriptedEndpoint, rules

SECRET = "client&secret=of/the+tests"
REFRESH, ACCESS = "1//0refresh-canary", "ya29.typed-canary"
GOOD = {"access_token": "ya29.given-canary", "token_type": "Bearer", "expires_in": 3599}
NOTHING = SecretText("")


@pytest.fixture
def endpoint(authority: Authority) -> Iterator[ScriptedEndpoint]:
    server = ScriptedEndpoint(authority)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def egress(authority: Authority, endpoint: ScriptedEndpoint) -> Egress:
    return rules(authority, endpoint)


def described(server: ScriptedEndpoint, egress: Egress, **changes: Any) -> Endpoint:
    url = parse_token_url(server.url, egress)
    return Endpoint(**{"url": url, "client_id": "client:1", "secret": SecretText(SECRET), **changes})


def user(server: ScriptedEndpoint, egress: Egress, **changes: Any) -> EndpointUser:
    values = {"account": "a@fabrikam.com", "refresh": SecretText(REFRESH), "access": NOTHING}
    return EndpointUser(described(server, egress), **{**values, **changes})


def refused(source: EndpointApp | EndpointUser, egress: Egress, **changes: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        source.token(None, context_of(egress, **changes))
    return caught.value


@pytest.mark.feature("COG-18")
def test_app_asks_with_these_fields_and_no_others(endpoint: ScriptedEndpoint, egress: Egress) -> None:
    endpoint.say(GOOD)
    token = EndpointApp(described(endpoint, egress)).token(None, context_of(egress))
    (asked,) = endpoint.asked
    assert (asked.method, asked.path) == ("POST", "/oauth/token")
    assert asked.form == {
        "grant_type": "client_credentials",
        "client_id": "client:1",
        "client_secret": SECRET,
    }
    assert asked.headers["accept"] == "application/json"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert not {"authorization", "cookie"} & set(asked.headers)
    assert token.value.reveal() == GOOD["access_token"]
    assert 3500 < token.expires_at - time.time() < 3600


def test_basic_puts_the_client_into_the_header_only(endpoint: ScriptedEndpoint, egress: Egress) -> None:
    endpoint.say(GOOD)
    source = EndpointApp(described(endpoint, egress, authentication="basic", scope="smtp  mail"))
    source.token(None, context_of(egress))
    (asked,) = endpoint.asked
    assert asked.form == {"grant_type": "client_credentials", "scope": "smtp mail"}
    kind, _, words = asked.headers["authorization"].partition(" ")
    assert (kind, base64.b64decode(words)) == ("Basic", b"client%3A1:client%26secret%3Dof%2Fthe%2Btests")


@pytest.mark.feature("COG-22")
def test_refreshing_asks_with_the_typed_token_and_keeps_it_when_none_comes(
    endpoint: ScriptedEndpoint, egress: Egress
) -> None:
    endpoint.say(GOOD)
    tokens = MemoryTokenStore()
    token = user(endpoint, egress).token(None, context_of(egress, tokens=tokens))
    assert endpoint.asked[0].form == {
        "grant_type": "refresh_token",
        "refresh_token": REFRESH,
        "client_id": "client:1",
        "client_secret": SECRET,
    }
    assert token.refresh == SecretText(REFRESH)
    assert tokens.get("key") == token


@pytest.mark.feature("COG-22")
@pytest.mark.feature("HIR-22")
def test_rotated_refresh_token_is_stored_and_used_next(endpoint: ScriptedEndpoint, egress: Egress) -> None:
    endpoint.say({**GOOD, "refresh_token": "1//0second"})
    endpoint.say({**GOOD, "access_token": "ya29.second"})
    tokens, source = MemoryTokenStore(), user(endpoint, egress)
    first = source.token(None, context_of(egress, tokens=tokens))
    stored = tokens.get("key")
    assert stored is not None
    assert stored.refresh == SecretText("1//0second")
    second = source.token(None, context_of(egress, tokens=tokens), stale=first)
    assert [one.form["refresh_token"] for one in endpoint.asked] == [REFRESH, "1//0second"]
    assert (second.value, second.refresh) == (SecretText("ya29.second"), SecretText("1//0second"))
    assert source.token(None, context_of(egress, tokens=tokens)) == second
    assert len(endpoint.asked) == 2


@pytest.mark.feature("COG-21")
def test_typed_access_token_works_until_it_ends_without_asking_anybody(
    endpoint: ScriptedEndpoint, egress: Egress
) -> None:
    only = {"refresh": NOTHING, "access": SecretText(ACCESS)}
    context = context_of(egress)
    token = user(endpoint, egress, **only, access_expires_at=time.time() + 120).token(None, context)
    assert token.value == SecretText(ACCESS)
    ended = user(endpoint, egress, **only, access_expires_at=time.time() - 1)
    assert refused(ended, egress).code == "token_expired"
    # Where nobody knows its end, it is used until it is refused.
    unknown = user(endpoint, egress, **only)
    context = context_of(egress)
    token = unknown.token(None, context)
    assert unknown.token(None, context) == token
    with pytest.raises(ProviderError) as caught:
        unknown.token(None, context, stale=token)
    assert (caught.value.code, caught.value.stage, caught.value.connection_fault) == (
        "token_expired",
        "token",
        True,
    )
    assert endpoint.asked == []


@pytest.mark.feature("COG-22")
@pytest.mark.parametrize("left", [-5.0, 3000.0])
def test_typed_access_token_is_refreshed_when_it_ended_or_was_refused(
    endpoint: ScriptedEndpoint, egress: Egress, left: float
) -> None:
    endpoint.say(GOOD)
    source = user(endpoint, egress, access=SecretText(ACCESS), access_expires_at=time.time() + left)
    context = context_of(egress)
    token = source.token(None, context)
    if left > 0:
        assert (token.value, endpoint.asked) == (SecretText(ACCESS), [])
        token = source.token(None, context, stale=token)
    assert token.value.reveal() == GOOD["access_token"]
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("3599", 3599), (3599, 3599), (3599.9, 3599.9), (None, 3600), ("", 3600), (999999999, 86400)],
)
def test_life_of_a_token_is_read_from_number_text_or_nothing(
    endpoint: ScriptedEndpoint, egress: Egress, told: Any, seconds: float
) -> None:
    answer = {**GOOD, "expires_in": told}
    endpoint.say({name: value for name, value in answer.items() if value is not None})
    token = EndpointApp(described(endpoint, egress)).token(None, context_of(egress))
    assert token.lasts == pytest.approx(seconds)


@pytest.mark.parametrize("kind", ["bearer", "BEARER", "Bearer", None, ""])
def test_kind_of_token_is_compared_without_case(
    endpoint: ScriptedEndpoint, egress: Egress, kind: Any
) -> None:
    endpoint.say({name: value for name, value in {**GOOD, "token_type": kind}.items() if value is not None})
    assert EndpointApp(described(endpoint, egress)).token(None, context_of(egress)).value


@pytest.mark.parametrize(
    "answer",
    [
        {**GOOD, "expires_in": 0},
        {**GOOD, "expires_in": -1},
        {**GOOD, "expires_in": "soon"},
        {**GOOD, "expires_in": True},
        {**GOOD, "expires_in": 1e999},
        {**GOOD, "expires_in": [1]},
        {**GOOD, "token_type": "mac"},
        {**GOOD, "access_token": ""},
        {**GOOD, "access_token": "two words"},
        {**GOOD, "access_token": "line\r\nbreak"},
        {**GOOD, "access_token": "\u0441yrillic"},
        {**GOOD, "access_token": 7},
        {**GOOD, "access_token": "x" * 20000},
        {"token_type": "Bearer"},
    ],
)
def test_answer_that_is_no_bearer_token_is_refused(
    endpoint: ScriptedEndpoint, egress: Egress, answer: Any
) -> None:
    endpoint.say(json.dumps(answer).encode())
    error = refused(EndpointApp(described(endpoint, egress)), egress)
    assert (error.code, error.stage) == ("unknown_reply", "token")


@pytest.mark.parametrize(
    ("status", "body", "app", "person"),
    [
        (400, {"error": "invalid_request"}, "token_request_wrong", "token_request_wrong"),
        (401, {"error": "invalid_client"}, "token_client_refused", "token_client_refused"),
        (400, {"error": "invalid_client"}, "token_client_refused", "token_client_refused"),
        (403, {"error": "invalid_client"}, "token_client_refused", "token_client_refused"),
        (400, {"error": "invalid_grant"}, "token_grant_refused", "token_reconnect"),
        (400, {"error": "unauthorized_client"}, "token_grant_refused", "token_grant_refused"),
        (400, {"error": "unsupported_grant_type"}, "token_grant_unsupported", "token_grant_unsupported"),
        (400, {"error": "invalid_scope"}, "token_scope_refused", "token_scope_refused"),
        (403, {"error": "access_denied"}, "token_refused", "token_reconnect"),
        (400, {"error": "interaction_required"}, "token_refused", "token_reconnect"),
        (400, {"error": "login_required"}, "token_refused", "token_reconnect"),
        (400, {"error": "consent_required"}, "token_consent_missing", "token_reconnect"),
        (400, {"error": "temporarily_unavailable"}, "token_unavailable", "token_unavailable"),
        (500, {"error": "server_error"}, "token_unavailable", "token_unavailable"),
        (400, {"error": "slow_down"}, "token_throttled", "token_throttled"),
        (400, {"error": "something_new"}, "token_refused", "token_refused"),
        (400, {"error": ["list"]}, "token_refused", "token_refused"),
        (200, {"error": "invalid_grant"}, "token_grant_refused", "token_reconnect"),
        (400, {}, "token_refused", "token_refused"),
        (400, b"<html>login</html>", "token_endpoint_wrong", "token_endpoint_wrong"),
        (200, b"<html>login</html>", "token_endpoint_wrong", "token_endpoint_wrong"),
        (200, b"access_token=x&token_type=bearer", "token_endpoint_wrong", "token_endpoint_wrong"),
        (200, b"", "token_endpoint_wrong", "token_endpoint_wrong"),
        (200, b"[1]", "token_endpoint_wrong", "token_endpoint_wrong"),
        (200, b"[" * 900, "token_endpoint_wrong", "token_endpoint_wrong"),
        (200, b" " * 300_000 + b"{}", "token_endpoint_wrong", "token_endpoint_wrong"),
        (401, b"", "token_client_refused", "token_client_refused"),
        (404, b"nothing here", "token_endpoint_wrong", "token_endpoint_wrong"),
        (404, {}, "token_endpoint_wrong", "token_endpoint_wrong"),
        (405, b"", "token_endpoint_wrong", "token_endpoint_wrong"),
        (429, {}, "token_throttled", "token_throttled"),
        (503, b"busy", "token_unavailable", "token_unavailable"),
        (
            400,
            {"error": "invalid_grant", "error_description": "AADSTS50076: MFA"},
            "token_blocked_by_policy",
            "token_reconnect",
        ),
    ],
)
def test_refusals_are_told_apart(
    endpoint: ScriptedEndpoint, egress: Egress, status: int, body: Any, app: str, person: str
) -> None:
    endpoint.say(body, status, {"Retry-After": "7"})
    for source, code in ((EndpointApp(described(endpoint, egress)), app), (user(endpoint, egress), person)):
        error = refused(source, egress)
        assert (error.code, error.stage, error.host) == (code, "token", endpoint.host)
        assert error.transient is (code in {"token_unavailable", "token_throttled"})
        assert error.retry_after == 7.0
        assert bool(error.facts.get("why")) is (code == "token_reconnect")


@pytest.mark.control("C-EGR-5")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(endpoint: ScriptedEndpoint, egress: Egress, status: int) -> None:
    endpoint.say(b"", status, {"Location": f"{endpoint.url}/elsewhere"})
    for source in (EndpointApp(described(endpoint, egress)), user(endpoint, egress)):
        before = len(endpoint.asked)
        assert refused(source, egress).code == "token_endpoint_wrong"
        assert len(endpoint.asked) == before + 1


def test_nothing_secret_is_told_or_logged(
    endpoint: ScriptedEndpoint, egress: Egress, caplog: pytest.LogCaptureFixture
) -> None:
    echo = f"bad {SECRET} and {REFRESH} <b>\x1b[1m" + "x" * 900
    endpoint.say({"error": "invalid_grant", "error_description": echo}, 400)
    endpoint.say(GOOD)
    trace = Trace()
    with caplog.at_level(logging.DEBUG):
        error = refused(user(endpoint, egress), egress, trace=trace)
        token = EndpointApp(described(endpoint, egress)).token(None, context_of(egress, trace))
    told = f"{error!r} {error.reply} {error.facts} {trace.results} {trace.facts} {token!r} {caplog.text}"
    for secret in (SECRET, REFRESH, "canary"):
        assert secret not in told
    assert len(error.reply) <= 300
    assert "\x1b" not in error.reply


def test_environment_variables_of_the_library_change_nothing(
    endpoint: ScriptedEndpoint, egress: Egress, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OAUTHLIB_INSECURE_TRANSPORT", "OAUTHLIB_RELAX_TOKEN_SCOPE", "OAUTHLIB_STRICT_TOKEN_TYPE"):
        monkeypatch.setenv(name, "1")
    with pytest.raises(ValueError, match="https://"):
        parse_token_url(endpoint.url.replace("https", "http"), egress)
    endpoint.say({**GOOD, "scope": "another scope"})
    token = EndpointApp(described(endpoint, egress, scope="smtp")).token(None, context_of(egress))
    assert token.scopes == ("another", "scope")


def test_refused_token_is_not_given_to_the_next_one_when_renewing_fails(
    endpoint: ScriptedEndpoint, egress: Egress
) -> None:
    endpoint.say(GOOD)
    endpoint.say({"error": "temporarily_unavailable"}, 503)
    tokens, source = MemoryTokenStore(), EndpointApp(described(endpoint, egress))
    first = source.token(None, context_of(egress, tokens=tokens))
    with pytest.raises(ProviderError):
        source.token(None, context_of(egress, tokens=tokens), stale=first)
    assert tokens.get("key") is None


def test_the_store_learns_of_every_refusal(endpoint: ScriptedEndpoint, egress: Egress) -> None:
    class Learning(MemoryTokenStore):
        learned: list[str] = []

        def failed(self, key: str, error: ProviderError) -> None:
            self.learned.append(f"{key} {error.code}")

    endpoint.say({"error": "invalid_grant"}, 400)
    refused(user(endpoint, egress), egress, tokens=Learning())
    assert Learning.learned == ["key token_reconnect"]


@pytest.mark.feature("NEW-4")
def test_ladder_says_what_the_token_is_for_and_not_what_it_is(
    endpoint: ScriptedEndpoint, egress: Egress
) -> None:
    claims = {"aud": "https://outlook.office365.com", "roles": ["Other.Role"], "tid": "t-1", "appid": "a-1"}
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    endpoint.say({**GOOD, "access_token": f"e30.{middle}.sig"})
    trace = Trace()
    source = EndpointApp(described(endpoint, egress), permission="SMTP.SendAsApp")
    token = source.token(None, context_of(egress, trace))
    assert trace.facts["audience"] == "https://outlook.office365.com"
    assert (trace.facts["roles"], trace.facts["tenant"]) == ("Other.Role", "t-1")
    assert middle not in str(trace.facts) + str(trace.results)
    sender = next(row for row in trace.results if row.stage == "sender")
    assert (sender.verdict, sender.text) == ("warning", "The token carries no SMTP.SendAsApp permission")
    assert source.missing(token) == "SMTP.SendAsApp"
    kept = Token(token.value, token.expires_at, ("smtp.sendasapp",))
    assert source.missing(kept) == ""
