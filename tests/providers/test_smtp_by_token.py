"""Mail over SMTP with access tokens: each provider and method, from what is typed to what arrives."""

from __future__ import annotations

import time
from typing import Any

import pytest

from providers import (
    Egress,
    MemoryTokenStore,
    ProviderError,
    SecretText,
    Settings,
    Token,
    Trace,
    WireContext,
    provider,
)
from sandbox.google import OAuthServer
from sandbox.inbox import Inbox
from sandbox.microsoft import Microsoft
from sandbox.smtp import SmtpServer
from sandbox.tls import Authority
from tests.providers.conftest import CLIENT, MAILBOX, SECRET, TENANT, StartSmtp, context_of, letter
from tests.providers.token_servers import rules

OWN_CLIENT, OWN_SECRET = "mailroom.apps.example.com", "GOCSPX-secret-of-the-tests"
CALLBACK = "https://mail.example.com/oauth/microsoft/callback/"


@pytest.fixture
def issuer(authority: Authority) -> Any:
    server = OAuthServer(authority)
    server.add_client(OWN_CLIENT, OWN_SECRET)
    server.add_account(MAILBOX)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def exchange(microsoft: Microsoft, start_smtp: StartSmtp) -> SmtpServer:
    """A mail server that takes the tokens of the stand-in for Microsoft."""
    microsoft.add_app(TENANT, CLIENT, SECRET, ("SMTP.SendAsApp",))
    return start_smtp(tokens=microsoft.accepts)


@pytest.fixture
def generic(issuer: OAuthServer, start_smtp: StartSmtp) -> SmtpServer:
    """A mail server that takes the tokens of the plain OAuth server."""
    return start_smtp(tokens=issuer.accepts)


def six_fields(microsoft: Microsoft, **changes: Any) -> dict[str, Any]:
    """What COG-55 types, and where the sandbox's server is."""
    return {
        "username": MAILBOX,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "access_url": microsoft.access_url(TENANT),
        "scope": "",
        **changes,
    }


def at(server: SmtpServer, **values: Any) -> dict[str, Any]:
    return {"host": "localhost", "port": str(server.port), **values}


def sent(settings: Settings, context: WireContext, key: str, count: int = 1) -> None:
    with provider(key).open(settings, context) as session:
        for _ in range(count):
            session.send(letter())


def failed(settings: Settings, context: WireContext, key: str) -> ProviderError:
    with pytest.raises(ProviderError) as caught, provider(key).open(settings, context) as session:
        session.send(letter())
    return caught.value


@pytest.mark.feature("CIR-X1")
@pytest.mark.feature("COG-17")
@pytest.mark.feature("COG-50")
@pytest.mark.feature("COG-55")
def test_six_fields_make_one_token_request_and_one_mail(
    microsoft: Microsoft, exchange: SmtpServer, authority: Authority, inbox: Inbox
) -> None:
    chosen, egress = provider("microsoft365_smtp"), rules(authority, microsoft, exchange)
    typed = six_fields(microsoft)
    assert chosen.parse({**typed, "access_url": TENANT}, Egress()).port == 587  # type: ignore[attr-defined]
    trace = Trace()
    settings = chosen.parse({**typed, **at(exchange)}, egress)
    sent(settings, context_of(egress, trace), "microsoft365_smtp")
    (mail,) = inbox.wait_for(1)
    (asked,) = microsoft.token_requests
    assert (asked.grant_type, asked.scope) == ("client_credentials", "https://outlook.office365.com/.default")
    assert (asked.client_id, asked.client_authentication, asked.status) == (CLIENT, "body", 200)
    assert (mail.envelope_from, settings.sender_email) == (MAILBOX, MAILBOX)
    said = " ".join(exchange.transcript)
    assert said.index("STARTTLS") < said.index("AUTH XOAUTH2") < said.index("DATA")
    ladder = [row.stage.value for row in trace.results]
    assert ladder.index("token") < ladder.index("sign_in") < ladder.index("accepted")
    assert {row.verdict for row in trace.results} == {"ok"}
    assert trace.facts["roles"] == "SMTP.SendAsApp"


