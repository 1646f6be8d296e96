"""The other side of the wire: real servers on loopback, admitted by the operator's settings only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as product
from pytest_django.fixtures import Settings

from mailsettings.egress import egress
from sandbox.dns import DnsServer, Fault, Zones
from sandbox.google import OAuthServer
from sandbox.inbox import Inbox
from sandbox.listener import LOOPBACK
from sandbox.microsoft import Microsoft
from sandbox.smtp import Mode, SmtpServer
from sandbox.tls import Authority
from tests.typed_values import (
    ACCOUNT,
    CLIENT_ID,
    CLIENT_SECRET,
    MAILBOX,
    OAUTH_CLIENT_ID,
    OAUTH_CLIENT_SECRET,
    OAUTH_MAILBOX,
    PASSWORD,
    TENANT_ID,
    USERNAME,
    account_values,
    graph_values,
    microsoft365_values,
    oauth_values,
    smtp_values,
)

__all__ = [
    "ACCOUNT",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "MAILBOX",
    "OAUTH_CLIENT_ID",
    "OAUTH_CLIENT_SECRET",
    "OAUTH_MAILBOX",
    "PASSWORD",
    "TENANT_ID",
    "USERNAME",
    "Sandbox",
    "account_values",
    "authority",
    "graph_values",
    "microsoft365_values",
    "oauth_values",
    "sandbox",
    "smtp_values",
]

Issuer = Microsoft | OAuthServer


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The sandbox's own certificate authority, made once."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session", autouse=True)
def no_names_from_outside() -> Iterator[None]:
    """Answer every question about a sender's domain from loopback: there is no such record."""
    with DnsServer() as server:
        product.DNS_SERVERS = ((LOOPBACK, server.port),)
        yield


@dataclass
class Sandbox:
    """Servers of one test; what they catch is in `inbox`."""

    inbox: Inbox
    authority: Authority
    settings: Settings
    folder: Path

    def __post_init__(self) -> None:
        self.started: list[SmtpServer | Microsoft | OAuthServer | DnsServer] = []
        self.settings.EGRESS_ALLOW_CIDRS = (ip_network("127.0.0.0/8"),)
        self.settings.EGRESS_ALLOW_PORTS = ()
        self.settings.EXTRA_CA_BUNDLE = str(self.authority.ca_file)

    def smtp(
        self,
        mode: Mode = "starttls",
        *,
        inbox: Inbox | None = None,
        signed_in: bool = True,
        tokens: Issuer | None = None,
    ) -> SmtpServer:
        """Start a mail server that knows USERNAME and PASSWORD, unless it wants no sign-in.

        With `tokens` it lets in who has a token of that issuer, and nobody with a password.
        """
        options: dict[str, Any] = {"users": {USERNAME: PASSWORD} if signed_in and tokens is None else {}}
        if tokens is not None:
            options["tokens"] = tokens.accepts
        caught = self.inbox if inbox is None else inbox
        server = SmtpServer(caught, mode=mode, authority=self.authority, **options)
        server.start()
        self.started.append(server)
        self.settings.EGRESS_ALLOW_PORTS = (*self.settings.EGRESS_ALLOW_PORTS, server.port)
        egress.cache_clear()
        return server

    def dns(self, zones: Zones | None = None, *, faults: Mapping[str, Fault] | None = None) -> DnsServer:
        """Start a name server with these zones; the product asks it and no other."""
        server = DnsServer(zones, faults=faults)
        server.start()
        self.started.append(server)
        self.settings.DNS_SERVERS = ((LOOPBACK, server.port),)
        return server

    def refresh(self) -> None:
        """Make the product read the operator's settings again."""
        egress.cache_clear()

    def default_mailer(self, server: SmtpServer) -> None:
        """Make a server the system default mailer, as `DEFAULT_MAILER_URL` would."""
        who = f"{quote(USERNAME)}:{quote(PASSWORD)}"
        scheme = "smtps" if server.mode == "tls" else "smtp"
        sender = "platform@mailroom.example"
        self.settings.DEFAULT_MAILER_URL = f"{scheme}://{who}@127.0.0.1:{server.port}?from={sender}"

    def microsoft(self, *, inbox: Inbox | None = None) -> Microsoft:
        """Start a stand-in for Microsoft that knows TENANT_ID, CLIENT_ID, CLIENT_SECRET and MAILBOX."""
        server = Microsoft(self.inbox if inbox is None else inbox, self.authority)
        tenant = server.add_tenant(TENANT_ID, "contoso.com")
        server.add_app(tenant, CLIENT_ID, CLIENT_SECRET)
        server.add_mailbox(MAILBOX)
        server.add_account(ACCOUNT, name="Contoso Notifications")
        server.start()
        self.started.append(server)
        clouds = self.folder / "clouds.json"
        clouds.write_text(json.dumps([server.cloud_row()]), encoding="utf-8")
        self.settings.CLOUDS_FILE = str(clouds)
        egress.cache_clear()
        return server

    def google(self) -> OAuthServer:
        """Start a plain OAuth 2.0 server that knows OAUTH_CLIENT_ID, its secret, and OAUTH_MAILBOX."""
        server = OAuthServer(self.authority)
        server.add_client(OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET)
        server.add_account(OAUTH_MAILBOX, name="Fabrikam Notifications")
        server.start()
        self.started.append(server)
        self.settings.OAUTH_ALLOW_HOSTS = (*self.settings.OAUTH_ALLOW_HOSTS, server.host)
        egress.cache_clear()
        return server


@pytest.fixture
def sandbox(authority: Authority, settings: Settings, tmp_path: Path) -> Iterator[Sandbox]:
    """Servers on demand; all are stopped afterwards."""
    made = Sandbox(Inbox(None), authority, settings, tmp_path)
    egress.cache_clear()
    yield made
    for server in made.started:
        server.stop()
    egress.cache_clear()
