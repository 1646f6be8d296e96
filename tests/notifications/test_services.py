"""Enqueue: what becomes a row, what is refused, and by which field."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from mailsettings.models import Connection
from notifications.content import unseal_content
from notifications.models import Notification, Status, Urgency
from notifications.services import IdempotencyConflict, OrganizationSuspended, enqueue
from orgs.models import Organization
from orgs.tenancy import tenant
from providers import Address, Attachment, MessageInvalid
from tests import factories
from tests.notifications.stories import at_once, look, queue

pytestmark = pytest.mark.django_db


@pytest.mark.feature("COG-7", "COG-42", "COG-43")
def test_enqueue_reads_lists_of_addresses_and_drops_doubles(contoso: Organization) -> None:
    row = queue(
        contoso,
        to="a@example.com, Bea <b@example.com>,\n  A@example.com",
        cc="c@example.com; b@example.com",
        bcc=["d@example.com", Address("e@example.com", "Eve")],
        reply_to="answers@contoso.example",
    )
    stored = look(row).recipients
    assert [one["email"] for one in stored["to"]] == ["a@example.com", "b@example.com"]
    assert stored["to"][1]["name"] == "Bea"
    assert [one["email"] for one in stored["cc"]] == ["c@example.com"]
    assert [one["email"] for one in stored["bcc"]] == ["d@example.com", "e@example.com"]
    assert [one["email"] for one in stored["reply_to"]] == ["answers@contoso.example"]


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"to": ""}, "to", "at least one recipient"),
    ({"to": "ok@example.com, nonsense"}, "to", "nonsense"),
    ({"cc": "a@"}, "cc", "a@"),
    ({"bcc": "a b@example.com"}, "bcc", "a b@example.com"),
    ({"reply_to": "x"}, "reply_to", "x"),
    ({"sender": "a@example.com, b@example.com"}, "sender", "one sender"),
    ({"subject": ""}, "subject", "Enter a subject"),
    ({"subject": "a\r\nBcc: x@example.com"}, "subject", "line break"),
    ({"subject": "x" * 990}, "subject", "989"),
    ({"text": "a\x00b"}, "text", "U+0000"),
    ({"html": "\x07"}, "html", "U+0007"),
    ({"headers": {"X-A\r\nBcc": "x"}}, "headers", "header name"),
    ({"headers": {"X-A": "x\ny"}}, "headers", "line breaks"),
    ({"headers": {"From": "x@example.com"}}, "headers", "From"),
    ({"priority": "urgent"}, "priority", "high, normal or low"),
    ({"notification_type": "t" * 65}, "notification_type", "64"),
    ({"idempotency_key": "k" * 256}, "idempotency_key", "255"),
    ({"expires_at": timezone.now() - timedelta(days=1)}, "expires_at", "future"),
    ({"to": ",".join(f"r{n}@example.com" for n in range(101))}, "to", "100"),
]


@pytest.mark.feature("COG-7", "COG-8")
@pytest.mark.control("C-MAIL-1")
@pytest.mark.parametrize(("message", "field", "words"), WRONG, ids=lambda value: str(value)[:30])
def test_enqueue_names_the_field_and_queues_nothing(
    contoso: Organization, message: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(MessageInvalid) as refused:
        queue(contoso, **message)
    assert refused.value.field == field
    assert words in refused.value.text
    with tenant(contoso):
        assert not Notification.objects.of(contoso).exists()


@pytest.mark.slow
@pytest.mark.feature("WPM-43")
def test_enqueue_refuses_content_beyond_the_limit(contoso: Organization, settings: Any) -> None:
    large = Attachment(name="large.bin", content_type="application/octet-stream", content=bytes(36 * 1024**2))
    with pytest.raises(MessageInvalid, match="35 MB"):
        queue(contoso, attachments=[large])
    with tenant(contoso):
        assert not Notification.objects.of(contoso).exists()
    settings.MAX_MESSAGE_MB = 150
    assert look(queue(contoso, attachments=[large])).size > 36 * 1024**2


def test_enqueue_takes_an_empty_subject_only_by_setting(contoso: Organization, settings: Any) -> None:
    settings.ALLOW_EMPTY_SUBJECT = True
    assert look(queue(contoso, subject="")).subject == ""


def test_enqueue_is_refused_for_a_suspended_organization() -> None:
    suspended = factories.organization("Sleepy", slug="sleepy", active=False)
    with pytest.raises(OrganizationSuspended):
        queue(suspended)


def test_enqueue_joins_the_callers_transaction(contoso: Organization) -> None:
    def fail_later() -> None:
        with tenant(contoso):
            queue(contoso)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_later()
    with tenant(contoso):
        assert not Notification.objects.of(contoso).exists()


@pytest.mark.control("C-CRY-10")
def test_enqueue_stores_content_sealed_only(contoso: Organization) -> None:
    canary = "canary-5f2c9d"
    file = Attachment(name="a.txt", content_type="text/plain", content=canary.encode())
    row = queue(contoso, text=canary, html=f"<p>{canary}</p>", attachments=[file])
    with tenant(contoso), connections["default"].cursor() as cursor:
        cursor.execute("SELECT row_to_json(n)::text, sealed_body FROM notifications_notification n")
        text, blob = cursor.fetchone()
    assert canary not in text
    assert canary.encode() not in bytes(blob)
    assert canary.encode().hex() not in text
    content = unseal_content(look(row))
    assert (content.text, content.html) == (canary, f"<p>{canary}</p>")
    assert content.attachments == (file,)


@pytest.mark.feature("COG-45")
def test_enqueue_keeps_the_priority(contoso: Organization) -> None:
    assert look(queue(contoso, priority="high")).priority == Urgency.HIGH
    assert look(queue(contoso)).priority == Urgency.NORMAL


def test_same_key_and_message_gives_the_earlier_row(contoso: Organization) -> None:
    first = queue(contoso, idempotency_key="order-1")
    assert queue(contoso, idempotency_key="order-1").pk == first.pk
    with pytest.raises(IdempotencyConflict):
        queue(contoso, idempotency_key="order-1", text="something else")


def test_same_key_of_another_organization_is_its_own(contoso: Organization, fabrikam: Organization) -> None:
    assert queue(contoso, idempotency_key="k").pk != queue(fabrikam, idempotency_key="k").pk


@pytest.mark.django_db(transaction=True)
def test_same_key_at_the_same_moment_gives_one_row(contoso: Organization) -> None:
    rows = at_once(*[lambda: queue(contoso, idempotency_key="race")] * 6)
    assert len({row.pk for row in rows}) == 1


def queue_over(organization: Organization, connection: Connection) -> None:
    enqueue(organization=organization, to="a@example.com", subject="x", connection=connection)
    with connections["default"].cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.control("C-TEN-6")
def test_enqueue_of_another_organizations_connection_is_refused(
    contoso: Organization, fabrikam: Organization
) -> None:
    with tenant(fabrikam):
        foreign = Connection.objects.create(organization=fabrikam, name="theirs", provider="smtp")
    with tenant(contoso), pytest.raises(IntegrityError), transaction.atomic():
        queue_over(contoso, foreign)


def test_new_rows_are_queued(contoso: Organization) -> None:
    row = look(queue(contoso))
    assert (row.status, row.attempts, row.claims) == (Status.QUEUED, 0, 0)
    assert row.expires_at == row.created_at + timedelta(hours=72)
