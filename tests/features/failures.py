"""The walk through the catalogue of failures: each one is produced on the wire, and the page is read."""

from __future__ import annotations

import base64
import json
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import quote_plus

from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from mailsettings.advice import FIXERS
from mailsettings.egress import egress
from mailsettings.ways import mail_settings
from notifications.drain import run_tests
from notifications.models import DeliveryAttempt, Notification
from orgs.models import Organization
from orgs.tenancy import tenant
from sandbox.google import OAuthServer
from sandbox.inbox import Inbox
from sandbox.listener import LOOPBACK
from sandbox.microsoft import Microsoft
from sandbox.smtp import Mode, Rules, SmtpServer
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
)

# Everything that was typed in confidence, in the forms it could come back in.
CANARIES = (
    *(
        form
        for secret in (PASSWORD, CLIENT_SECRET, OAUTH_CLIENT_SECRET)
        for form in (secret, quote_plus(secret), base64.b64encode(secret.encode()).decode())
    ),
    base64.b64encode(f"\0{USERNAME}\0{PASSWORD}".encode()).decode(),
)
TOKEN = re.compile(r"eyJ[\w-]{10,}\.[\w-]{10,}|Bearer\s+[\w.-]{16,}|ya29\.[\w.-]{10,}", re.IGNORECASE)


class Servers:
    """The other side of the wire for the whole walk; started once, put right before every case."""

    def __init__(self, authority: Authority, folder: Path) -> None:
        self.authority, self.folder = authority, folder
        self.inbox = Inbox(None)
        self.microsoft = Microsoft(self.inbox, authority)
        self.google = OAuthServer(authority)
        users = {USERNAME: PASSWORD}
        self.mail = self._mail("starttls", users=users)
        self.over_tls = self._mail("tls", users=users)
        self.relay = self._mail("starttls")
        self.exchange = SmtpServer(self.inbox, authority=authority, tokens=self.microsoft.accepts)
        self.gmail = SmtpServer(self.inbox, authority=authority, tokens=self.google.accepts)
        self.all = (self.microsoft, self.google, *self.mail_servers)
        self.closed_port = free_port()

    @property
    def mail_servers(self) -> tuple[SmtpServer, ...]:
        """Every mail server."""
        return (self.mail, self.over_tls, self.relay, self.exchange, self.gmail)

    def _mail(self, mode: Mode, users: dict[str, str] | None = None) -> SmtpServer:
        return SmtpServer(self.inbox, mode=mode, authority=self.authority, users=users)

    def start(self) -> None:
        """Listen, and tell the directory who is who."""
        for server in self.all:
            server.start()
        self.tenant = self.microsoft.add_tenant(TENANT_ID, "contoso.com")
        (self.folder / "clouds.json").write_text(json.dumps([self.microsoft.cloud_row()]), encoding="utf-8")
        self.put_right()

    def stop(self) -> None:
        """Stop listening."""
        for server in self.all:
            server.stop()

    def put_right(self) -> None:
        """Forget what an earlier case broke."""
        self.inbox.clear()
        for server in self.mail_servers:
            server.rules = Rules()
            server.context = self.authority.context()
            server.sessions.clear()
        microsoft = self.microsoft
        microsoft.entra.script.clear()
        microsoft.graph.script.clear()
        microsoft.graph.at.clear()
        microsoft.entra.sign_in.script.clear()
        roles = ("Mail.Send", "SMTP.SendAsApp")
        microsoft.add_app(self.tenant, CLIENT_ID, CLIENT_SECRET, roles=roles)
        microsoft.add_mailbox(MAILBOX)
        microsoft.add_account(ACCOUNT, name="Contoso Notifications")
        self.google.script.clear()
        self.google.add_client(OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET)
        self.google.add_account(OAUTH_MAILBOX, name="Fabrikam Notifications").ended = False

    def admit(self, settings: Settings) -> None:
        """Let the product reach these servers, as the operator's settings would."""
        settings.EGRESS_ALLOW_CIDRS = (ip_network("127.0.0.0/8"),)
        settings.EGRESS_ALLOW_PORTS = (*(server.port for server in self.mail_servers), self.closed_port)
        settings.EXTRA_CA_BUNDLE = str(self.authority.ca_file)
        settings.CLOUDS_FILE = str(self.folder / "clouds.json")
        settings.OAUTH_ALLOW_HOSTS = (self.google.host,)
        egress.cache_clear()


