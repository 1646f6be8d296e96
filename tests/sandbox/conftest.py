"""Servers of the sandbox for its own tests."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import msal
import pytest
import requests

from sandbox.inbox import Inbox
from sandbox.microsoft import Microsoft
from sandbox.smtp import SmtpServer
from sandbox.tls import Authority

TENANT = "5b8c21f0-6a3e-47d9-9f10-c2d4e6a8b013"
CLIENT = "7d1f0c52-93ab-4c1e-b0a7-2f5e8c6a1d44"
SECRET = "the-secret-of-the-test"
SENDER = "notifications@contoso.com"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def smtp_server(inbox: Inbox, authority: Authority) -> Iterator[Callable[..., SmtpServer]]:
    """Starts an SMTP server; it ends with the test."""
    with ExitStack() as running:

        def start(**options: Any) -> SmtpServer:
            options.setdefault("authority", authority)
            return running.enter_context(SmtpServer(inbox, **options))

        yield start


@pytest.fixture
def connect(authority: Authority) -> Iterator[Callable[..., smtplib.SMTP]]:
    """Connects to an SMTP server, with STARTTLS where the server offers it."""
    with ExitStack() as opened:

        def client(server: SmtpServer, *, secure: bool = True, user: str = "") -> smtplib.SMTP:
            if server.mode == "tls":
                context = authority.client_context()
                smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                    "127.0.0.1", server.port, local_hostname="client.test", timeout=5, context=context
                )
            else:
                smtp = smtplib.SMTP("127.0.0.1", server.port, local_hostname="client.test", timeout=5)
            opened.callback(smtp.close)
            if secure and server.mode == "starttls":
                smtp.starttls(context=authority.client_context())
            if user:
                smtp.login(user, server.users[user])
            return smtp

        yield client


@dataclass
class Cloud:
    """The stand-in for Microsoft and a client that trusts it."""

    server: Microsoft
    http: requests.Session

    @property
    def scope(self) -> str:
        """The scope of Graph in this cloud."""
        return f"{self.server.base_url}/.default"

    def sign_in(
        self, *, tenant: str = TENANT, client_id: str = CLIENT, secret: str = SECRET
    ) -> dict[str, Any]:
        """What msal makes of the answer."""
        application = msal.ConfidentialClientApplication(
            client_id,
            client_credential=secret,
            authority=f"{self.server.base_url}/{tenant}",
            instance_discovery=False,
            http_client=self.http,
        )
        answer: dict[str, Any] = application.acquire_token_for_client([self.scope])
        return answer

    def token(self, **values: str) -> str:
        """A fresh access token."""
        answer = self.sign_in(**values)
        return str(answer["access_token"])

    def ask_token(self, url: str = "", **form: str) -> requests.Response:
        """Ask the token endpoint without msal; an empty field is left out."""
        values = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET}
        values |= {"scope": self.scope, **form}
        return self.http.post(
            url or self.server.access_url(TENANT),
            data={name: value for name, value in values.items() if value},
            timeout=5,
        )

    def send(
        self, message: object = None, *, token: str = "", sender: str = SENDER, **options: Any
    ) -> requests.Response:
        """Call sendMail."""
        options.setdefault("json", {"message": message})
        headers = {"Authorization": f"Bearer {token or self.token()}", **options.pop("headers", {})}
        return self.http.post(
            f"{self.server.base_url}/v1.0/users/{sender}/sendMail", headers=headers, timeout=5, **options
        )


@pytest.fixture
def cloud(inbox: Inbox, authority: Authority) -> Iterator[Cloud]:
    """A tenant with one application and one mailbox."""
    with Microsoft(inbox, authority) as server, requests.Session() as http:
        server.add_tenant(TENANT, "contoso.com")
        server.add_app(TENANT, CLIENT, SECRET)
        server.add_mailbox(SENDER, display_name="Contoso Notifications")
        http.trust_env = False
        http.verify = str(authority.ca_file)
        yield Cloud(server, http)


def message(**changes: object) -> dict[str, Any]:
    """A small message as Graph wants it; a value of None leaves the property out."""
    values: dict[str, Any] = {
        "subject": "Invoice 4711",
        "body": {"contentType": "HTML", "content": "<p>Hello</p>"},
        "toRecipients": [{"emailAddress": {"address": "ann@fabrikam.com", "name": "Ann, Ltd"}}],
        "importance": "normal",
    }
    values |= changes
    return {name: value for name, value in values.items() if value is not None}


def recipient(address: str) -> dict[str, Any]:
    """One recipient as Graph wants it."""
    return {"emailAddress": {"address": address}}
