"""Every set of values on the page does what the page says."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from pathlib import Path

import msal
import pytest
import requests

from sandbox.demo import DEMO, GraphCase, SmtpUser
from sandbox.together import Sandbox
from sandbox.values_markup import RECIPIENTS, SENDERS
from tests.sandbox.conftest import message


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


def outcome(sandbox: Sandbox, case: GraphCase) -> str:
    """Send with these values; give what the page would say first."""
    base = sandbox.microsoft.base_url
    with requests.Session() as http:
        http.trust_env, http.verify = False, str(sandbox.authority.ca_file)
        discovery = http.get(f"{base}/{case.tenant_id}/v2.0/.well-known/openid-configuration")
        if discovery.status_code != 200:
            return f"AADSTS{discovery.json()['error_codes'][0]}"
        application = msal.ConfidentialClientApplication(
            case.client_id,
            client_credential=case.client_secret,
            authority=f"{base}/{case.tenant_id}",
            instance_discovery=False,
            http_client=http,
        )
        token = application.acquire_token_for_client([f"{base}/.default"])
        if "access_token" not in token:
            return f"AADSTS{token['error_codes'][0]}"
        answer = http.post(
            f"{base}/v1.0/users/{case.sender_email}/sendMail",
            headers={"Authorization": f"Bearer {token['access_token']}"},
            json={"message": message()},
        )
        return f"{answer.status_code} {answer.json()['error']['code']}" if answer.content else "202"


@pytest.mark.parametrize("case", DEMO.graph_cases, ids=lambda case: case.label)
def test_a_graph_case_ends_as_told(sandbox: Sandbox, case: GraphCase) -> None:
    assert outcome(sandbox, case) in case.outcome


def smtp(sandbox: Sandbox, name: str = "smtp_starttls") -> smtplib.SMTP:
    context = sandbox.authority.client_context()
    port = sandbox.smtp[name].port
    if name == "smtp_tls":
        return smtplib.SMTP_SSL("127.0.0.1", port, local_hostname="client.test", context=context, timeout=5)
    client = smtplib.SMTP("127.0.0.1", port, local_hostname="client.test", timeout=5)
    client.starttls(context=context)
    return client


def text_of(reply: bytes | str) -> str:
    return reply.decode() if isinstance(reply, bytes) else reply


@pytest.mark.parametrize("name", ["smtp_starttls", "smtp_tls"])
def test_the_smtp_values_work(sandbox: Sandbox, name: str) -> None:
    with smtp(sandbox, name) as client:
        client.login(DEMO.smtp_username, DEMO.smtp_password)
        client.sendmail(DEMO.mailbox, ["ann@fabrikam.com"], b"Subject: x\r\n\r\nx\r\n")


@pytest.mark.parametrize("user", DEMO.smtp_users, ids=lambda user: user.username)
def test_a_sign_in_ends_as_told(sandbox: Sandbox, user: SmtpUser) -> None:
    with smtp(sandbox) as client:
        client.ehlo()
        try:
            client.login(user.username, user.password)
        except smtplib.SMTPAuthenticationError as refused:
            code, enhanced = refused.smtp_code, text_of(refused.smtp_error).split()[0]
            assert user.outcome.startswith(f"{code} {enhanced}")
        else:
            assert user.outcome.startswith("Works")


def answers(sandbox: Sandbox, sender: str, recipient: str) -> str:
    with smtp(sandbox) as client:
        client.login(DEMO.smtp_username, DEMO.smtp_password)
        try:
            client.sendmail(sender, [recipient], b"Subject: x\r\n\r\nx\r\n")
        except smtplib.SMTPRecipientsRefused as refused:
            code, text = refused.recipients[recipient][0], text_of(refused.recipients[recipient][1])
        except smtplib.SMTPResponseException as refused:
            code, text = refused.smtp_code, text_of(refused.smtp_error)
        else:
            return "Accepted"
    return f"{code} {text.split()[0]}"


@pytest.mark.parametrize(("recipient", "told"), RECIPIENTS)
def test_a_recipient_ends_as_told(sandbox: Sandbox, recipient: str, told: str) -> None:
    assert told.startswith(answers(sandbox, DEMO.mailbox, recipient))


@pytest.mark.parametrize(("sender", "told"), SENDERS)
def test_a_sender_ends_as_told(sandbox: Sandbox, sender: str, told: str) -> None:
    assert told.startswith(answers(sandbox, sender, "ann@fabrikam.com"))


def test_the_ids_and_the_mail_stay_the_same_at_the_next_start(tmp_path: Path) -> None:
    with Sandbox(tmp_path) as first:
        places, url = first.endpoints, first.microsoft.access_url(DEMO.tenant_id)
    with Sandbox(tmp_path) as second:
        assert second.microsoft.access_url(DEMO.tenant_id) == url
        assert {**vars(second.endpoints), "page": ""} == {**vars(places), "page": ""}
