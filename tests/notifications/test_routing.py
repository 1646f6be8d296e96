"""Rules at enqueue: what they see and choose, when they are not asked, and what that costs."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.mail import EmailMessage, get_connection
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mailsettings.models import AccountState, ConnectedAccount, Connection, RoutingRule
from mailsettings.routing.route import route_for, rules_in_force
from mailsettings.routing.sample import Sample
from mailsettings.routing.services import remove_rule, repoint, switch_routing, switch_rule
from mailsettings.services import switch_off
from mailsettings.ways import mail_settings
from notifications.models import Notification
from notifications.sequences import enqueue_sequence
from notifications.services import enqueue
from orgs.models import Organization
from orgs.tenancy import tenant
from tests import factories
from tests.mailsettings.routing_stories import extra, store, when
from tests.notifications.stories import connect, look, queue

pytestmark = pytest.mark.django_db

EVERY = [when("subject", "matches", "*")]
INVOICES = [when("notification_type", "is", "invoice")]


@pytest.fixture
def relay(contoso: Organization, reachable: Any) -> Connection:
    """One more connection, beside the primary one that is in use."""
    connect(contoso)
    return extra(contoso, "Contoso relay")


def route(row: Notification) -> tuple[Any, ...]:
    """Give what was stored about the choice."""
    stored = look(row)
    return (stored.route_id, stored.route_falls_back, stored.rule_id, stored.rule_place)


NO_ROUTE = (None, True, None, None)


@pytest.mark.feature("WPM-34")
def test_enqueue_keeps_what_the_first_matching_rule_chose(contoso: Organization, relay: Connection) -> None:
    store(contoso, relay, [when("subject", "is", "nothing like it")])
    chosen = store(contoso, relay, INVOICES, falls_back=False)
    store(contoso, relay, EVERY)
    assert route(queue(contoso, notification_type="invoice")) == (relay.pk, False, chosen.pk, 2)
    row = queue(contoso, notification_type="reminder")
    assert (look(row).rule_place, look(row).route_falls_back) == (3, True)


@pytest.mark.feature("WPM-34")
def test_without_a_match_the_order_of_connections_decides(contoso: Organization, relay: Connection) -> None:
    store(contoso, relay, INVOICES)
    assert route(queue(contoso)) == NO_ROUTE


SEEN: list[tuple[str, str, dict[str, Any]]] = [
    ("subject", "plan b", {"subject": "Plan B"}),
    ("body", "in the text", {"text": "It stands in the text."}),
    ("body", "in the html", {"text": "", "html": "<p>It stands <i>in</i> the HTML.</p>"}),
    ("from_address", "legal@contoso.example", {"sender": "legal@contoso.example"}),
    ("from_name", "legal team", {"sender": "Legal team <legal@contoso.example>"}),
    ("to", "to@example.com", {"to": "other@example.com, To <to@example.com>"}),
    ("cc", "cc@example.com", {"cc": "cc@example.com"}),
    ("bcc", "bcc@example.com", {"bcc": "bcc@example.com"}),
    ("reply_to", "answers@example.com", {"reply_to": "answers@example.com"}),
    ("recipient_domain", "example.org", {"bcc": "somebody@example.org"}),
    ("header_name", "x-campaign", {"headers": {"X-Campaign": "spring"}}),
    ("header_value", "spring", {"headers": {"X-Campaign": "spring"}}),
    ("notification_type", "invoice", {"notification_type": "invoice"}),
]


@pytest.mark.feature("WPM-34")
@pytest.mark.parametrize(("field", "value", "message"), SEEN)
def test_rules_see_every_part_of_what_is_queued(
    contoso: Organization, relay: Connection, field: str, value: str, message: dict[str, Any]
) -> None:
    store(contoso, relay, [when(field, "contains", value)])
    assert route(queue(contoso)) == NO_ROUTE
    assert look(queue(contoso, **message)).route_id == relay.pk


def test_a_message_without_a_sender_counts_as_the_primary_connections(
    contoso: Organization, relay: Connection
) -> None:
    store(contoso, relay, [when("from_address", "is", "notify@contoso.example")])
    store(contoso, relay, [when("from_name", "is", "Contoso"), when("subject", "is", "Named")])
    assert look(queue(contoso)).rule_place == 1
    assert route(queue(contoso, sender="legal@contoso.example")) == NO_ROUTE
    with tenant(contoso):
        first = Connection.objects.of(contoso).get(rank="primary")
        Connection.objects.of(contoso).filter(pk=first.pk).update(
            settings={**first.settings, "sender_email": ""}
        )
    assert look(queue(contoso, subject="Named")).rule_place == 2, "nobody is connected, the name is known"
    assert route(queue(contoso)) == NO_ROUTE
    with tenant(contoso):
        ConnectedAccount.objects.create(
            organization=contoso,
            connection=first,
            state=AccountState.CONNECTED,
            email="notify@contoso.example",
            connected_at=timezone.now(),
        )
    assert look(queue(contoso)).rule_place == 1


def smtp_off(organization: Organization) -> None:
    switch_off(organization=organization, user=None, expected_version=mail_settings(organization.pk).version)


def routing_off(organization: Organization) -> None:
    switch_routing(organization=organization, enabled=False)


def rule_off(organization: Organization) -> None:
    switch_rule(rule=RoutingRule.objects.of(organization).get(), enabled=False, user=None)


def rule_gone(organization: Organization) -> None:
    remove_rule(rule=RoutingRule.objects.of(organization).get())


def connection_gone(organization: Organization) -> None:
    rule_gone(organization)
    Connection.objects.of(organization).get(name="Contoso relay").delete()


@pytest.mark.feature("WPM-34")
@pytest.mark.parametrize("change", [smtp_off, routing_off, rule_off, rule_gone, connection_gone])
def test_nothing_is_routed_while_it_cannot_be(contoso: Organization, relay: Connection, change: Any) -> None:
    store(contoso, relay, EVERY)
    assert look(queue(contoso)).route_id == relay.pk
    with tenant(contoso):
        change(contoso)
    assert route(queue(contoso)) == NO_ROUTE


def test_nothing_is_routed_without_the_add_on(reachable: Any) -> None:
    plain = factories.organization("Plain", slug="plain", custom_mail=False)
    connect(plain)
    store(plain, extra(plain, "Relay"), EVERY)
    assert route(queue(plain)) == NO_ROUTE


@pytest.mark.parametrize("then", ["removed", "re-pointed"])
def test_a_rule_that_changes_while_a_message_is_being_queued_is_read_again(
    contoso: Organization, relay: Connection, then: str
) -> None:
    changed = store(contoso, relay, EVERY)
    behind = store(contoso, relay, EVERY)
    with tenant(contoso):
        read = Organization.objects.filter(pk=contoso.pk).values_list(rules_in_force(), flat=True).get()
        if then == "removed":
            remove_rule(rule=changed)
            expected = (relay.pk, behind.pk)
        else:
            other = Connection.objects.of(contoso).get(rank="primary")
            repoint([changed], other, None)
            expected = (other.pk, changed.pk)
        chosen = route_for(contoso.pk, Sample(subject="Hello"), read)
    assert chosen is not None
    assert (chosen.connection_id, chosen.rule_id) == expected


def test_a_rule_decides_also_for_a_connection_that_is_switched_off(
    contoso: Organization, relay: Connection
) -> None:
    store(contoso, relay, EVERY)
    store(contoso, extra(contoso, "Second relay"), EVERY)
    with tenant(contoso):
        Connection.objects.of(contoso).filter(pk=relay.pk).update(enabled=False)
    row = look(queue(contoso))
    assert (row.route_id, row.rule_place) == (relay.pk, 1)


@pytest.mark.parametrize("kind", ["test", "verification"])
def test_tests_and_verifications_are_not_routed(contoso: Organization, relay: Connection, kind: str) -> None:
    store(contoso, relay, EVERY)
    row = enqueue(organization=contoso, to="admin@contoso.example", subject="Test", kind=kind)
    assert route(row) == NO_ROUTE


@pytest.mark.feature("WPM-34")
def test_sequences_and_djangos_mail_are_routed_too(contoso: Organization, relay: Connection) -> None:
    store(contoso, relay, [when("subject", "contains", "invoice")])
    rows = enqueue_sequence(
        organization=contoso,
        to="reader@example.com",
        messages=[{"subject": "Invoice 1"}, {"subject": "Reminder"}, {"subject": "Invoice 2"}],
    )
    assert [look(row).rule_place for row in rows] == [1, None, 1]
    outbox = get_connection("notifications.backend.OutboxBackend", organization=contoso)
    EmailMessage("Your invoice", "x", "a@contoso.example", ["b@example.com"], connection=outbox).send()
    with tenant(contoso):
        assert Notification.objects.of(contoso).get(subject="Your invoice").route_id == relay.pk


def test_a_repeated_key_gives_the_first_row_with_its_route(contoso: Organization, relay: Connection) -> None:
    chosen = store(contoso, relay, EVERY)
    first = queue(contoso, idempotency_key="order-1")
    with tenant(contoso):
        switch_rule(rule=chosen, enabled=False, user=None)
    again = queue(contoso, idempotency_key="order-1")
    assert again.pk == first.pk
    assert route(again)[0] == relay.pk


@pytest.mark.parametrize("stored", [{"field": "moon"}, [[{"field": "subject", "operator": "regex"}]], 7, "x"])
def test_a_rule_stored_broken_stops_no_mail(contoso: Organization, relay: Connection, stored: Any) -> None:
    with tenant(contoso):
        RoutingRule.objects.create(organization=contoso, place=1, connection=relay, groups=stored)
    whole = store(contoso, relay, EVERY)
    assert route(queue(contoso)) == (relay.pk, True, whole.pk, 2)


def queries(organization: Organization) -> int:
    """Count the queries of one enqueue inside a transaction of the caller."""
    with tenant(organization), CaptureQueriesContext(connections["default"]) as seen:
        queue(organization, subject="Counted")
    return len(seen)


def test_rules_cost_no_query_and_a_choice_costs_one(contoso: Organization, relay: Connection) -> None:
    before = queries(contoso)
    for _ in range(20):
        store(contoso, relay, INVOICES)
    assert queries(contoso) == before
    store(contoso, relay, EVERY)
    assert queries(contoso) == before + 1
