"""The plain OAuth 2.0 server answers as RFC 6749 and Google do (smtp-and-oauth.md §8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from sandbox.google import AUTHORIZE_PATH, MAIL_SCOPE, REVOKE_PATH, OAuthServer
from sandbox.tls import Authority
from tests.sandbox.test_microsoft_sign_in import CALLBACK, VERIFIER, challenge

CLIENT, SECRET, ANN = "mailroom.apps.example.com", "GOCSPX-secret-of-the-tests", "ann@example.org"


class Asker:
    """A client of the server that trusts it."""

    def __init__(self, server: OAuthServer, http: requests.Session) -> None:
        self.server, self.http = server, http

    def token(self, *, basic: bool = False, **form: Any) -> requests.Response:
        """Ask the token endpoint."""
        ids = {} if basic else {"client_id": CLIENT, "client_secret": SECRET}
        auth = (CLIENT, SECRET) if basic else None
        return self.http.post(self.server.access_url, data={**ids, **form}, auth=auth, timeout=5)


@pytest.fixture
def google(authority: Authority) -> Iterator[Asker]:
    with OAuthServer(authority) as server, requests.Session() as http:
        http.trust_env, http.verify = False, str(authority.ca_file)
        server.add_client(CLIENT, SECRET)
        server.add_account(ANN, name="Billing")
        yield Asker(server, http)


@pytest.mark.parametrize("basic", [False, True])
def test_client_credentials_by_body_or_basic(google: Asker, *, basic: bool) -> None:
    content = google.token(basic=basic, grant_type="client_credentials", scope="smtp").json()
    assert (content["token_type"], content["scope"], content["expires_in"]) == ("Bearer", "smtp", 3599)
    assert "refresh_token" not in content
    assert google.server.accepts("anybody@example.org", content["access_token"])
    google.server.add_client(CLIENT, SECRET, mailboxes=[ANN])
    content = google.token(grant_type="client_credentials").json()
    assert not google.server.accepts("anybody@example.org", content["access_token"])
    assert SECRET not in repr(google.server.token_requests)


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_secret": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "scope": "other"}, 400, "invalid_scope"),
        ({"grant_type": "refresh_token"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "x"}, 400, "invalid_grant"),
    ],
)
def test_errors_have_the_shape_of_the_rfc(
    google: Asker, form: dict[str, Any], status: int, error: str
) -> None:
    google.server.add_client(CLIENT, SECRET, scopes=["smtp"])
    answer = google.token(**form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_client_may_insist_on_its_way_to_authenticate(google: Asker) -> None:
    google.server.add_client(CLIENT, SECRET, authentication="basic")
    assert google.token(grant_type="client_credentials").status_code == 401
    assert google.token(basic=True, grant_type="client_credentials").status_code == 200


def test_refreshing_rotates_when_told_and_ends_when_revoked(google: Asker) -> None:
    first = google.server.refresh_token(CLIENT, ANN)
    content = google.token(grant_type="refresh_token", refresh_token=first).json()
    assert "refresh_token" not in content
    assert google.server.accepts(ANN, content["access_token"])
    assert not google.server.accepts("eve@example.org", content["access_token"])
    google.server.tokens.rotates = True
    second = google.token(grant_type="refresh_token", refresh_token=first).json()["refresh_token"]
    assert google.token(grant_type="refresh_token", refresh_token=first).json()["error"] == "invalid_grant"
    google.server.revoke(ANN)
    ended = google.token(grant_type="refresh_token", refresh_token=second).json()
    assert ended == {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
    assert not google.server.accepts(ANN, content["access_token"])


def authorize_url(google: Asker, **changes: str) -> str:
    asked = {
        "client_id": CLIENT,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": f"openid email {MAIL_SCOPE}",
        "state": "s",
        "nonce": "n",
        "access_type": "offline",
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
        **changes,
    }
    return f"{google.server.base_url}{AUTHORIZE_PATH}?{urlencode(asked)}"


def came(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def redeem(google: Asker, code: str, **changes: str) -> dict[str, Any]:
    form: dict[str, Any] = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER, **changes}
    content: dict[str, Any] = google.token(grant_type="authorization_code", **form).json()
    return content


def test_consent_with_pkce(google: Asker) -> None:
    code = came(google.server.accept(authorize_url(google), ANN))["code"]
    content = redeem(google, code)
    assert MAIL_SCOPE in content["scope"]
    assert {"refresh_token", "id_token"} <= set(content)
    assert redeem(google, code)["error"] == "invalid_grant"
    other = came(google.server.accept(authorize_url(google), ANN))["code"]
    assert redeem(google, other, code_verifier="x")["error"] == "invalid_grant"
    online = came(google.server.accept(authorize_url(google, access_type="online"), ANN))["code"]
    assert "refresh_token" not in redeem(google, online)
    assert came(google.server.decline(authorize_url(google), ANN))["error"] == "access_denied"
    without = came(google.server.accept(authorize_url(google), ANN, scopes=[]))["code"]
    assert MAIL_SCOPE not in redeem(google, without)["scope"]


def test_revoking_by_the_client(google: Asker) -> None:
    token = google.server.refresh_token(CLIENT, ANN)
    google.http.post(f"{google.server.base_url}{REVOKE_PATH}", data={"token": token}, timeout=5)
    assert google.token(grant_type="refresh_token", refresh_token=token).json()["error"] == "invalid_grant"
    assert google.server.revocations == 1


def test_anything_can_be_answered(google: Asker) -> None:
    google.server.fail_tokens("temporarily_unavailable", status=503)
    google.server.answer_tokens(200, b"<html>")
    assert google.token(grant_type="client_credentials").status_code == 503
    assert google.token(grant_type="client_credentials").text == "<html>"
    assert google.token(grant_type="client_credentials").status_code == 200