@pytest.mark.feature("COG-18")
def test_fifty_messages_need_one_token(
    microsoft: Microsoft, exchange: SmtpServer, authority: Authority, inbox: Inbox
) -> None:
    egress, tokens = rules(authority, microsoft, exchange), MemoryTokenStore()
    settings = provider("microsoft365_smtp").parse({**six_fields(microsoft), **at(exchange)}, egress)
    for _ in range(5):
        sent(settings, context_of(egress, tokens=tokens), "microsoft365_smtp", count=10)
    assert len(inbox.wait_for(50)) == 50
    assert len(microsoft.token_requests) == 1


@pytest.mark.feature("COG-53")
@pytest.mark.feature("COG-58")
def test_refusal_after_a_token_without_the_role_names_it(
    microsoft: Microsoft, start_smtp: StartSmtp, authority: Authority
) -> None:
    server = start_smtp(tokens=microsoft.accepts)  # the app has Mail.Send only
    egress, trace = rules(authority, microsoft, server), Trace()
    settings = provider("microsoft365_smtp").parse({**six_fields(microsoft), **at(server)}, egress)
    error = failed(settings, context_of(egress, trace), "microsoft365_smtp")
    assert (error.code, error.stage, error.facts["missing"]) == (
        "permission_missing",
        "sign_in",
        "SMTP.SendAsApp",
    )
    assert error.connection_fault
    assert len(microsoft.token_requests) == 2
    sender = next(row for row in trace.results if row.stage == "sender")
    assert sender.verdict == "warning"


@pytest.mark.feature("COG-57")
@pytest.mark.feature("COG-58")
def test_refusal_after_a_valid_token_is_not_called_a_wrong_password(
    microsoft: Microsoft, exchange: SmtpServer, authority: Authority
) -> None:
    egress = rules(authority, microsoft, exchange)
    changes = {"username": "stranger@fabrikam.com"}
    settings = provider("microsoft365_smtp").parse(
        {**six_fields(microsoft), **at(exchange), **changes}, egress
    )
    error = failed(settings, context_of(egress), "microsoft365_smtp")
    assert (error.code, error.stage, error.reply[:3]) == ("auth_token_refused", "sign_in", "535")
    assert error.facts["username"] == "stranger@fabrikam.com"
    assert error.facts["permission"] == "SMTP.SendAsApp"


@pytest.mark.feature("COG-60")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (700016, "token_client_unknown"),
        (90002, "token_tenant_unknown"),
        (7000215, "token_secret_wrong"),
        (500011, "token_resource_missing"),
    ],
)
def test_refused_token_never_reaches_the_mail_server(
    microsoft: Microsoft, exchange: SmtpServer, authority: Authority, number: Any, code: str
) -> None:
    egress = rules(authority, microsoft, exchange)
    settings = provider("microsoft365_smtp").parse({**six_fields(microsoft), **at(exchange)}, egress)
    microsoft.fail_tokens(number)
    error = failed(settings, context_of(egress), "microsoft365_smtp")
    assert (error.code, error.stage, error.provider_code) == (code, "token", f"AADSTS{number}")
    assert exchange.transcript == []


@pytest.mark.feature("CIR-X1")
@pytest.mark.feature("HIR-22")
def test_typed_refresh_token_of_a_person_is_used_and_rotates(
    microsoft: Microsoft, exchange: SmtpServer, authority: Authority, inbox: Inbox
) -> None:
    egress = rules(authority, microsoft, exchange)
    refresh = consented(microsoft, egress, exchange).refresh
    assert refresh is not None
    values = {**six_fields(microsoft), **at(exchange), "refresh_token": refresh.reveal()}
    settings = provider("microsoft365_smtp").parse(values, egress)
    tokens = MemoryTokenStore()
    sent(settings, context_of(egress, tokens=tokens), "microsoft365_smtp")
    assert microsoft.token_requests[-1].grant_type == "refresh_token"
    assert inbox.wait_for(1)[0].envelope_from == MAILBOX
    stored = tokens.get("key")
    assert stored is not None
    assert stored.refresh
    assert stored.refresh != refresh


def account_settings(exchange: SmtpServer, egress: Egress, **changes: Any) -> Settings:
    values = {
        "sender_email": MAILBOX,
        "cloud": "sandbox",
        "client_id": CLIENT,
        "client_secret": SECRET,
        **at(exchange),
        **changes,
    }
    return provider("microsoft_account").parse(values, egress)


