"""A client secret that expires is told in time, and its expiry holds mail instead of burning it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from mailsettings.expiry import KIND
from mailsettings.models import Connection
from mailsettings.ways import way_out
from notifications.drain import drain
from notifications.models import Notification, Status
from notifications.prune import prune
from notifications.services import enqueue
from orgs.models import Event, Organization, User
from orgs.tenancy import tenant
from tests import factories
from tests.plugin_sandbox import CLIENT_ID, CLIENT_SECRET, TENANT_ID, Sandbox, graph_values

TODAY = date(2026, 11, 21)


def reminders(organization: Organization) -> list[int]:
    with tenant(organization):
        rows = Event.objects.of(organization).filter(kind=KIND).order_by("created_at")
        return [row.detail["days"] for row in rows]


@pytest.mark.slow
@pytest.mark.feature("CIR-12")
@pytest.mark.django_db(transaction=True)
def test_each_step_before_the_expiry_is_told_once(
    contoso: Organization, owner: User, sandbox: Sandbox
) -> None:
    expires_on = TODAY + timedelta(days=70)
    values = graph_values(sandbox.microsoft(), secret_expires_on=expires_on.isoformat())
    factories.connection(contoso, "graph", values, by=owner)
    for days_left in range(70, -2, -1):
        day = expires_on - timedelta(days=days_left)
        for hour in (3, 15):
            prune(now=datetime(day.year, day.month, day.day, hour, tzinfo=UTC))
    assert reminders(contoso) == [60, 30, 14, 7, 1, 0]


@pytest.mark.feature("CIR-11", "CIR-12")
@pytest.mark.django_db
def test_the_page_warns_before_the_expiry(
    contoso: Organization, owner: User, client_of: Callable[[User], Client], sandbox: Sandbox
) -> None:
    expires_on = datetime.now(UTC).date() + timedelta(days=41)
    values = graph_values(sandbox.microsoft(), secret_expires_on=expires_on.isoformat())
    factories.connection(contoso, "graph", values, by=owner)
    html = client_of(owner).get(reverse("mailsettings:emails", args=[contoso.slug])).content.decode()
    assert "Expires in 41 days" in html
    assert f'value="{expires_on.isoformat()}"' in html


@pytest.mark.feature("CIR-12")
@pytest.mark.django_db
def test_an_expired_secret_holds_mail_until_a_new_one_is_saved(
    contoso: Organization, owner: User, client_of: Callable[[User], Client], sandbox: Sandbox
) -> None:
    microsoft = sandbox.microsoft()
    microsoft.add_app(TENANT_ID, CLIENT_ID, "Q~8an-old-secret-of-the-tests-0123", secret_expired=True)
    old = graph_values(microsoft, client_secret="Q~8an-old-secret-of-the-tests-0123")
    factories.connection(contoso, "graph", old, by=owner)
    for number in range(3):
        enqueue(organization=contoso, to="reader@example.com", subject=f"Held {number}", text="x")
    drain(contoso.pk)
    with tenant(contoso):
        connection = Connection.objects.of(contoso).get()
        assert connection.held_code == "token_secret_expired"
        rows = Notification.objects.of(contoso)
        assert set(rows.values_list("status", "attempts")) == {(Status.QUEUED, 0)}
    url = reverse("mailsettings:emails", args=[contoso.slug])
    browser = client_of(owner)
    html = browser.get(url).content.decode()
    assert "has expired" in html
    assert "New client secret" in html
    form = {
        "smtp_enabled": "on",
        "provider": "graph",
        "shown": "graph",
        "version": way_out(contoso.pk).settings_version,
    }
    assert browser.post(url, form | graph_values(microsoft, client_secret=CLIENT_SECRET)).status_code == 302
    drain(contoso.pk)
    assert len(sandbox.inbox) == 3
    with tenant(contoso):
        assert Connection.objects.of(contoso).get().held_code == ""
        assert set(Notification.objects.of(contoso).values_list("status", flat=True)) == {Status.ACCEPTED}
