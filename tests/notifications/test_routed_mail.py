"""Routed mail: where it arrives, what its page says, and rules that go while mail is being queued."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from mailsettings.connections.services import switch
from mailsettings.models import Connection, RoutingRule
from mailsettings.routing.services import remove_rule, repoint
from notifications.models import Notification, Status
from orgs.models import Organization, User
from orgs.tenancy import tenant
from sandbox.smtp import SmtpServer
from tests.mailsettings.routing_stories import extra, store, when
from tests.notifications.backups import alarms_of
from tests.notifications.stories import connect, connect_to, drain_all, eventually, look, queue

pytestmark = pytest.mark.django_db(transaction=True)

INVOICES = [when("notification_type", "is", "invoice")]


@pytest.mark.feature("WPM-34")
def test_routed_mail_arrives_at_its_server_only(
    contoso: Organization, server: SmtpServer, second: SmtpServer
) -> None:
    connect_to(contoso, server)
    relay = extra(contoso, "Contoso relay", port=second.port)
    store(contoso, relay, INVOICES)
    invoices = [queue(contoso, subject=f"Invoice {n}", notification_type="invoice") for n in range(5)]
    others = [queue(contoso, subject=f"Reminder {n}", notification_type="reminder") for n in range(5)]
    drain_all(contoso)
    assert sorted(mail.subject for mail in second.inbox) == [f"Invoice {n}" for n in range(5)]
    assert sorted(mail.subject for mail in server.inbox) == [f"Reminder {n}" for n in range(5)]
    assert {mail.envelope_from for mail in second.inbox} == {"relay@contoso.example"}
    for row in map(look, (*invoices, *others)):
        assert (row.status, row.attempts, row.took_over) == (Status.ACCEPTED, 1, False)
        assert row.way_name == ("Contoso relay" if row.route_id else "Custom SMTP")


@pytest.mark.feature("WPM-34")
def test_a_rule_changed_later_does_not_move_what_is_queued(
    contoso: Organization, server: SmtpServer, second: SmtpServer
) -> None:
    connect_to(contoso, server)
    rule = store(contoso, extra(contoso, "Contoso relay", port=second.port), INVOICES)
    queue(contoso, subject="Before", notification_type="invoice")
    with tenant(contoso):
        remove_rule(rule=rule)
    queue(contoso, subject="After", notification_type="invoice")
    drain_all(contoso)
    assert [mail.subject for mail in second.inbox] == ["Before"]
    assert [mail.subject for mail in server.inbox] == ["After"]


STORIES: list[tuple[dict[str, Any], str]] = [
    ({}, "By your application. Rule 1 chose Contoso relay."),
    ({"falls_back": False}, "By your application. Rule 1 chose Contoso relay and no other."),
]


@pytest.mark.feature("WPM-34")
@pytest.mark.parametrize(("options", "words"), STORIES)
def test_the_timeline_says_which_rule_chose(
    contoso: Organization, owner: User, client_of: Callable[[User], Client], options: Any, words: str
) -> None:
    connect(contoso)
    rule = store(contoso, extra(contoso, "Contoso relay"), INVOICES, **options)
    routed, plain = queue(contoso, notification_type="invoice"), queue(contoso)

    def page(row: Notification) -> str:
        address = reverse("notifications:delivery", args=[contoso.slug, row.pk])
        return str(client_of(owner).get(address).content.decode())

    assert words in page(routed)
    assert "By your application." in page(plain)
    assert "Rule" not in page(plain)
    with tenant(contoso):
        remove_rule(rule=rule)
        Connection.objects.of(contoso).get(name="Contoso relay").delete()
    assert "Rule 1 chose a connection that was removed since." in page(routed)


WAITING = """
SELECT EXISTS (SELECT FROM pg_locks waits WHERE NOT waits.granted AND waits.pid IN (
    SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
    WHERE datname = current_database()))
"""


def some_session_waits() -> bool:
    """Say whether a session of this database waits for a lock of another one."""
    with connections["default"].cursor() as cursor:
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])


@pytest.mark.feature("WPM-34")
def test_the_order_takes_over_from_a_disabled_connection_without_an_alarm(
    contoso: Organization, server: SmtpServer, second: SmtpServer
) -> None:
    connect_to(contoso, server)
    relay = extra(contoso, "Contoso relay", port=second.port)
    store(contoso, relay, INVOICES, falls_back=True)
    with tenant(contoso):
        switch(connection=relay, enabled=False, user=None)
    row = queue(contoso, notification_type="invoice")
    drain_all(contoso)
    assert (look(row).status, look(row).took_over, look(row).attempts) == (Status.ACCEPTED, True, 1)
    assert (len(server.inbox), second.sessions) == (1, [])
    assert alarms_of(contoso) == []


@pytest.mark.feature("WPM-34")
def test_mail_whose_rule_lets_no_other_take_over_waits_for_its_disabled_connection(
    contoso: Organization,
    server: SmtpServer,
    second: SmtpServer,
    owner: User,
    client_of: Callable[..., Client],
) -> None:
    connect_to(contoso, server)
    relay = extra(contoso, "Contoso relay", port=second.port)
    store(contoso, relay, INVOICES, falls_back=False)
    with tenant(contoso):
        switch(connection=relay, enabled=False, user=None)
    row, other = queue(contoso, notification_type="invoice"), queue(contoso)
    drain_all(contoso)
    assert [look(one).status for one in (row, other)] == [Status.QUEUED, Status.ACCEPTED]
    page = client_of(owner).get(reverse("notifications:delivery", args=[contoso.slug, row.pk]))
    assert "A rule chose a disabled connection" in page.content.decode()
    with tenant(contoso):
        switch(connection=relay, enabled=True, user=None)
    drain_all(contoso)
    assert (look(row).status, look(row).took_over) == (Status.ACCEPTED, False)
    assert (len(server.inbox), len(second.inbox)) == (1, 1)


def take_rule_away(organization: Organization) -> None:
    remove_rule(rule=RoutingRule.objects.of(organization).get())


def take_connection_away(organization: Organization) -> None:
    old = Connection.objects.of(organization).get(name="Contoso relay")
    other = Connection.objects.of(organization).get(rank="primary")
    repoint(RoutingRule.objects.of(organization), other, None)
    old.delete()


@pytest.mark.parametrize("take_away", [take_rule_away, take_connection_away])
def test_what_goes_while_a_message_is_being_queued_waits_for_it(
    contoso: Organization, reachable: Any, take_away: Callable[[Organization], None]
) -> None:
    connect(contoso)
    store(contoso, extra(contoso, "Contoso relay"), INVOICES)

    def remove() -> None:
        try:
            with tenant(contoso):
                take_away(contoso)
        finally:
            connections.close_all()

    remover = threading.Thread(target=remove)
    # The application's own transaction is still open when somebody removes what was chosen.
    with tenant(contoso):
        row = queue(contoso, notification_type="invoice")
        remover.start()
        eventually(some_session_waits)
    remover.join(10)
    assert not remover.is_alive()
    stored = look(row)
    assert stored.rule_place == 1
    assert (stored.rule_id, stored.route_id).count(None) == 1
