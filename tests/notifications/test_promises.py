"""What holds for every single message, whatever happens to it (invariants of threat model §9)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from mailsettings.models import Connection
from notifications.delivery import claim, deliver
from notifications.models import DeliveryAttempt, Lane, Notification, Status
from notifications.services import cancel, retry
from orgs.models import Organization
from orgs.tenancy import tenant
from sandbox.inbox import Inbox
from sandbox.smtp import SmtpServer
from tests.notifications.stories import (
    at_once,
    attempts,
    connect_to,
    drain_all,
    look,
    make_due,
    queue,
    states,
    way,
)

pytestmark = pytest.mark.django_db(transaction=True)
OPEN = """
SELECT pid, xact_start FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
AND backend_type = 'client backend' AND (state LIKE 'idle in transaction%%' OR backend_xid IS NOT NULL)
"""


def spy(server: SmtpServer, look_at: Callable[[str], None]) -> None:
    """Look at every command that reaches a server, before it is answered."""
    original = server.command

    def command(session: Any, line: str) -> None:
        try:
            look_at(line)
        finally:
            connections.close_all()
        original(session, line)

    server.command = command  # type: ignore[method-assign]


def open_now() -> set[tuple[object, ...]]:
    """Name the transactions that are open now."""
    with connections["system"].cursor() as cursor:
        cursor.execute(OPEN)
        return set(cursor.fetchall())


@pytest.mark.control("C-DEL-7")
@pytest.mark.parametrize("doubtful", ["resend", "hold"])
def test_no_lock_and_no_transaction_is_held_at_any_command_of_the_wire(
    contoso: Organization, server: SmtpServer, doubtful: str
) -> None:
    connect_to(contoso, server, doubtful=doubtful)
    for to in ("a@example.com", "unknown@example.com", "busy@example.com", "spam@example.com"):
        queue(contoso, to=to)
        queue(contoso, to=f"{to}, b@example.com")
    queue(contoso, kind="test")
    seen: set[str] = set()
    waiting: list[str] = []

    def look_at(line: str) -> None:
        seen.add(line[:4])
        # Markers are written while an answer is on its way; what lasts until we answer waits for the network.
        before = open_now()
        if before:
            time.sleep(0.2)
            waiting.extend(line[:4] for _ in before & open_now())

    spy(server, look_at)
    drain_all(contoso)
    assert seen >= {"STAR", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"}
    assert waiting == []


@pytest.mark.control("C-DEL-1", "C-DEL-2", "C-DEL-3", "C-DEL-8")
@pytest.mark.parametrize("workers", [1, 20])
def test_one_worker_or_twenty_come_to_the_same(
    ready: Organization, fabrikam: Organization, server: SmtpServer, inbox: Inbox, workers: int
) -> None:
    connect_to(fabrikam, server)
    for number in range(60):
        to = {0: "unknown@example.com", 1: "busy@example.com"}.get(number % 6, f"reader{number}@example.com")
        for organization in (ready, fabrikam):
            queue(organization, to=to, subject=str(number))

    def work() -> None:
        for organization in (ready, fabrikam):
            drain_all(organization)

    at_once(*[work] * workers)
    work()
    for organization in (ready, fabrikam):
        assert states(organization) == {"accepted": 40, "failed": 10, "queued": 10}
        with tenant(organization):
            rows = Notification.objects.of(organization)
            assert set(rows.values_list("attempts", flat=True)) == {1}
            assert DeliveryAttempt.objects.of(organization).count() == 60
    copies = Counter(mail.message_id for mail in inbox)
    assert len(copies) == 80
    assert set(copies.values()) == {1}


@pytest.mark.control("C-DEL-9", "C-DEL-3", "C-DEL-4")
@pytest.mark.feature("NEW-7")
@pytest.mark.parametrize(("doubtful", "copies"), [("resend", 4), ("hold", 1)])
def test_copies_are_the_same_message_and_each_has_its_fault(
    contoso: Organization, server: SmtpServer, inbox: Inbox, doubtful: str, copies: int
) -> None:
    connect_to(contoso, server, doubtful=doubtful)
    server.rules.drop_after_dot(times=3)
    row = queue(contoso, html="<p>Hello</p>", headers={"X-Case": "42"})
    for _ in range(6):
        drain_all(contoso)
        make_due(contoso)
        with tenant(contoso):
            Lane.objects.of(contoso).update(resume_at=None)
            Connection.objects.of(contoso).update(held_code="", held_since=None, probe_at=None)
    assert len(inbox) == copies
    assert len({(mail.message_id, mail.header("Date"), mail.raw) for mail in inbox}) == 1
    lost = [one for one in attempts(row) if one.outcome == "unknown"]
    assert copies - 1 <= len(lost)
    assert look(row).attempts == len(attempts(row))
    assert look(row).status == (Status.ACCEPTED if doubtful == "resend" else Status.UNCERTAIN)


@pytest.mark.control("C-DEL-9", "C-DEL-6")
def test_a_retry_by_hand_keeps_the_message_id_and_date(
    ready: Organization, server: SmtpServer, inbox: Inbox
) -> None:
    row = queue(ready, to="unknown@example.com")
    drain_all(ready)
    failed = look(row)
    assert failed.status == Status.FAILED
    drain_all(ready)
    assert look(row).attempts == 1, "what failed stays failed"
    server.rules.recipients.clear()
    retry(ready.pk, row.pk)
    drain_all(ready)
    (mail,) = inbox
    assert (mail.message_id, look(row).message_date) == (failed.message_id, failed.message_date)
    with pytest.raises(Exception, match="now: Sent"):
        retry(ready.pk, row.pk)


@pytest.mark.control("C-DEL-10")
def test_nothing_leaves_after_a_cancel_was_confirmed(
    ready: Organization, server: SmtpServer, inbox: Inbox
) -> None:
    rows = [queue(ready, subject=str(number)) for number in range(12)]
    batch = claim(way(ready))
    assert batch is not None
    for row in rows[::2]:
        cancel(ready.pk, row.pk)
    deliver(batch, way(ready))
    drain_all(ready)
    assert [mail.subject for mail in inbox] == [str(number) for number in range(1, 12, 2)]
    assert states(ready) == {"accepted": 6, "cancelled": 6}


@pytest.mark.control("C-DEL-10")
@pytest.mark.parametrize("at", ["claimed", "in mid-batch"])
def test_nothing_more_leaves_once_the_organization_is_disabled(
    ready: Organization, server: SmtpServer, inbox: Inbox, settings: Any, at: str
) -> None:
    settings.DELIVERY_WINDOW = 2

    def disable() -> None:
        Organization.objects.using("system").filter(pk=ready.pk).update(is_active=False)

    for number in range(10):
        queue(ready, subject=str(number))
    chosen = way(ready)
    batch = claim(chosen)
    assert batch is not None
    if at == "claimed":
        disable()
    else:
        spy(server, lambda line: disable() if line.startswith("DATA") else None)
    deliver(batch, chosen)
    # What was marked as leaving still leaves; nothing else does, now or later.
    assert len(inbox) <= (0 if at == "claimed" else 4)
    sent = len(inbox)
    drain_all(ready)
    assert len(inbox) == sent
    assert states(ready) == +Counter(accepted=sent, queued=10 - sent)
