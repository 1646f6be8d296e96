"""An admin at the card of a next secret, and what the other side makes of the current one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client
from django.urls import reverse

from mailsettings.models import Connection, StoredSecret
from notifications.drain import drain, run_tests
from notifications.models import Notification
from notifications.services import enqueue
from orgs.models import AuditEntry, Event, Organization
from orgs.tenancy import tenant
from sandbox.microsoft import Microsoft
from tests.plugin_sandbox import CLIENT_ID, CLIENT_SECRET, TENANT_ID

NEXT = "Q~8the-next-secret-of-the-tests-4567"
TODAY = datetime.now(UTC).date()
LATER = TODAY + timedelta(days=500)


class SecretAdmin:
    """An owner at the page of a connection whose secret expires."""

    def __init__(self, organization: Organization, browser: Client, connection: Connection) -> None:
        self.organization, self.browser, self.connection = organization, browser, connection

    def url(self, name: str, *more: object) -> str:
        """Give an address of the connection."""
        space = "mailsettings" if name == "connection" else "notifications"
        return reverse(f"{space}:{name}", args=[self.organization.slug, self.connection.pk, *more])

    def store(self, secret: str = NEXT, expires_on: object = LATER, **more: object) -> Any:
        """Press Store and test."""
        form = {"next_secret": secret, "expires_on": str(expires_on), "version": self.read().version, **more}
        return self.browser.post(self.url("store_next_secret"), form)

    def tested(self, answer: Any) -> str:
        """Let the worker look, and read the page of the result."""
        assert answer.status_code == 302, answer.content.decode()
        run_tests(self.organization.pk)
        return self.page(answer["Location"])

    def page(self, address: str = "") -> str:
        """Read a page."""
        answer = self.browser.get(address or self.url("connection"), follow=True)
        assert answer.status_code == 200
        return str(answer.content.decode())

    def use(self) -> str:
        """Press Use it now."""
        return self.page(self.browser.post(self.url("use_next_secret"))["Location"])

    def read(self) -> Connection:
        """Read the connection again."""
        with tenant(self.organization):
            return Connection.objects.of(self.organization).get(pk=self.connection.pk)

    def slots(self) -> dict[bool, StoredSecret]:
        """Read both slots."""
        with tenant(self.organization):
            rows = StoredSecret.objects.of(self.organization).filter(connection=self.connection)
            return {row.is_next: row for row in rows}

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Read what was told."""
        with tenant(self.organization):
            rows = Event.objects.of(self.organization).filter(kind=kind)
            return [row.detail for row in rows.order_by("created_at")]

    def audited(self) -> list[str]:
        """Read what was written down, the latest first."""
        with tenant(self.organization):
            rows = AuditEntry.objects.of(self.organization)
            return list(rows.order_by("-seq").values_list("action", flat=True))


def expire(microsoft: Microsoft, secret: str = CLIENT_SECRET) -> None:
    """Let Microsoft refuse a secret as expired from now on, and every token given for it."""
    microsoft.add_app(TENANT_ID, CLIENT_ID, secret, secret_expired=True)


def send(keeper: SecretAdmin, count: int = 1) -> list[Notification]:
    """Queue messages and let the worker's code run until nothing may go at once."""
    for number in range(count):
        enqueue(organization=keeper.organization, to="reader@example.com", subject=f"Mail {number}", text="x")
    while drain(keeper.organization.pk):
        pass
    with tenant(keeper.organization):
        return list(Notification.objects.of(keeper.organization).filter(kind="notification"))