def free_port() -> int:
    """Find a port nobody listens at."""
    with socket.create_server((LOOPBACK, 0)) as free:
        return int(free.getsockname()[1])


@dataclass(frozen=True)
class Case:
    """One failure: what is broken, and what the page must say about it.

    `step` is the failing step of the ladder, `title` words of the heading, `fixer` a key of FIXERS.
    """

    name: str
    step: str
    title: str
    fixer: str
    make: Callable[[Servers], tuple[str, dict[str, object]]] = field(repr=False)
    says: str = ""

    def __str__(self) -> str:
        return self.name


@dataclass
class Page:
    """The result of one test, as the admin reads it."""

    html: str
    attempt: DeliveryAttempt | None

    @property
    def title(self) -> str:
        """The heading of the verdict."""
        found = re.search(r'<h2 id="verdict"[^>]*>(.*?)</h2>', self.html, re.DOTALL)
        assert found is not None
        return unescape(re.sub(r"<[^>]+>", "", found[1])).strip()

    @property
    def failing_step(self) -> str:
        """The step of the ladder that carries the cross; nothing when the test never started."""
        found = re.search(r'<li class="bad">.*?<h3>(.*?)</h3>', self.html, re.DOTALL)
        return unescape(found[1]).strip() if found else ""

    @property
    def fixer(self) -> str:
        """The key of who can fix it."""
        shown = unescape(self.html)
        return next(key for key, label in FIXERS.items() if f">{label}</p>" in shown)

    @property
    def steps(self) -> str:
        """What to do."""
        found = re.search(r'<ol class="steps md" id="fix-steps">(.*?)</ol>', self.html, re.DOTALL)
        assert found is not None
        return unescape(re.sub(r"<[^>]+>", "", found[1]))

    @property
    def kept(self) -> str:
        """What the product's own log keeps of the try."""
        row = self.attempt
        return "" if row is None else f"{row.code} {row.reply} {row.provider_code} {row.facts} {row.stages}"


@dataclass
class Admin:
    """Somebody at the Emails page, and a worker that runs what they start."""

    organization: Organization
    browser: Client

    def test(self, provider: str, values: dict[str, object], *, to: str = "owner@contoso.example") -> Page:
        """Press Test SMTP with these values, let the worker run, and read the page."""
        with tenant(self.organization):
            version = mail_settings(self.organization.pk).version
        form = {"smtp_enabled": "on", "provider": provider, "shown": provider, "version": version, **values}
        answer = self.browser.post(
            reverse("notifications:test", args=[self.organization.slug]), form | {"test_to": to}
        )
        assert answer.status_code == 302, errors_in(answer.content.decode())
        run_tests(self.organization.pk)
        return self.read(answer["Location"])

    def read(self, path: str) -> Page:
        """Read a result."""
        answer = self.browser.get(path)
        assert answer.status_code == 200
        with tenant(self.organization):
            row = Notification.objects.of(self.organization).order_by("-id").first()
            attempt = (
                DeliveryAttempt.objects.of(self.organization)
                .filter(notification=row)
                .order_by("-number")
                .first()
            )
        return Page(answer.content.decode(), attempt)


def errors_in(html: str) -> list[str]:
    """Name what the form did not like."""
    return re.findall(r'class="error"[^>]*>(.*?)</p>', html, re.DOTALL)


def leaked(*texts: str) -> list[str]:
    """Find secrets and tokens where none may be."""
    whole = "\n".join(texts)
    return [canary for canary in CANARIES if canary in whole] + TOKEN.findall(whole)


def check(case: Case, page: Page, servers: Servers, log: str) -> None:
    """Compare the page with what the case says."""
    assert "Success" not in page.html
    assert (page.failing_step, page.fixer) == (case.step, case.fixer), (page.title, page.kept)
    assert case.title in page.title, page.kept
    assert page.steps.strip()
    if case.says:
        assert case.says in unescape(re.sub(r"<[^>]+>", "", page.html))
    assert leaked(page.html, page.kept, log) == []
    assert len(servers.inbox) == 0
