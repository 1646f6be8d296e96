"""An admin at the pages of mail settings, and the worker behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.test import Client
from django.urls import reverse

from mailsettings.models import Connection
from mailsettings.ways import mail_settings
from notifications.drain import run_tests
from orgs.models import Organization
from orgs.tenancy import tenant


class Admin:
    """Presses the buttons of the Emails page and of the connections."""

    def __init__(self, organization: Organization, browser: Client) -> None:
        """Sit down at the pages of one organization."""
        self.organization, self.browser = organization, browser

    def url(self, name: str, *more: object) -> str:
        """Give the address of a page of this organization."""
        return reverse(name, args=[self.organization.slug, *more])

    def version(self) -> int:
        """Read the version a page opened now would carry."""
        with tenant(self.organization):
            return mail_settings(self.organization.pk).version

    def typed(self, provider: str, values: Mapping[str, object], **more: object) -> dict[str, object]:
        """Give what a browser sends from the Emails page."""
        return {
            "smtp_enabled": "on",
            "provider": provider,
            "shown": provider,
            "version": self.version(),
            **values,
            **more,
        }

    def save(self, provider: str, values: Mapping[str, object], **more: object) -> Any:
        """Press Save on the Emails page; the worker has not looked yet."""
        return self.browser.post(self.url("mailsettings:emails"), self.typed(provider, values, **more))

    def add(self, provider: str, values: Mapping[str, object], *, name: str, action: str = "") -> Any:
        """Press Save on the page for one more connection."""
        form = self.typed(provider, values, name=name, action=action)
        return self.browser.post(self.url("mailsettings:add_connection"), form)

    def edit(self, connection: Connection, values: Mapping[str, object], **more: object) -> Any:
        """Press Save on the page of one connection."""
        form = self.typed(connection.provider, values, **{"name": connection.name, **more})
        return self.browser.post(self.url("mailsettings:connection", connection.pk), form)

    def lift_limits(self) -> None:
        """Allow any number of messages a minute on the page of each connection's limits."""
        for row in self.connections().values():
            answer = self.browser.post(self.url("notifications:limits", row.pk), {"per_minute": "0"})
            assert answer.status_code == 302, answer.content.decode()

    def finish(self, answer: Any) -> str:
        """Let the worker look, and follow to the page that comes after."""
        assert answer.status_code == 302, answer.content.decode()
        run_tests(self.organization.pk)
        page = self.browser.get(answer["Location"], follow=True)
        assert page.status_code == 200
        html: str = page.content.decode()
        return html

    def connections(self) -> dict[str, Connection]:
        """Read the saved connections by name."""
        with tenant(self.organization):
            return {row.name: row for row in Connection.objects.of(self.organization)}
