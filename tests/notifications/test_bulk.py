"""Thousands of messages queued at once: each as by itself, all of them or none."""

from __future__ import annotations

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from mailsettings.routing.services import switch_routing
from notifications.bulk import CHUNK
from notifications.drain import drain
from notifications.models import Kind, Notification, Status
from notifications.services import (
    IdempotencyConflict,
    NewMessage,
    OneInvalid,
    OrganizationSuspended,
    enqueue,
    enqueue_many,
)
from orgs.models import Organization
from orgs.tenancy import TenancyError, tenant
from providers import Attachment
from sandbox.inbox import Inbox
from sandbox.smtp import SmtpServer
from tests.mailsettings.routing_stories import extra, store, when
from tests.notifications.stories import connect_to

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reachable")]
OWN = {"id", "sealed_body", "message_date", "created_at", "next_at", "expires_at"}


def rows(organization: Organization) -> list[Notification]:
    """Give what is queued, in the order it was queued in."""
    return list(Notification.objects.using("system").filter(organization=organization).order_by("id"))


def some(number: int) -> list[NewMessage]:
    """Give so many plain messages."""
    return [
        NewMessage(to=f"r{place}@example.com", subject=f"Mail {place}", text="Hello")
        for place in range(number)
    ]


def test_a_message_of_many_is_stored_like_one_by_itself(contoso: Organization) -> None:
    same = {
        "to": "Reader <a@example.com>, b@example.com",
        "cc": ("c@example.com",),
        "subject": "Übersicht ' \\ %s {}",
        "text": "Text \\ ' \" \t",
        "html": "<p>漢</p>",
        "sender": "news@contoso.example",
        "headers": {"X-Campaign": "7"},
        "attachments": (Attachment("a.bin", "application/octet-stream", bytes(range(256))),),
        "priority": "high",
        "notification_type": "invoice",
        "secret_content": True,
    }
    one = enqueue(organization=contoso, idempotency_key="one", **same)  # type: ignore[arg-type]  # words of both
    many = enqueue_many(organization=contoso, messages=[NewMessage(idempotency_key="two", **same)])  # type: ignore[arg-type]
    stored = {row.pk: row for row in rows(contoso)}
    alike = [
        {
            name: value
            for name, value in vars(stored[key]).items()
            if name not in {*OWN, "_state", "idempotency_key"}
        }
        for key in (one.pk, many[0])
    ]
    assert alike[0] == alike[1]
    assert stored[many[0]].expires_at is not None


def test_what_was_queued_at_once_is_sent(contoso: Organization, server: SmtpServer, inbox: Inbox) -> None:
    connect_to(contoso, server)
    enqueue_many(organization=contoso, messages=some(7))
    drain(contoso.pk)
    assert [mail.subject for mail in inbox] == [f"Mail {place}" for place in range(7)]
    assert {row.status for row in rows(contoso)} == {Status.ACCEPTED}


def test_a_chunk_is_one_statement(contoso: Organization) -> None:
    with tenant(contoso), CaptureQueriesContext(connections["default"]) as captured:
        keys = enqueue_many(organization=contoso, messages=some(CHUNK + 1))
    asked = [query["sql"] for query in captured if "INSERT" in query["sql"]]
    assert len(asked) == 2
    assert len(captured) <= 5
    assert [row.pk for row in rows(contoso)] == keys


@pytest.mark.parametrize("place", [0, CHUNK + 1])
def test_one_that_cannot_be_sent_keeps_all_from_the_queue(contoso: Organization, place: int) -> None:
    messages = some(CHUNK + 2)
    messages[place] = NewMessage(to="nobody", subject="x")
    with pytest.raises(OneInvalid) as caught:
        enqueue_many(organization=contoso, messages=messages)
    assert (caught.value.place, caught.value.field) == (place, "to")
    assert rows(contoso) == []


def test_a_key_gives_the_earlier_message_and_another_message_is_a_conflict(contoso: Organization) -> None:
    first = NewMessage(to="a@example.com", subject="One", idempotency_key="k")
    earlier = enqueue_many(organization=contoso, messages=[first])
    assert enqueue_many(organization=contoso, messages=[*some(1), first, first])[1:] == earlier * 2
    with tenant(contoso):
        with pytest.raises(IdempotencyConflict):
            enqueue_many(
                organization=contoso,
                messages=[*some(1), NewMessage(to="a@example.com", subject="Two", idempotency_key="k")],
            )
        assert Notification.objects.of(contoso).count() == 2


def test_a_suspended_organization_queues_nothing(contoso: Organization) -> None:
    Organization.objects.using("system").filter(pk=contoso.pk).update(is_active=False)
    with pytest.raises(OrganizationSuspended):
        enqueue_many(organization=contoso, messages=some(1))


def test_it_stays_inside_its_organization(contoso: Organization, fabrikam: Organization) -> None:
    with tenant(fabrikam), pytest.raises(TenancyError):
        enqueue_many(organization=contoso, messages=some(1))
    assert [row.kind for row in rows(contoso)] == []
    assert enqueue(organization=fabrikam, to="a@example.com", subject="x").kind == Kind.NOTIFICATION


def test_rules_are_read_once_and_choose_for_each(contoso: Organization, server: SmtpServer) -> None:
    connect_to(contoso, server)
    relay = extra(contoso, "Relay")
    store(contoso, relay, [when("subject", "contains", "mail 1")])
    with tenant(contoso):
        switch_routing(organization=contoso, enabled=True)
    with tenant(contoso), CaptureQueriesContext(connections["default"]) as captured:
        enqueue_many(organization=contoso, messages=some(30))
    assert len(captured) <= 5
    routed = [row for row in rows(contoso) if row.route_id == relay.pk]
    assert len(routed) == 11
    assert {(row.rule_place, row.route_falls_back) for row in routed} == {(1, True)}