def consented(microsoft: Microsoft, egress: Egress, exchange: SmtpServer) -> Token:
    """Somebody connects the account of MAILBOX."""
    microsoft.add_account(MAILBOX)
    method, settings = provider("microsoft_account").consent, account_settings(exchange, egress)
    assert method is not None
    start = method.begin(settings, redirect_uri=CALLBACK, state="s" * 43, egress=egress)
    location = microsoft.accept(start.url, MAILBOX)
    answer = dict(pair.split("=", 1) for pair in location.partition("?")[2].split("&"))
    return method.redeem(settings, start.flow, answer, context_of(egress)).token


@pytest.mark.feature("HIR-1")
@pytest.mark.feature("HIR-22")
@pytest.mark.parametrize("ended", [False, True])
def test_connected_account_sends_as_itself(
    microsoft: Microsoft, exchange: SmtpServer, authority: Authority, inbox: Inbox, *, ended: bool
) -> None:
    egress, tokens = rules(authority, microsoft, exchange), MemoryTokenStore()
    token = consented(microsoft, egress, exchange)
    tokens.put("key", token if not ended else Token(token.value, time.time() + 200, refresh=token.refresh))
    before = len(microsoft.token_requests)
    sent(account_settings(exchange, egress), context_of(egress, tokens=tokens), "microsoft_account")
    (mail,) = inbox.wait_for(1)
    assert mail.envelope_from == MAILBOX
    assert MAILBOX in str(mail.message["From"])
    assert any("AUTH XOAUTH2" in line for line in exchange.transcript)
    assert len(microsoft.token_requests) - before == int(ended)


@pytest.mark.feature("HIR-22")
def test_refused_token_is_renewed_once_and_the_mail_goes(
    microsoft: Microsoft, exchange: SmtpServer, authority: Authority, inbox: Inbox
) -> None:
    egress, tokens = rules(authority, microsoft, exchange), MemoryTokenStore()
    good = consented(microsoft, egress, exchange)
    tokens.put("key", Token(SecretText("revoked.by.somebody"), time.time() + 3000, refresh=good.refresh))
    before = len(microsoft.token_requests)
    sent(account_settings(exchange, egress), context_of(egress, tokens=tokens), "microsoft_account")
    assert len(inbox.wait_for(1)) == 1
    assert [one.grant_type for one in microsoft.token_requests[before:]] == ["refresh_token"]


def own(issuer: OAuthServer, generic: SmtpServer, **changes: Any) -> dict[str, Any]:
    return {
        "service": "other",
        **at(generic),
        "tls_option": "starttls",
        "username": MAILBOX,
        "client_id": OWN_CLIENT,
        "client_secret": OWN_SECRET,
        "access_url": issuer.access_url,
        **changes,
    }


@pytest.mark.feature("COG-10")
@pytest.mark.feature("COG-13")
@pytest.mark.feature("COG-20")
@pytest.mark.feature("COG-21")
@pytest.mark.feature("COG-22")
@pytest.mark.parametrize("authentication", ["body", "basic"])
@pytest.mark.parametrize("method", ["client_credentials", "refresh", "access", "ended"])
def test_every_method_of_generic_oauth_sends(
    issuer: OAuthServer,
    generic: SmtpServer,
    authority: Authority,
    inbox: Inbox,
    method: str,
    authentication: str,
) -> None:
    egress = rules(authority, issuer, generic)
    refresh = issuer.refresh_token(OWN_CLIENT, MAILBOX)
    changes: dict[str, Any] = {
        "client_credentials": {"method": "client_credentials"},
        "refresh": {"method": "legacy", "refresh_token": refresh},
        "access": {"method": "legacy", "access_token": issuer.access_token(OWN_CLIENT, MAILBOX)},
        "ended": {
            "method": "legacy",
            "access_token": "ya29.ended",
            "expiry_date": str(int(time.time() * 1000) - 1000),
            "refresh_token": refresh,
        },
    }[method]
    before = len(issuer.token_requests)
    values = own(issuer, generic, client_authentication=authentication, **changes)
    settings = provider("oauth_smtp").parse(values, egress)
    sent(settings, context_of(egress), "oauth_smtp")
    assert inbox.wait_for(1)[0].envelope_from == MAILBOX
    kinds = [(one.grant_type, one.client_authentication) for one in issuer.token_requests[before:]]
    assert kinds == {
        "client_credentials": [("client_credentials", authentication)],
        "access": [],
    }.get(method, [("refresh_token", authentication)])


