"""The other side of the wire: real servers on loopback, admitted by the operator's settings only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import quote

import pytest
from pytest_django.fixtures import Settings

from mailsettings.egress import egress
from sandbox.inbox import Inbox
from sandbox.microsoft import Microsoft
from sandbox.smtp import Mode, SmtpServer
from sandbox.tls import Authority

TENANT_ID = "5b8c21f0-6a3e-47d9-9f10-c2d4e6a8b013"
CLIENT_ID = "7d1f0c52-93ab-4c1e-b0a7-2f5e8c6a1d44"
CLIENT_SECRET = "Q~8mail-secret-of-the-tests-0123456789"
MAILBOX = "notifications@contoso.com"
USERNAME, PASSWORD = "notifications@fabrikam.com", "pass-of-the-tests"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The sandbox's own certificate authority, made once."""
    return Authority(tmp_path_factory.mktemp("authority"))


@dataclass
class Sandbox:
    """Servers of one test; what they catch is in `inbox`."""

    inbox: Inbox
    authority: Authority
    settings: Settings
    folder: Path

    def __post_init__(self) -> None:
        self.started: list[SmtpServer | Microsoft] = []
        self.settings.EGRESS_ALLOW_CIDRS = (ip_network("127.0.0.0/8"),)
        self.settings.EGRESS_ALLOW_PORTS = ()
        self.settings.EXTRA_CA_BUNDLE = str(self.authority.ca_file)

    def smtp(
        self, mode: Mode = "starttls", *, inbox: Inbox | None = None, signed_in: bool = True
    ) -> SmtpServer:
        """Start a mail server that knows USERNAME and PASSWORD, unless it wants no sign-in."""
        users = {USERNAME: PASSWORD} if signed_in else {}
        server = SmtpServer(
            self.inbox if inbox is None else inbox, mode=mode, authority=self.authority, users=users
        )
        server.start()
        self.started.append(server)
        self.settings.EGRESS_ALLOW_PORTS = (*self.settings.EGRESS_ALLOW_PORTS, server.port)
        egress.cache_clear()
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
        server.start()
        self.started.append(server)
        clouds = self.folder / "clouds.json"
        clouds.write_text(json.dumps([server.cloud_row()]), encoding="utf-8")
        self.settings.CLOUDS_FILE = str(clouds)
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


def smtp_values(server: SmtpServer, **changes: object) -> dict[str, object]:
    """What an admin types for Custom SMTP with this server."""
    return {
        "sender_email": "notifications@fabrikam.com",
        "sender_name": "Fabrikam Notifications",
        "force_sender": "on",
        "host": "127.0.0.1",
        "port": str(server.port),
        "tls_option": {"plain": "none"}.get(server.mode, server.mode),
        "authentication": "on" if server.users else "",
        "username": USERNAME,
        "password": PASSWORD,
        **changes,
    }


def graph_values(server: Microsoft, **changes: object) -> dict[str, object]:
    """What an admin types for Microsoft Graph API with this stand-in."""
    return {
        "sender_email": MAILBOX,
        "sender_name": "",
        "force_sender": "on",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "access_url": server.access_url(TENANT_ID),
        **changes,
    }
