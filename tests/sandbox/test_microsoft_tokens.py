"""The stand-in for Microsoft signs applications in as Entra does."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import uuid4

import pytest
import requests

from sandbox.entra_errors import ERRORS
from tests.sandbox.conftest import CLIENT, SECRET, TENANT, Cloud, message

STRANGER = "0f6c2b1e-8d3a-4a71-9a53-6f1de2c7b910"


def claims(token: str) -> dict[str, object]:
    part = token.split(".")[1]
    decoded: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded


def test_msal_gets_a_token_with_the_claims_of_the_application(cloud: Cloud) -> None:
    answer = cloud.sign_in()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3599)
    found = claims(answer["access_token"])
    assert (found["tid"], found["appid"], found["roles"]) == (TENANT, CLIENT, ["Mail.Send"])
    assert found["aud"] == cloud.server.base_url
    (asked,) = cloud.server.token_requests
    assert (asked.client_id, asked.grant_type, asked.status) == (CLIENT, "client_credentials", 200)
    assert SECRET not in repr(cloud.server.token_requests)


def test_the_tenant_may_be_named_by_its_domain(cloud: Cloud) -> None:
    assert claims(cloud.token(tenant="contoso.com"))["tid"] == TENANT


def test_an_error_has_the_shape_of_microsoft(cloud: Cloud) -> None:
    answer = cloud.ask_token(client_secret="wrong")
    assert answer.status_code == 401
    error = answer.json()
    assert error["error"] == "invalid_client"
    assert error["error_codes"] == [7000215]
    assert error["error_uri"] == "https://login.microsoftonline.com/error?code=7000215"
    assert error["error_description"].startswith("AADSTS7000215: Invalid client secret provided.")
    for name, key in (
        ("Trace ID", "trace_id"),
        ("Correlation ID", "correlation_id"),
        ("Timestamp", "timestamp"),
    ):
        assert f"{name}: {error[key]}" in error["error_description"]


@pytest.mark.parametrize(
    ("changes", "code", "status", "error"),
    [
        ({"client_secret": "wrong"}, 7000215, 401, "invalid_client"),
        ({"client_secret": ""}, 7000218, 401, "invalid_client"),
        ({"client_id": STRANGER}, 700016, 400, "unauthorized_client"),
        ({"grant_type": "password"}, 70003, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 900144, 400, "invalid_request"),
        ({"scope": ""}, 900144, 400, "invalid_request"),
        ({"scope": "Mail.Send"}, 70011, 400, "invalid_scope"),
        ({"scope": "https://a/.default https://b/.default"}, 70011, 400, "invalid_scope"),
        ({"scope": "https://graph.microsoft.com/.default"}, 500011, 400, "invalid_resource"),
    ],
)
def test_a_wrong_request_is_refused_with_its_number(
    cloud: Cloud, changes: dict[str, str], code: int, status: int, error: str
) -> None:
    answer = cloud.ask_token(**changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_codes"] == [code]
    assert cloud.server.token_requests[-1].error_code == code


@pytest.mark.parametrize(
    ("tenant", "code"),
    [(STRANGER, 90002), ("nowhere.com", 90002), ("nowhere", 900023), ("common", 9001023),
     ("consumers", 9001023), ("organizations", 50059)],
)  # fmt: skip
def test_a_wrong_tenant_is_refused_with_its_number(cloud: Cloud, tenant: str, code: int) -> None:
    answer = cloud.ask_token(cloud.server.access_url(tenant))
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [code])


def test_discovery_refuses_an_unknown_tenant(cloud: Cloud) -> None:
    path = "v2.0/.well-known/openid-configuration"
    answer = cloud.http.get(f"{cloud.server.base_url}/{STRANGER}/{path}")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_tenant")
    assert answer.json()["error_codes"] == [90002]
    with pytest.raises(ValueError, match="Unable to get authority configuration"):
        cloud.sign_in(tenant=STRANGER)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"secret_expired": True}, 7000222),
        ({"enabled": False}, 7000112),
        ({"consented": False}, 65001),
        ({"blocked_by_policy": True}, 53003),
    ],
)
def test_the_state_of_the_application_decides(cloud: Cloud, options: dict[str, Any], code: int) -> None:
    client = str(uuid4())
    cloud.server.add_app(TENANT, client, "s", **options)
    assert cloud.sign_in(client_id=client, secret="s")["error_codes"] == [code]


def test_a_new_secret_works_beside_the_expired_one(cloud: Cloud) -> None:
    cloud.server.add_app(TENANT, CLIENT, SECRET, secret_expired=True)
    cloud.server.add_app(TENANT, CLIENT, "new")
    assert cloud.sign_in()["error_codes"] == [7000222]
    assert "access_token" in cloud.sign_in(secret="new")


def test_two_tenants_do_not_know_each_others_applications(cloud: Cloud) -> None:
    cloud.server.add_tenant(STRANGER, "fabrikam.com")
    assert cloud.sign_in(tenant=STRANGER)["error_codes"] == [700016]


def test_basic_client_authentication_works(cloud: Cloud) -> None:
    form = {"grant_type": "client_credentials", "scope": cloud.scope}
    answer = cloud.http.post(cloud.server.access_url(TENANT), data=form, auth=(CLIENT, SECRET))
    assert answer.status_code == 200
    assert cloud.server.token_requests[-1].client_authentication == "basic"


@pytest.mark.parametrize("path", ["oauth2/token", "oauth2/v2.0/authorize2", "", "oauth2/v2.0/token/extra"])
def test_other_paths_are_not_there(cloud: Cloud, path: str) -> None:
    assert cloud.ask_token(f"{cloud.server.base_url}/{TENANT}/{path}").status_code == 404


def test_the_token_endpoint_wants_post(cloud: Cloud) -> None:
    assert cloud.http.get(cloud.server.access_url(TENANT)).json()["error_codes"] == [900561]


@pytest.mark.parametrize("code", ERRORS)
def test_every_number_can_be_prepared_and_is_used_up(cloud: Cloud, code: int) -> None:
    cloud.server.fail_tokens(code, retry_after=2)
    refused = cloud.ask_token()
    assert refused.json()["error_codes"] == [code]
    assert refused.headers["Retry-After"] == "2"
    assert cloud.ask_token().status_code == 200


def test_a_redirect_can_be_prepared(cloud: Cloud) -> None:
    cloud.server.answer_tokens(307, headers={"Location": "https://127.0.0.1/elsewhere"})
    url, form = cloud.server.access_url(TENANT), {"grant_type": "client_credentials"}
    assert cloud.http.post(url, data=form, allow_redirects=False).status_code == 307


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("", "Access token is empty."),
        ("Basic abc", "Access token is empty."),
        ("Bearer nonsense", "IDX14100"),
        ("Bearer a.b.c", "Invalid signature"),
    ],
)
def test_graph_takes_no_malformed_token(cloud: Cloud, header: str, words: str) -> None:
    answer = cloud.send(message(), token="x", headers={"Authorization": header})
    _is_unauthorized(answer, words)


def test_graph_takes_no_expired_foreign_or_revoked_token(cloud: Cloud) -> None:
    cloud.server.entra.token_seconds = -10
    _is_unauthorized(cloud.send(message(), token=cloud.ask_token().json()["access_token"]), "expired")
    cloud.server.entra.token_seconds = 3599
    outlook = cloud.ask_token(scope="https://outlook.office365.com/.default").json()["access_token"]
    _is_unauthorized(cloud.send(message(), token=outlook), "Invalid audience")
    token = cloud.token()
    cloud.server.directory.mint.revoke()
    _is_unauthorized(cloud.send(message(), token=token), "revoked")


def _is_unauthorized(answer: requests.Response, words: str) -> None:
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"
    assert words in answer.json()["error"]["message"]