@pytest.mark.feature("COG-22")
def test_refused_typed_token_is_refreshed_once_and_tried_once_more(
    issuer: OAuthServer, generic: SmtpServer, authority: Authority, inbox: Inbox
) -> None:
    egress, tokens = rules(authority, issuer, generic), MemoryTokenStore()
    issuer.tokens.rotates = True
    refresh = issuer.refresh_token(OWN_CLIENT, MAILBOX)
    later = str(int(time.time() * 1000) + 3_000_000)
    values = own(
        issuer,
        generic,
        method="legacy",
        access_token="ya29.revoked",
        expiry_date=later,
        refresh_token=refresh,
    )
    settings = provider("oauth_smtp").parse(values, egress)
    for _ in range(2):
        sent(settings, context_of(egress, tokens=tokens), "oauth_smtp")
    assert len(inbox.wait_for(2)) == 2
    assert [one.grant_type for one in issuer.token_requests] == ["refresh_token"]
    stored = tokens.get("key")
    assert stored is not None
    assert stored.refresh
    assert stored.refresh.reveal() != refresh


@pytest.mark.feature("COG-21")
def test_refused_access_token_without_a_refresh_token_says_so(
    issuer: OAuthServer, generic: SmtpServer, authority: Authority
) -> None:
    egress = rules(authority, issuer, generic)
    values = own(issuer, generic, method="legacy", access_token="ya29.revoked")
    error = failed(provider("oauth_smtp").parse(values, egress), context_of(egress), "oauth_smtp")
    assert (error.code, error.stage, error.connection_fault) == ("token_expired", "token", True)
    assert issuer.token_requests == []


def test_ended_consent_at_google_asks_to_connect_again(
    issuer: OAuthServer, generic: SmtpServer, authority: Authority
) -> None:
    egress = rules(authority, issuer, generic)
    refresh = issuer.refresh_token(OWN_CLIENT, MAILBOX)
    issuer.revoke(MAILBOX)
    values = own(issuer, generic, method="legacy", refresh_token=refresh)
    error = failed(provider("oauth_smtp").parse(values, egress), context_of(egress), "oauth_smtp")
    assert (error.code, error.provider_code, error.facts["why"]) == (
        "token_reconnect",
        "invalid_grant",
        "expired",
    )
    assert generic.transcript == []


@pytest.mark.feature("COG-15")
def test_wrong_secret_at_a_generic_endpoint_is_named(
    issuer: OAuthServer, generic: SmtpServer, authority: Authority
) -> None:
    egress = rules(authority, issuer, generic)
    settings = provider("oauth_smtp").parse(own(issuer, generic, client_secret="wrong"), egress)
    error = failed(settings, context_of(egress), "oauth_smtp")
    assert (error.code, error.provider_code) == ("token_client_refused", "invalid_client")
    assert "wrong" not in f"{error.reply} {error.facts}"


@pytest.mark.control("C-EGR-5")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_of_any_token_endpoint_repeats_no_secret(
    microsoft: Microsoft,
    issuer: OAuthServer,
    exchange: SmtpServer,
    generic: SmtpServer,
    authority: Authority,
    status: int,
) -> None:
    egress = rules(authority, microsoft, issuer, exchange, generic)
    tokens = MemoryTokenStore()
    tokens.put("key", Token(SecretText(""), 0.0, refresh=consented(microsoft, egress, exchange).refresh))
    refresh = issuer.refresh_token(OWN_CLIENT, MAILBOX)
    target = {"Location": f"{issuer.access_url}/elsewhere"}
    ways = {
        "microsoft365_smtp": {**six_fields(microsoft), **at(exchange)},
        "microsoft_account": {
            "sender_email": MAILBOX,
            "cloud": "sandbox",
            "client_id": CLIENT,
            "client_secret": SECRET,
            **at(exchange),
        },
        "oauth_smtp": own(issuer, generic, method="legacy", refresh_token=refresh),
    }
    before = len(microsoft.token_requests)
    for key, values in ways.items():
        server = issuer if key == "oauth_smtp" else microsoft
        server.answer_tokens(status, b"", target)
        settings = provider(key).parse(values, egress)
        error = failed(settings, context_of(egress, tokens=tokens), key)
        assert (error.code, error.stage) == ("token_endpoint_wrong", "token")
    assert len(microsoft.token_requests) - before <= 2
    assert len(issuer.token_requests) == 1
