"""Every set of values for the providers with access tokens does what the page says."""

from __future__ import annotations

import base64
import smtplib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from providers import load_clouds
from sandbox.demo import DEMO, GraphCase
from sandbox.demo_people import CLIENTS, PEOPLE, ClientCase, PersonCase
from sandbox.together import Sandbox
from sandbox.visitor import decide

CALLBACK = "http://127.0.0.1:8000/oauth/microsoft/callback/"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env, session.verify = False, str(sandbox.authority.ca_file)
        yield session


def signed_in(sandbox: Sandbox, user: str, token: str) -> str:
    """Sign in with a token; give the reply."""
    context = sandbox.authority.client_context()
    words = base64.b64encode(f"user={user}\x01auth=Bearer {token}\x01\x01".encode()).decode()
    with smtplib.SMTP("127.0.0.1", sandbox.smtp["smtp_starttls"].port, timeout=5) as client:
        client.starttls(context=context)
        client.ehlo()
        code, text = client.docmd("AUTH", f"XOAUTH2 {words}")
        if code == 334:
            code, text = client.docmd("")
    return f"{code} {text.decode()}"


def asked(http: requests.Session, url: str, **form: str) -> dict[str, object]:
    answer: dict[str, object] = http.post(url, data=form, timeout=5).json()
    return answer


def told(answer: dict[str, object]) -> str:
    described = str(answer.get("error_description", ""))
    return described.partition(":")[0] if described.startswith("AADSTS") else str(answer["error"])


@pytest.mark.parametrize("case", DEMO.smtp_token_cases, ids=lambda case: case.label)
def test_an_app_over_smtp_ends_as_told(sandbox: Sandbox, http: requests.Session, case: GraphCase) -> None:
    answer = asked(
        http,
        sandbox.microsoft.access_url(case.tenant_id),
        grant_type="client_credentials",
        client_id=case.client_id,
        client_secret=case.client_secret,
        scope="https://outlook.office365.com/.default",
    )
    if "access_token" not in answer:
        assert case.outcome.startswith(told(answer))
        return
    reply = signed_in(sandbox, case.sender_email, str(answer["access_token"]))
    assert " ".join(reply.split()[: 1 if reply.startswith("235") else 2]) in case.outcome


@pytest.mark.parametrize("case", CLIENTS, ids=lambda case: case.label)
def test_a_plain_client_ends_as_told(sandbox: Sandbox, http: requests.Session, case: ClientCase) -> None:
    grant = (
        {"grant_type": "refresh_token", "refresh_token": case.refresh_token}
        if case.refresh_token
        else {"grant_type": "client_credentials"}
    )
    ids = {"client_id": case.client_id, "client_secret": case.client_secret}
    answer = asked(http, sandbox.endpoints.oauth, **ids, **grant)
    if "access_token" not in answer:
        assert case.outcome.startswith(told(answer))
        return
    reply = signed_in(sandbox, case.username, str(answer["access_token"]))
    assert case.outcome.startswith("Works" if reply.startswith("235") else "A token comes, then 535 5.7.3")


def consent_url(sandbox: Sandbox, tenant: str) -> str:
    """Where the product sends a browser: the address of the cloud's own row, plain http on loopback."""
    (cloud,) = load_clouds(Path(sandbox.endpoints.clouds_file))
    query = {
        "client_id": DEMO.client_id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "https://outlook.office365.com/SMTP.Send offline_access openid profile email",
        "state": "s",
    }
    return f"{cloud.browser_url(f'{tenant}/oauth2/v2.0/authorize')}?{urlencode(query)}"


@pytest.mark.parametrize("case", PEOPLE, ids=lambda case: case.email)
def test_a_person_ends_as_told(sandbox: Sandbox, http: requests.Session, case: PersonCase) -> None:
    url = consent_url(sandbox, "common")
    assert url.startswith("http://127.0.0.1:")
    page = http.get(url, timeout=5)
    assert (page.status_code, 'action="' in page.text, "<script" in page.text) == (200, False, False)
    came = urlsplit(decide(url, sandbox.authority.client_context(), account=case.email))
    answer = {name: values[0] for name, values in parse_qs(came.query).items()}
    if "error" in answer:
        assert case.outcome.startswith(answer["error_description"].partition(":")[0])
        return
    content = asked(
        http,
        sandbox.microsoft.access_url("common"),
        grant_type="authorization_code",
        code=answer["code"],
        redirect_uri=CALLBACK,
        client_id=DEMO.client_id,
        client_secret=DEMO.client_secret,
    )
    assert signed_in(sandbox, case.email, str(content["access_token"])).startswith("235")


def test_the_approval_of_an_administrator_helps(sandbox: Sandbox) -> None:
    context = sandbox.authority.client_context()
    (cloud,) = load_clouds(Path(sandbox.endpoints.clouds_file))
    query = urlencode({"client_id": DEMO.client_id, "redirect_uri": CALLBACK})
    link = cloud.browser_url("organizations/adminconsent")
    assert "admin_consent=True" in decide(f"{link}?{query}", context, account="")
    assert "code=" in decide(consent_url(sandbox, "common"), context, account="approval@contoso.com")
    sandbox.microsoft.directory.app_anywhere(DEMO.client_id).approved_in.clear()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "path", ["/sign-in/", "/sign-in/common/oauth2/v2.0/token", "/sign-in/v1.0/me/sendMail"]
)
def test_the_page_serves_the_sign_in_and_nothing_else_of_microsoft(
    sandbox: Sandbox, http: requests.Session, path: str
) -> None:
    page = sandbox.endpoints.page.rstrip("/")
    assert http.post(page + path, data={"grant_type": "client_credentials"}, timeout=5).status_code == 404
    assert http.get(page + path, headers={"Host": "evil.example"}, timeout=5).status_code == 421
