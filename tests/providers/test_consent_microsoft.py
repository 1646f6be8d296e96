"""Consent at Microsoft: what the browser is sent to, what its answer is worth, and what is refused."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from providers import ConsentMethod, Egress, Granted, ProviderError, Settings, Token, provider
from providers.access_url import parse_access_url
from providers.consent import Permission
from providers.consent_identity import own_claims
from providers.consent_terms import missing_of
from providers.tokens.microsoft_client import MicrosoftClient
from sandbox.accounts import Account
from sandbox.microsoft import Microsoft
from sandbox.tls import Authority
from tests.providers.conftest import CLIENT, MAILBOX, SECRET, TENANT, context_of
from tests.providers.test_consent_refusals import PERSONAL
from tests.providers.token_servers import ScriptedEndpoint, rules

CALLBACK = "https://mail.example.com/oauth/microsoft/callback/"
STATE = "state-of-256-bits-made-by-the-caller"
SMTP_SEND = "https://outlook.office365.com/SMTP.Send"
METHOD = provider("microsoft_account").consent


@pytest.fixture
def person(microsoft: Microsoft) -> Account:
    return microsoft.add_account(MAILBOX, name="Contoso Notifications")


@pytest.fixture
def egress(authority: Authority, microsoft: Microsoft) -> Egress:
    return rules(authority, microsoft)


def typed(egress: Egress, **changes: Any) -> Settings:
    values = {"cloud": "sandbox", "client_id": CLIENT, "client_secret": SECRET, **changes}
    return provider("microsoft_account").parse(values, egress)


def method() -> ConsentMethod:
    assert METHOD is not None
    return METHOD


def begun(egress: Egress, settings: Settings, **changes: Any) -> tuple[str, dict[str, Any]]:
    """The address of the page, and the flow as it comes back from storage."""
    start = method().begin(settings, redirect_uri=CALLBACK, state=STATE, egress=egress, **changes)
    return start.url, json.loads(json.dumps(dict(start.flow)))


def asked(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def came_back(location: str) -> dict[str, str]:
    assert location.startswith(f"{CALLBACK}?")
    return asked(location)


def connected(microsoft: Microsoft, egress: Egress, settings: Settings, **changes: Any) -> Granted:
    url, flow = begun(egress, settings)
    answer = came_back(microsoft.accept(url, MAILBOX, **changes))
    return method().redeem(settings, flow, answer, context_of(egress))


def refused(
    egress: Egress, settings: Settings, flow: dict[str, Any], answer: dict[str, str]
) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        method().redeem(settings, flow, answer, context_of(egress))
    return caught.value


@pytest.mark.feature("HIR-2")
@pytest.mark.feature("WPM-17")
@pytest.mark.control("C-OAU-3")
@pytest.mark.parametrize("tenant", ["common", "organizations", "consumers", TENANT, "contoso.com"])
def test_address_of_the_consent_page_holds_all_it_needs(tenant: str) -> None:
    settings = typed(Egress(), cloud="worldwide", tenant=tenant)
    url, flow = begun(Egress(), settings, login_hint="a@contoso.com")
    parts, query = urlsplit(url), asked(url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == (
        f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize"
    )
    assert query.pop("code_challenge") not in {"", flow["verifier"]}
    assert len(query.pop("nonce")) == 64
    assert query == {
        "client_id": CLIENT,
        "response_type": "code",
        "response_mode": "query",
        "redirect_uri": CALLBACK,
        "scope": "https://outlook.office.com/SMTP.Send offline_access openid profile email",
        "state": STATE,
        "code_challenge_method": "S256",
        "prompt": "select_account",
        "login_hint": "a@contoso.com",
    }
    assert flow["authority"] == f"https://login.microsoftonline.com/{tenant}"
    assert not {SECRET, flow["verifier"], flow["nonce"]} & set(url.replace("&", "=").split("="))


def test_every_trip_has_its_own_proof_and_reconsent_asks_again() -> None:
    settings = typed(Egress(), cloud="worldwide")
    (first, one), (second, two) = (begun(Egress(), settings, reconsent=True) for _ in range(2))
    assert one["verifier"] != two["verifier"]
    assert one["nonce"] != two["nonce"]
    assert len(one["verifier"]) >= 43
    assert asked(first)["prompt"] == asked(second)["prompt"] == "consent"


@pytest.mark.feature("HIR-2")
@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, "Mail.Send User.Read"),
        ({"large_mail": True}, "Mail.Send Mail.ReadWrite User.Read"),
        ({"shared_sender": True}, "Mail.Send Mail.Send.Shared User.Read"),
    ],
)
def test_graph_asks_for_graph_alone(changes: dict[str, Any], names: str) -> None:
    settings = typed(Egress(), cloud="worldwide", method="graph", **changes)
    scopes = asked(begun(Egress(), settings)[0])["scope"].split()
    assert scopes == [
        *(f"https://graph.microsoft.com/{name}" for name in names.split()),
        "offline_access",
        "openid",
        "profile",
        "email",
    ]
    listed = {one.scope for one in method().permissions(settings)}
    assert listed == {*names.split(), "offline_access"}


@pytest.mark.feature("HIR-1")
@pytest.mark.feature("HIR-2")
@pytest.mark.feature("HIR-22")
def test_consent_becomes_tokens_an_account_and_its_permissions(
    microsoft: Microsoft, egress: Egress, person: Account, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        granted = connected(microsoft, egress, typed(egress))
    assert granted.missing == ()
    assert (granted.account.email, granted.account.name) == (MAILBOX, "Contoso Notifications")
    assert (granted.account.subject, granted.account.tenant) == (person.id, TENANT)
    assert SMTP_SEND.rpartition("/")[2] in {scope.rpartition("/")[2] for scope in granted.scopes}
    token = granted.token
    assert token.refresh
    assert token.claims["account"] == MAILBOX
    request = microsoft.token_requests[-1]
    assert (request.grant_type, request.redirect_uri) == ("authorization_code", CALLBACK)
    for secret in (SECRET, token.value.reveal(), token.refresh.reveal()):
        assert secret not in caplog.text


@pytest.mark.feature("WPM-17")
@pytest.mark.parametrize("tenant", ["common", "organizations", TENANT, "contoso.com"])
def test_token_is_asked_for_where_the_page_was(
    microsoft: Microsoft, egress: Egress, person: Account, tenant: str
) -> None:
    granted = connected(microsoft, egress, typed(egress, tenant=tenant))
    assert granted.account.tenant == TENANT
    assert microsoft.token_requests[-1].tenant == tenant
    assert microsoft.authorize_requests[-1].tenant == tenant


def test_personal_account_is_welcome_where_personal_accounts_are(
    microsoft: Microsoft, egress: Egress
) -> None:
    microsoft.add_account("somebody@outlook.example", tenant="consumers", name="Somebody")
    settings = typed(egress, tenant="consumers")
    url, flow = begun(egress, settings)
    answer = came_back(microsoft.accept(url, "somebody@outlook.example"))
    granted = method().redeem(settings, flow, answer, context_of(egress))
    assert (granted.account.email, granted.account.tenant) == ("somebody@outlook.example", PERSONAL)
    # Its tokens say nothing of themselves, which is no fault.
    assert granted.missing == ()


@pytest.mark.control("C-OAU-4")
@pytest.mark.parametrize(
    ("scopes", "missing"),
    [((), ("SMTP.Send",)), (("SMTP.Send",), ())],
)
def test_permission_that_was_left_out_is_named(
    microsoft: Microsoft, egress: Egress, person: Account, scopes: Any, missing: Any
) -> None:
    granted = connected(microsoft, egress, typed(egress), scopes=scopes)
    assert granted.missing == missing
    assert granted.token.refresh


@pytest.mark.control("C-OAU-4")
@pytest.mark.parametrize(
    ("granted", "can_renew", "missing"),
    [
        ("https://outlook.office.com/SMTP.Send", True, ""),
        ("https://outlook.office365.com/smtp.send openid profile", True, ""),
        ("SMTP.SEND", True, ""),
        ("https://outlook.office.com/IMAP.AccessAsUser.All", True, "SMTP.Send"),
        ("https://outlook.office.com/SMTP.Send", False, "offline_access"),
        ("openid", False, "SMTP.Send offline_access"),
        # RFC 6749 §5.1: nothing is said of the scope where it is the one asked for.
        ("", True, ""),
    ],
)
def test_granted_permissions_are_compared_by_their_last_part(
    granted: str, missing: str, *, can_renew: bool
) -> None:
    wanted = [
        Permission(scope="SMTP.Send", label="Send", required=True),
        Permission(scope="offline_access", label="Keep", required=True),
        Permission(scope="openid profile email", label="Who", required=False),
    ]
    found = missing_of(wanted, tuple(granted.split()), can_renew=can_renew)
    assert found == tuple(missing.split())


def test_graph_says_name_and_address_of_the_account(
    microsoft: Microsoft, egress: Egress, person: Account
) -> None:
    granted = connected(microsoft, egress, typed(egress, method="graph"))
    assert granted.missing == ()
    assert granted.account.email == MAILBOX
    assert any(request.path.endswith("/me") for request in microsoft.requests)


@pytest.fixture
def trap(authority: Authority) -> Iterator[ScriptedEndpoint]:
    server = ScriptedEndpoint(authority)
    server.say({"access_token": "x", "token_type": "Bearer"})
    server.start()
    yield server
    server.stop()


@pytest.mark.control("C-OAU-2")
def test_answer_of_another_trip_or_issuer_is_refused_without_a_request(
    microsoft: Microsoft, egress: Egress, person: Account, trap: ScriptedEndpoint
) -> None:
    settings = typed(egress)
    url, flow = begun(egress, settings)
    good = came_back(microsoft.accept(url, MAILBOX))
    cases = [
        (flow, {**good, "state": "another"}),
        (flow, {name: text for name, text in good.items() if name != "state"}),
        (flow, {name: text for name, text in good.items() if name != "code"}),
        (flow, {**good, "code": ""}),
        ({**flow, "state": ""}, {**good, "state": ""}),
        (flow, {**good, "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0"}),
        (flow, {**good, "iss": f"https://{trap.host}/{TENANT}/v2.0"}),
        (flow, {**good, "iss": f"{microsoft.base_url}/{TENANT}/v2.0/more"}),
        (flow, {**good, "iss": f"{microsoft.base_url}/common/v2.0"}),
        ({**flow, "authority": f"https://{trap.host}/common"}, good),
        ({**flow, "authority": f"{microsoft.base_url}/organizations"}, good),
        ({**flow, "authority": ""}, good),
    ]
    for changed, answer in cases:
        error = refused(egress, settings, changed, answer)
        assert (error.code, error.connection_fault) == ("consent_mismatch", True)
        assert error.facts["why"] in {"state", "issuer"}
    assert microsoft.token_requests == []
    assert trap.asked == []
    # The true answer, with the issuer it may name, still works afterwards.
    named = {**good, "iss": f"{microsoft.base_url}/{TENANT}/v2.0"}
    assert method().redeem(settings, flow, named, context_of(egress)).account.email == MAILBOX


@pytest.mark.control("C-OAU-2")
@pytest.mark.parametrize(
    ("tenant", "changes", "why"),
    [
        ("common", {"aud": "another-app"}, "audience"),
        ("common", {"aud": None}, "audience"),
        ("common", {"iss": "https://login.evil.example/{tid}/v2.0"}, "issuer"),
        ("common", {"iss": "https://login.microsoftonline.us/{tid}/v2.0"}, "issuer"),
        ("common", {"iss": None}, "issuer"),
        ("common", {"tid": "not-an-id"}, "issuer"),
        ("common", {"tid": None}, "issuer"),
        ("11111111-6a3e-47d9-9f10-c2d4e6a8b013", {}, "tenant"),
        ("organizations", {"tid": PERSONAL}, "tenant"),
        ("consumers", {}, "tenant"),
    ],
)
def test_id_token_of_another_app_issuer_or_tenant_is_refused(
    tenant: str, changes: dict[str, Any], why: str
) -> None:
    access = parse_access_url(tenant, Egress(), shared=True)
    client = MicrosoftClient(access, CLIENT, typed(Egress(), cloud="worldwide").client_secret)  # type: ignore[attr-defined]
    claims: dict[str, Any] = {
        "aud": CLIENT,
        "iss": "https://login.microsoftonline.com/{tid}/v2.0",
        "tid": TENANT,
        **changes,
    }
    if isinstance(claims["iss"], str):
        claims["iss"] = claims["iss"].format(tid=claims["tid"])
    with pytest.raises(ProviderError) as caught:
        own_claims(claims, client)
    assert (caught.value.code, caught.value.facts["why"]) == ("consent_mismatch", why)
    with pytest.raises(ProviderError):
        own_claims(None, client)


def test_code_works_once_and_with_its_own_verifier_only(
    microsoft: Microsoft, egress: Egress, person: Account
) -> None:
    settings = typed(egress)
    url, flow = begun(egress, settings)
    answer = came_back(microsoft.accept(url, MAILBOX))
    wrong = refused(egress, settings, {**flow, "verifier": "v" * 64}, answer)
    assert (wrong.code, wrong.facts["why"]) == ("token_reconnect", "pkce")
    url, flow = begun(egress, settings)
    answer = came_back(microsoft.accept(url, MAILBOX))
    method().redeem(settings, flow, answer, context_of(egress))
    again = refused(egress, settings, flow, answer)
    assert (again.code, again.facts["why"]) == ("token_reconnect", "code_used")


def test_id_token_with_another_nonce_is_refused(
    microsoft: Microsoft, egress: Egress, person: Account
) -> None:
    settings = typed(egress)
    url, flow = begun(egress, settings)
    answer = came_back(microsoft.accept(url, MAILBOX))
    error = refused(egress, settings, {**flow, "nonce": "another"}, answer)
    assert error.code == "consent_mismatch"


def test_wrong_secret_is_named_at_the_return(microsoft: Microsoft, egress: Egress, person: Account) -> None:
    settings = typed(egress, client_secret="wrong~secret-value")
    url, flow = begun(egress, settings)
    answer = came_back(microsoft.accept(url, MAILBOX))
    error = refused(egress, settings, flow, answer)
    assert (error.code, error.provider_code) == ("token_secret_wrong", "AADSTS7000215")


@pytest.mark.feature("WPM-42")
@pytest.mark.feature("WPM-48")
@pytest.mark.parametrize(
    ("number", "why"), [(50076, "mfa"), (50079, "mfa"), (50173, "password"), (700082, "idle")]
)
def test_ended_consent_asks_to_connect_again(
    microsoft: Microsoft, egress: Egress, person: Account, number: Any, why: str
) -> None:
    settings = typed(egress)
    granted = connected(microsoft, egress, settings)
    person.end(number)
    context = context_of(egress)
    context.tokens.put("key", expired(granted.token))  # type: ignore[attr-defined]
    with pytest.raises(ProviderError) as caught:
        provider("microsoft_account").open(settings, context)
    error = caught.value
    assert (error.code, error.stage, error.connection_fault) == ("token_reconnect", "token", True)
    assert (error.facts["why"], error.facts["aadsts"]) == (why, str(number))
    assert not error.transient


def expired(token: Token) -> Token:
    return Token(token.value, 0.0, refresh=token.refresh, scopes=token.scopes, claims=token.claims)


def test_without_a_connected_account_nobody_is_asked(microsoft: Microsoft, egress: Egress) -> None:
    with pytest.raises(ProviderError) as caught:
        provider("microsoft_account").open(typed(egress), context_of(egress))
    assert (caught.value.code, caught.value.stage) == ("not_connected", "token")
    assert microsoft.token_requests == []


@pytest.mark.parametrize(
    ("tenant", "path"),
    [("common", "organizations"), ("consumers", "organizations"), (TENANT, TENANT)],
)
def test_link_for_administrators_leads_to_the_cloud_of_the_connection(tenant: str, path: str) -> None:
    settings = (
        typed(Egress(), cloud="us_government", host="", tenant=tenant)
        if tenant != "consumers"
        else typed(Egress(), cloud="worldwide", tenant=tenant)
    )
    host = "login.microsoftonline.us" if tenant != "consumers" else "login.microsoftonline.com"
    plain = method().admin_consent_url(settings)
    assert plain == f"https://{host}/{path}/adminconsent?client_id={CLIENT}"
    full = method().admin_consent_url(settings, CALLBACK, "admin")
    assert full.startswith(f"https://{host}/{path}/v2.0/adminconsent?")
    query = asked(full)
    assert (query["redirect_uri"], query["state"]) == (CALLBACK, "admin")
    assert "SMTP.Send" in query["scope"]
