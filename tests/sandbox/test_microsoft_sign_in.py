"""The stand-in for Microsoft lets people consent as Entra does (microsoft.md §3, §4.6, §6)."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msal
import pytest
import requests

from sandbox.directory import PERSONAL_TENANT
from sandbox.mint import TokenRefused
from sandbox.visitor import NoWayBack
from tests.sandbox.conftest import CLIENT, SECRET, TENANT, Cloud
from tests.sandbox.test_microsoft_tokens import claims

CALLBACK = "https://mail.example.com/oauth/microsoft/callback/"
SMTP_SEND = "https://outlook.office.com/SMTP.Send"
VERIFIER = "a-verifier-of-the-tests-0123456789-0123456789-0123456789"
ANN = "ann@contoso.com"


def challenge(verifier: str = VERIFIER) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def authorize_url(cloud: Cloud, *, tenant: str = "common", **changes: str) -> str:
    asked = {
        "client_id": CLIENT,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": f"{SMTP_SEND} offline_access openid profile email",
        "state": "the-state",
        "nonce": "the-nonce",
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
        **changes,
    }
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{cloud.server.base_url}/{tenant}/oauth2/v2.0/authorize?{query}"


def answer(location: str) -> dict[str, str]:
    assert location.startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def redeem(cloud: Cloud, code: str, *, tenant: str = "common", **changes: str) -> requests.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        "scope": f"{SMTP_SEND} offline_access openid profile email",
        **changes,
    }
    return cloud.ask_token(cloud.server.access_url(tenant), **form)


def connected(cloud: Cloud, **changes: str) -> dict[str, Any]:
    code = answer(cloud.server.accept(authorize_url(cloud, **changes), ANN))["code"]
    content: dict[str, Any] = redeem(cloud, code).json()
    return content


def refresh(cloud: Cloud, token: str, **changes: str) -> requests.Response:
    return cloud.ask_token(grant_type="refresh_token", refresh_token=token, **{"scope": SMTP_SEND, **changes})


@pytest.fixture(autouse=True)
def ann(cloud: Cloud) -> None:
    cloud.server.add_account(ANN, name="Billing")


def test_consent_gives_tokens_that_say_who_and_what(cloud: Cloud) -> None:
    came = answer(cloud.server.accept(authorize_url(cloud), ANN))
    assert came["state"] == "the-state"
    content = redeem(cloud, came["code"]).json()
    assert SMTP_SEND in content["scope"].split()
    assert "offline_access" not in content["scope"]
    told, identity = claims(content["access_token"]), claims(content["id_token"])
    assert (told["scp"], told["aud"], told["upn"]) == ("SMTP.Send", "https://outlook.office.com", ANN)
    assert "roles" not in told
    assert (identity["nonce"], identity["aud"], identity["tid"]) == ("the-nonce", CLIENT, TENANT)
    assert identity["iss"] == f"{cloud.server.base_url}/{TENANT}/v2.0"
    assert (identity["preferred_username"], identity["name"]) == (ANN, "Billing")
    kept = repr((cloud.server.token_requests, cloud.server.authorize_requests))
    assert not any(
        secret in kept for secret in (came["code"], content["refresh_token"], VERIFIER, "the-state")
    )
    assert {one.redirect_uri for one in cloud.server.authorize_requests} == {CALLBACK}
    assert cloud.server.token_requests[-1].redirect_uri == CALLBACK


def test_msal_consents_and_refreshes(cloud: Cloud) -> None:
    application = msal.ConfidentialClientApplication(
        CLIENT,
        client_credential=SECRET,
        authority=f"{cloud.server.base_url}/common",
        instance_discovery=False,
        http_client=cloud.http,
    )
    flow = application.initiate_auth_code_flow([SMTP_SEND], redirect_uri=CALLBACK, login_hint=ANN)
    came = answer(cloud.server.accept(flow["auth_uri"], ANN))
    result = application.acquire_token_by_auth_code_flow(flow, came)
    assert result["id_token_claims"]["preferred_username"] == ANN
    (account,) = application.get_accounts()
    again = application.acquire_token_silent_with_error([SMTP_SEND], account=account, force_refresh=True)
    assert again["access_token"] != result["access_token"]
    cloud.server.revoke(ANN)
    ended = application.acquire_token_silent_with_error([SMTP_SEND], account=account, force_refresh=True)
    assert ended["error_codes"] == [50173]


def test_a_permission_can_be_left_out(cloud: Cloud) -> None:
    mail = f"{cloud.server.base_url}/Mail.Send {cloud.server.base_url}/User.Read"
    url = authorize_url(cloud, scope=f"{mail} offline_access openid")
    code = answer(cloud.server.accept(url, ANN, scopes=["User.Read"]))["code"]
    content = redeem(cloud, code, scope=mail).json()
    assert content["scope"].split()[1:] == [f"{cloud.server.base_url}/User.Read"]
    again = authorize_url(cloud, scope=f"{mail} openid", prompt="consent")
    code = answer(cloud.server.accept(again, ANN))["code"]
    assert len(redeem(cloud, code, scope=mail).json()["scope"].split()) == 3


def test_what_was_allowed_before_is_not_asked_again(cloud: Cloud) -> None:
    cloud.server.add_account(ANN, granted=[SMTP_SEND])
    code = answer(cloud.server.accept(authorize_url(cloud, login_hint=ANN), ANN))["code"]
    assert SMTP_SEND in redeem(cloud, code).json()["scope"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code_verifier": "another"}, 501481),
        ({"redirect_uri": f"{CALLBACK}x"}, 500112),
        ({"client_secret": "wrong"}, 7000215),
        ({"code": "1.Anever-given"}, 70000),
        ({"code": ""}, 900144),
        ({"scope": f"{SMTP_SEND} Mail.Send"}, 70011),
    ],
)
def test_a_wrong_redemption_is_refused(cloud: Cloud, changes: dict[str, str], code: int) -> None:
    came = answer(cloud.server.accept(authorize_url(cloud), ANN))
    assert redeem(cloud, **{"code": came["code"], **changes}).json()["error_codes"] == [code]


def test_a_code_works_once_and_for_ten_minutes(cloud: Cloud) -> None:
    code = answer(cloud.server.accept(authorize_url(cloud), ANN))["code"]
    assert redeem(cloud, code).status_code == 200
    assert redeem(cloud, code).json()["error_codes"] == [54005]
    cloud.server.entra.grants.code_seconds = -1
    late = answer(cloud.server.accept(authorize_url(cloud), ANN))["code"]
    assert redeem(cloud, late).json()["error_codes"] == [70008]


def test_refresh_tokens_rotate(cloud: Cloud) -> None:
    first = connected(cloud)["refresh_token"]
    second = refresh(cloud, first).json()["refresh_token"]
    assert second != first
    assert refresh(cloud, first).status_code == 200
    cloud.server.entra.grants.rotate_strictly = True
    assert refresh(cloud, second).status_code == 200
    refused = refresh(cloud, second).json()
    assert (refused["error"], refused["error_codes"]) == ("invalid_grant", [70000])


@pytest.mark.parametrize(
    ("verb", "code"),
    [
        ("revoke", 50173),
        ("change_password", 50173),
        ("require_mfa", 50076),
        ("expire", 700082),
        ("disable", 50057),
    ],
)
def test_what_ends_a_consent_has_its_number(cloud: Cloud, verb: str, code: int) -> None:
    content = connected(cloud)
    getattr(cloud.server, verb)(ANN)
    refused = refresh(cloud, content["refresh_token"]).json()
    assert (refused["error"], refused["error_codes"]) == ("invalid_grant", [code])
    with pytest.raises(TokenRefused):
        cloud.server.directory.mint.read(content["access_token"], audiences=["https://outlook.office.com"])
    came = answer(cloud.server.accept(authorize_url(cloud), ANN))
    assert ("error" in came) == (verb == "disable")


def test_no_offline_access_no_refresh_token(cloud: Cloud) -> None:
    assert "refresh_token" not in connected(cloud, scope=f"{SMTP_SEND} openid")


def test_declining_leads_back_with_the_error(cloud: Cloud) -> None:
    came = answer(cloud.server.decline(authorize_url(cloud), ANN))
    assert (came["error"], came["error_subcode"], came["state"]) == ("access_denied", "cancel", "the-state")
    assert came["error_description"].startswith("AADSTS65004: User declined to consent")


@pytest.mark.parametrize(
    ("attribute", "value", "code"),
    [
        ("assigned", False, 50105),
        ("enabled", False, 50057),
        ("needs_approval", True, 90094),
        ("refusal", 53003, 53003),
    ],
)
def test_the_state_of_the_account_decides(cloud: Cloud, attribute: str, value: object, code: int) -> None:
    setattr(cloud.server.account(ANN), attribute, value)
    came = answer(cloud.server.accept(authorize_url(cloud), ANN))
    assert came["error_description"].startswith(f"AADSTS{code}:")


def test_an_administrator_approves_and_then_it_works(cloud: Cloud) -> None:
    cloud.server.account(ANN).needs_approval = True
    query = urlencode({"client_id": CLIENT, "redirect_uri": CALLBACK, "state": "s"})
    page = f"{cloud.server.base_url}/{TENANT}/adminconsent?{query}"
    came = answer(cloud.server.accept(page, ANN))
    assert came == {"admin_consent": "True", "tenant": TENANT, "state": "s"}
    assert "code" in answer(cloud.server.accept(authorize_url(cloud), ANN))


@pytest.mark.parametrize(
    ("tenant", "changes", "code"),
    [
        ("common", {"client_id": "0f6c2b1e-8d3a-4a71-9a53-6f1de2c7b910"}, 700016),
        ("0f6c2b1e-8d3a-4a71-9a53-6f1de2c7b910", {}, 90002),
        ("common", {"redirect_uri": "https://other.example.com/"}, 50011),
    ],
)
def test_what_microsoft_says_on_its_own_page(
    cloud: Cloud, tenant: str, changes: dict[str, str], code: int
) -> None:
    cloud.server.add_app(TENANT, CLIENT, SECRET, redirect_uris=[CALLBACK])
    with pytest.raises(NoWayBack, match=f"AADSTS{code}"):
        cloud.server.accept(authorize_url(cloud, tenant=tenant, **changes), ANN)
    assert cloud.server.authorize_requests[-1].error_code == code


def test_who_may_sign_in_follows_the_tenant_of_the_address(cloud: Cloud) -> None:
    cloud.server.add_account("someone@outlook.com", tenant="consumers")
    wrong = {("consumers", ANN), ("organizations", "someone@outlook.com"), (TENANT, "someone@outlook.com")}
    for tenant in ("common", "consumers", "organizations", TENANT):
        for email in (ANN, "someone@outlook.com"):
            came = answer(cloud.server.accept(authorize_url(cloud, tenant=tenant), email))
            assert ("error" in came) == ((tenant, email) in wrong), (tenant, email)
    cloud.server.add_app(TENANT, CLIENT, SECRET, single_tenant=True)
    came = answer(cloud.server.accept(authorize_url(cloud), ANN))
    assert came["error_description"].startswith("AADSTS50194")


def test_a_personal_account_has_an_opaque_token(cloud: Cloud) -> None:
    cloud.server.add_account("someone@outlook.com", tenant="consumers")
    code = answer(cloud.server.accept(authorize_url(cloud), "someone@outlook.com"))["code"]
    content = redeem(cloud, code).json()
    assert content["access_token"].count(".") == 0
    assert claims(content["id_token"])["tid"] == PERSONAL_TENANT
    told = cloud.server.directory.mint.read(content["access_token"], audiences=["https://outlook.office.com"])
    assert told["scp"] == "SMTP.Send"


def test_the_page_is_plain_html_without_script(cloud: Cloud) -> None:
    page = cloud.http.get(authorize_url(cloud, login_hint=ANN), timeout=5)
    assert "<script" not in page.text
    assert 'type="checkbox" name="scope"' in page.text
    assert "form-action" not in page.headers["Content-Security-Policy"]
    assert cloud.http.get(f"{cloud.server.base_url}/style.css", timeout=5).status_code == 200
