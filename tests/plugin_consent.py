"""Connecting an account from outside: what an admin types, presses, and where the consent page sends them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from mailsettings.models import ConnectedAccount, Connection, ConnectionToken, ConsentRequest
from mailsettings.ways import mail_settings
from orgs.models import Organization, User
from orgs.tenancy import tenant
from sandbox.microsoft import Microsoft
from sandbox.smtp import SmtpServer
from tests.plugin_sandbox import ACCOUNT, CLIENT_ID, CLIENT_SECRET, Sandbox

OTHER = "boss@contoso.com"
PROVIDER = "microsoft_account"


def account_values(server: SmtpServer, **changes: object) -> dict[str, object]:
    """What an admin types for Microsoft account with this mail server."""
    return {
        "sender_email": "",
        "sender_name": "",
        "force_sender": "on",
        "method": "smtp",
        "cloud": "sandbox",
        "tenant": "common",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "host": "127.0.0.1",
        "port": str(server.port),
        **changes,
    }


class Admin:
    """Somebody at the Emails page of an organization, whose browser goes to Microsoft and comes back."""

    def __init__(self, organization: Organization, browser: Client, microsoft: Microsoft) -> None:
        self.organization, self.browser, self.microsoft = organization, browser, microsoft
        self.emails = reverse("mailsettings:emails", args=[organization.slug])

    def post(self, values: dict[str, object], *, action: str = "", htmx: bool = False) -> Any:
        """Press a button of the Emails form."""
        with tenant(self.organization):
            version = mail_settings(self.organization.pk).version
        form = {"smtp_enabled": "on", "provider": PROVIDER, "shown": PROVIDER, "version": version, **values}
        headers = {"HX-Request": "true"} if htmx else {}
        return self.browser.post(self.emails, form | ({"action": action} if action else {}), headers=headers)

    def leave(self, values: dict[str, object]) -> str:
        """Press Connect on the Emails page; gives the address of the consent page."""
        answer = self.post(values, action="connect", htmx=True)
        assert answer.status_code == 200, answer.content.decode()
        return str(answer["HX-Redirect"])

    def leave_again(self, **form: str) -> str:
        """Press Reconnect on the account's page."""
        answer = self.browser.post(self.page("connect"), form, headers={"HX-Request": "true"})
        return str(answer["HX-Redirect"])

    def come_back(self, address: str) -> Any:
        """Open the address Microsoft sends the browser to."""
        parts = urlsplit(address)
        return self.browser.get(f"{parts.path}?{parts.query}")

    def connect(self, values: dict[str, object], account: str = ACCOUNT, scopes: Any = None) -> Any:
        """Go all the way: leave, allow, come back."""
        return self.come_back(self.microsoft.accept(self.leave(values), account, scopes))

    def page(self, name: str) -> str:
        """Give the address of one of the connection's pages."""
        return reverse(f"mailsettings:{name}", args=[self.organization.slug, self.connection.pk])

    def read(self, answer: Any) -> str:
        """Follow an answer and read the page."""
        page = self.browser.get(answer["Location"]) if answer.status_code == 302 else answer
        return str(page.content.decode())

    @property
    def connection(self) -> Connection:
        """The saved connection."""
        with tenant(self.organization):
            return Connection.objects.of(self.organization).get(provider=PROVIDER)

    def account(self) -> ConnectedAccount | None:
        """The connected account."""
        with tenant(self.organization):
            return ConnectedAccount.objects.of(self.organization).first()

    def tokens(self) -> ConnectionToken | None:
        """The stored tokens."""
        with tenant(self.organization):
            return ConnectionToken.objects.of(self.organization).first()

    @property
    def trips(self) -> list[ConsentRequest]:
        """The trips so far, the latest last."""
        with tenant(self.organization):
            return list(ConsentRequest.objects.of(self.organization))


def asked(url: str) -> dict[str, str]:
    """Read what a consent page is asked for."""
    return {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}


@pytest.fixture
def microsoft(sandbox: Sandbox) -> Microsoft:
    """Microsoft, with two people who can sign in."""
    server = sandbox.microsoft()
    server.add_account(OTHER, name="Global admin")
    return server


@pytest.fixture
def exchange(sandbox: Sandbox, microsoft: Microsoft) -> SmtpServer:
    """Microsoft's mail server, which takes its tokens."""
    return sandbox.smtp(tokens=microsoft)


@pytest.fixture
def connector(
    contoso: Organization, owner: User, client_of: Callable[[User], Client], microsoft: Microsoft
) -> Admin:
    """The owner of Contoso at the Emails page."""
    return Admin(contoso, client_of(owner), microsoft)


@pytest.fixture
def account_form(exchange: SmtpServer) -> dict[str, object]:
    """What the owner types."""
    return account_values(exchange)


@pytest.fixture
def connected(connector: Admin, account_form: dict[str, object]) -> Admin:
    """The owner, whose account is connected and who has looked at its page."""
    connector.post(account_form)
    connector.read(connector.connect(account_form))
    return connector
