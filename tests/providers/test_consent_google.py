"""Consent at Google: connect, send, and give it back; and what is refused on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from providers import (
    Egress,
    MemoryTokenStore,
    ProviderError,
    SecretText,
    Settings,
    SettingsInvalid,
    Token,
    provider,
)
from providers.consent_google import GoogleConsent
from sandbox.google import OAuthServer
from sandbox.inbox import Inbox
from sandbox.tls import Authority
from tests.providers.conftest import StartSmtp, context_of, letter
from tests.providers.token_servers import rules

CLIENT, SECRET = "mailroom.apps.example.com", "GOCSPX-secret-of-the-tests"
MAILBOX, CALLBACK = "notifications@fabrikam.com", "https://mail.example.com/oauth/google/callback/"
MAIL = "https://mail.google.com/"


@pytest.fixture
def issuer(authority: Authority) -> Iterator[OAuthServer]:
    server = OAuthServer(authority)
    server.add_client(CLIENT, SECRET)
    server.add_account(MAILBOX, name="Fabrikam Notifications")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def egress(authority: Authority, issuer: OAuthServer) -> Egress:
    return rules(authority, issuer)


def method() -> GoogleConsent:
    found = provider("oauth_smtp").consent
    assert isinstance(found, GoogleConsent)
    return found


def typed(egress: Egress, **changes: Any) -> Settings:
    values = {"username": MAILBOX, "method": "connect", "client_id": CLIENT, "client_secret": SECRET}
    return provider("oauth_smtp").parse({**values, **changes}, egress)


def begun(egress: Egress, settings: Settings) -> tuple[str, dict[str, Any]]:
    start = method().begin(
        settings, redirect_uri=CALLBACK, state="the-state", egress=egress, login_hint=MAILBOX
    )
    return start.url, json.loads(json.dumps(dict(start.flow)))


def answer_of(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def test_page_is_googles_own_and_asks_for_a_refresh_token() -> None:
    settings = typed(Egress())
    url, flow = begun(Egress(), settings)
    parts, asked = urlsplit(url), answer_of(url)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "accounts.google.com", "/o/oauth2/v2/auth")
    assert asked.pop("code_challenge") != flow["verifier"]
    assert asked.pop("nonce") == flow["nonce"]
    assert asked == {
        "client_id": CLIENT,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": f"{MAIL} openid profile email",
        "state": "the-state",
        "code_challenge_method": "S256",
        "access_type": "offline",
        "prompt": "consent",
        "login_hint": MAILBOX,
    }
    assert SECRET not in url
    assert [one.scope for one in method().permissions(settings)][:2] == [MAIL, "offline_access"]
    legacy = typed(Egress(), method="legacy", refresh_token="1//0x")
    assert method().permissions(legacy) == ()
    assert method().admin_consent_url(settings) == ""


def test_connected_account_sends_and_gives_its_consent_back(
    issuer: OAuthServer, authority: Authority, start_smtp: StartSmtp, inbox: Inbox
) -> None:
    server = start_smtp(tokens=issuer.accepts)
    egress, tokens = rules(authority, issuer, server), MemoryTokenStore()
    where = {"service": "other", "host": "localhost", "port": str(server.port), "tls_option": "starttls"}
    settings = typed(egress, access_url=issuer.access_url, **where)
    url, flow = begun(egress, settings)
    granted = method().redeem(settings, flow, answer_of(issuer.accept(url, MAILBOX)), context_of(egress))
    assert (granted.account.email, granted.account.name) == (MAILBOX, "Fabrikam Notifications")
    assert granted.missing == ()
    # The access token is over: a new one comes by the refresh token, of which Google sends no second.
    tokens.put("key", Token(SecretText(""), 0.0, refresh=granted.token.refresh))
    with provider("oauth_smtp").open(settings, context_of(egress, tokens=tokens)) as session:
        session.send(letter())
    assert inbox.wait_for(1)[0].signed_in_as == MAILBOX
    stored = tokens.get("key")
    assert stored is not None
    assert stored.refresh == granted.token.refresh
    method().revoke(settings, stored, context_of(egress))
    assert issuer.revocations == 1
    tokens.drop("key")
    with pytest.raises(ProviderError) as caught:
        provider("oauth_smtp").open(settings, context_of(egress, tokens=tokens))
    assert caught.value.code == "token_reconnect"


@pytest.mark.control("C-OAU-4")
def test_mail_permission_that_was_left_out_is_named(issuer: OAuthServer, egress: Egress) -> None:
    settings = typed(egress, access_url=issuer.access_url)
    url, flow = begun(egress, settings)
    answer = answer_of(issuer.accept(url, MAILBOX, scopes=()))
    assert method().redeem(settings, flow, answer, context_of(egress)).missing == (MAIL,)


@pytest.mark.control("C-OAU-2")
def test_answer_of_another_trip_issuer_or_nonce_is_refused(issuer: OAuthServer, egress: Egress) -> None:
    settings = typed(egress, access_url=issuer.access_url)
    url, flow = begun(egress, settings)
    good = answer_of(issuer.accept(url, MAILBOX))
    before = len(issuer.token_requests)
    for changed, answer in [
        (flow, {**good, "state": "another"}),
        (flow, {**good, "code": ""}),
        (flow, {**good, "iss": "https://accounts.google.com"}),
        ({**flow, "authority": "https://accounts.google.com/o/oauth2/token"}, good),
    ]:
        with pytest.raises(ProviderError) as caught:
            method().redeem(settings, changed, answer, context_of(egress))
        assert caught.value.code == "consent_mismatch"
    assert len(issuer.token_requests) == before
    with pytest.raises(ProviderError) as caught:
        method().redeem(settings, {**flow, "nonce": "another"}, good, context_of(egress))
    assert (caught.value.code, caught.value.facts["why"]) == ("consent_mismatch", "nonce")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("access_denied", "consent_declined"),
        ("admin_policy_enforced", "token_blocked_by_policy"),
        ("org_internal", "token_account_type"),
        ("redirect_uri_mismatch", "token_redirect_wrong"),
        ("invalid_scope", "token_scope_refused"),
        ("server_error", "token_unavailable"),
        ("something_new", "token_refused"),
        ("", "consent_mismatch"),
    ],
)
def test_refusals_of_googles_page(error: str, code: str) -> None:
    assert method().refused({"error": error, "state": "s"}).code == code


def test_declining_is_told(issuer: OAuthServer, egress: Egress) -> None:
    settings = typed(egress, access_url=issuer.access_url)
    url, flow = begun(egress, settings)
    with pytest.raises(ProviderError) as caught:
        method().redeem(settings, flow, answer_of(issuer.decline(url, MAILBOX)), context_of(egress))
    assert caught.value.code == "consent_declined"


def test_connecting_is_for_google_only() -> None:
    egress = Egress(oauth_allow_hosts=("id.example.com",))
    for url in ("https://id.example.com/token", "https://login.microsoftonline.com/contoso.com"):
        with pytest.raises(SettingsInvalid) as caught:
            typed(egress, service="other", host="smtp.example.com", access_url=url)
        assert set(caught.value.errors) == {"method"}


def test_without_consent_nobody_is_asked(issuer: OAuthServer, egress: Egress) -> None:
    with pytest.raises(ProviderError) as caught:
        provider("oauth_smtp").open(typed(egress, access_url=issuer.access_url), context_of(egress))
    assert caught.value.code == "not_connected"
    method().revoke(typed(egress), Token(SecretText(""), 0.0), context_of(egress))
    assert issuer.token_requests == []
