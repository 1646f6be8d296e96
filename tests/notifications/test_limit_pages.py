"""The page with the limits of a connection, and the engine that obeys them at once (WPM-5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from mailsettings.models import Connection
from notifications.drain import drain
from notifications.models import ConnectionLimit
from orgs.models import AuditEntry, Organization, Role, User
from orgs.tenancy import tenant
from sandbox.smtp import SmtpServer
from tests import factories
from tests.notifications.stories import accepted, connect_to, queue
from tests.order_stories import M365, RELAY, named, three_connections

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reachable")]


def address(organization: Organization, connection: Connection) -> str:
    return reverse("notifications:limits", args=[organization.slug, connection.pk])


def stored(organization: Organization) -> list[tuple[int | None, int | None]]:
    with tenant(organization):
        return list(ConnectionLimit.objects.of(organization).values_list("sessions", "per_minute"))


@pytest.mark.feature("WPM-5")
def test_the_engine_obeys_an_edited_limit_at_once(
    contoso: Organization, server: SmtpServer, owner: User, client_of: Callable[[User], Client]
) -> None:
    connect_to(contoso, server)
    with tenant(contoso):
        connection = Connection.objects.of(contoso).get()
    queue(contoso)
    drain(contoso.pk)
    assert accepted(contoso) == 1, "what the process remembers of the connection is from before the change"
    page, browser = address(contoso, connection), client_of(owner)
    answer = browser.post(page, {"sessions": "2", "per_minute": "3"}, follow=True)
    assert f"The limits of {connection.name} hold from now on." in answer.content.decode()
    for _ in range(6):
        queue(contoso)
    drain(contoso.pk)
    assert accepted(contoso) == len(server.inbox) == 1 + 3
    browser.post(page, {"sessions": "2", "per_minute": "0"})
    drain(contoso.pk)
    assert accepted(contoso) == 7
    with tenant(contoso):
        entry = AuditEntry.objects.of(contoso).filter(action="connection.limits_changed").order_by("seq")[0]
    assert entry.detail == {
        "before": {"sessions_at_a_time": "preset", "messages_a_minute": "preset"},
        "after": {"sessions_at_a_time": 2, "messages_a_minute": 3},
    }


def test_the_preset_stands_beside_and_holds_while_a_field_is_empty(
    contoso: Organization, owner: User, client_of: Callable[[User], Client]
) -> None:
    three_connections(contoso)
    browser = client_of(owner)
    graph, relay = named(contoso, M365), named(contoso, RELAY)
    html = browser.get(address(contoso, graph)).content.decode()
    assert "Empty: 4, the preset of the provider." in html
    assert "Empty: 30, the preset of the provider. 0 means no limit." in html
    html = browser.get(address(contoso, relay)).content.decode()
    assert "Empty: no limit, the preset of the provider." in html
    linked = browser.get(reverse("mailsettings:connection", args=[contoso.slug, relay.pk])).content.decode()
    assert address(contoso, relay) in linked
    browser.post(address(contoso, relay), {"sessions": "", "per_minute": ""})
    assert stored(contoso) == []
    with tenant(contoso):
        assert not AuditEntry.objects.of(contoso).exists(), "nothing changed, nothing is recorded"
    browser.post(address(contoso, relay), {"sessions": "50", "per_minute": "100000"})
    assert stored(contoso) == [(50, 100_000)]
    html = browser.get(address(contoso, relay)).content.decode()
    assert 'value="50"' in html
    browser.post(address(contoso, relay), {"sessions": "", "per_minute": ""})
    assert stored(contoso) == [(None, None)]


@pytest.mark.parametrize("wrong", ["0", "-1", "51", "1.5", "x", "9" * 40, "²", "\x00", "1e3", "<b>"])
def test_anything_else_than_a_number_in_its_bounds_is_refused_in_one_sentence(
    contoso: Organization, owner: User, client_of: Callable[[User], Client], wrong: str
) -> None:
    three_connections(contoso)
    page, browser = address(contoso, named(contoso, RELAY)), client_of(owner)
    answer = browser.post(page, {"sessions": wrong, "per_minute": "5"})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "Enter a whole number from 1 to 50, or leave it empty." in html
    assert "<b>" not in html
    answer = browser.post(page, {"sessions": "", "per_minute": "100001" if wrong == "0" else f"-{wrong}"})
    assert answer.status_code == 422
    assert "Enter a whole number from 0 to 100,000, or leave it empty." in answer.content.decode()
    assert stored(contoso) == []


@pytest.mark.feature("CIR-14")
def test_only_who_may_change_mail_changes_limits(
    contoso: Organization, stranger: User, fabrikam: Organization, client_of: Callable[[User], Client]
) -> None:
    three_connections(contoso)
    page = address(contoso, named(contoso, RELAY))
    reader = factories.user("reader@contoso.example")
    factories.membership(reader, contoso, Role.READ_ONLY)
    for person, status in ((reader, 403), (stranger, 404)):
        for method in ("get", "post"):
            assert getattr(client_of(person), method)(page, {"sessions": "1"}).status_code == status
    elsewhere = page.replace(contoso.slug, fabrikam.slug)
    assert client_of(stranger).post(elsewhere, {"sessions": "1"}).status_code == 404
    assert stored(contoso) == []


def test_limits_are_kept_beside_what_the_engine_notes(
    contoso: Organization, server: SmtpServer, owner: User, client_of: Any
) -> None:
    connect_to(contoso, server)
    queue(contoso)
    drain(contoso.pk)
    with tenant(contoso):
        connection = Connection.objects.of(contoso).get()
        assert ConnectionLimit.objects.of(contoso).get().sessions is None, "made by the engine"
    client_of(owner).post(address(contoso, connection), {"sessions": "1", "per_minute": ""})
    assert stored(contoso) == [(1, None)]
