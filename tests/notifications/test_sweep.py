"""The net under lost hints and dead workers, the night's cleaning, and what operators read."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from notifications.delivery import claim
from notifications.models import Lane, Notification, Status, WorkerHeartbeat
from notifications.prune import prune
from notifications.sweep import (
    SWEEP_LOCK,
    due_organizations,
    oldest_due_seconds,
    organizations_with_tests,
    sweep,
)
from orgs.models import Organization
from orgs.tenancy import tenant
from tests import factories
from tests.notifications.stories import change, connect, look, queue, way

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reachable")]


def test_due_organizations_are_found_across_all(contoso: Organization, fabrikam: Organization) -> None:
    later = queue(fabrikam)
    change(later, next_at=timezone.now() + timedelta(hours=1))
    queue(contoso)
    assert due_organizations() == [contoso.pk]
    queue(fabrikam, kind="test")
    assert organizations_with_tests() == [fabrikam.pk]


@pytest.mark.control("C-TEN-5")
def test_suspended_organizations_are_left_alone() -> None:
    sleepy = factories.organization("Sleepy", slug="sleepy")
    queue(sleepy)
    Organization.objects.using("system").filter(pk=sleepy.pk).update(is_active=False)
    assert due_organizations() == []


def test_sweep_takes_back_expired_leases_and_ends_old_rows(
    contoso: Organization, fabrikam: Organization
) -> None:
    connect(contoso)
    lost, old = queue(contoso), queue(fabrikam)
    claim(way(contoso))
    change(lost, lease_until=timezone.now() - timedelta(seconds=1))
    change(old, expires_at=timezone.now() - timedelta(seconds=1))
    assert sweep() == 2
    assert look(lost).status == Status.QUEUED
    assert look(old).status == Status.EXPIRED
    assert sweep() == 0


def test_one_sweep_at_a_time(contoso: Organization) -> None:
    row = queue(contoso)
    change(row, expires_at=timezone.now() - timedelta(seconds=1))
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [SWEEP_LOCK])
        assert sweep() == 0
        cursor.execute("SELECT pg_advisory_unlock(%s)", [SWEEP_LOCK])
    assert sweep() == 1


@pytest.mark.control("C-CRY-10")
def test_prune_removes_content_of_ended_rows_after_the_retention_time(
    contoso: Organization, fabrikam: Organization
) -> None:
    ended, open_one, other = queue(contoso), queue(contoso), queue(fabrikam)
    now = timezone.now()
    for row in (ended, other):
        change(row, status=Status.FAILED, ended_at=now)
    assert prune(now=now + timedelta(days=6, hours=23)) == 0
    assert prune(now=now + timedelta(days=7, minutes=1)) == 2
    for row in (ended, other):
        assert look(row).sealed_body is None
        assert look(row).content_removed_at is not None
    assert look(open_one).sealed_body is not None
    with tenant(contoso):
        assert Notification.objects.of(contoso).filter(pk=ended.pk, subject="Hello").exists()


@pytest.mark.control("C-CRY-10")
def test_no_name_server_keeps_content_from_being_removed(
    contoso: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(contoso)
    row, now = queue(contoso), timezone.now()
    change(row, status=Status.FAILED, ended_at=now)
    looked: list[bool] = []

    def look_at_domains(_organization_id: UUID) -> int:
        looked.append(look(row).sealed_body is None)
        return 1

    monkeypatch.setattr("notifications.prune.daily_round", look_at_domains)
    assert prune(now=now + timedelta(days=8)) == 1
    assert looked == [True]
    # Silent name servers use up the time of the look-ups only.
    monkeypatch.setattr("notifications.prune.LOOKS_SECONDS", -1.0)
    prune()
    assert looked == [True]


def test_oldest_due_leaves_out_what_is_held(contoso: Organization, fabrikam: Organization) -> None:
    assert oldest_due_seconds() == 0.0
    waiting = queue(contoso)
    change(waiting, next_at=timezone.now() - timedelta(seconds=90))
    assert 89 < oldest_due_seconds() < 120
    with tenant(contoso):
        Lane.objects.create(organization=contoso, held_code="auth_failed")
    assert oldest_due_seconds() == 0.0


def test_queue_status_tells_who_waits_and_why(contoso: Organization) -> None:
    out = StringIO()
    call_command("queue_status", stdout=out)
    assert "Nothing waits." in out.getvalue()
    queue(contoso)
    with tenant(contoso):
        Lane.objects.create(organization=contoso, held_code="auth_failed")
    out = StringIO()
    call_command("queue_status", stdout=out)
    assert "contoso" in out.getvalue()
    assert "auth_failed" in out.getvalue()
    out = StringIO()
    call_command("queue_status", "--json", stdout=out)
    assert '"queued": 1' in out.getvalue()


def test_send_notification_queues_and_names_what_is_wrong(contoso: Organization) -> None:
    out = StringIO()
    call_command(
        "send_notification", "contoso", "--to", "a@example.com", "--subject", "Hi", "--text", "x", stdout=out
    )
    assert "queued for contoso" in out.getvalue()
    with tenant(contoso):
        assert Notification.objects.of(contoso).get().subject == "Hi"
    with pytest.raises(CommandError, match="no organization nobody"):
        call_command("send_notification", "nobody", "--to", "a@example.com", "--subject", "Hi")
    with pytest.raises(CommandError, match="nonsense"):
        call_command("send_notification", "contoso", "--to", "nonsense", "--subject", "Hi")


def test_workers_are_silent_without_a_fresh_heartbeat(rf: Any) -> None:
    from notifications.context import worker_state, workers_silent  # noqa: PLC0415

    assert worker_state(rf.get("/")) == {"workers_silent": workers_silent}
    silent = workers_silent
    assert silent() is True
    WorkerHeartbeat.objects.create(name="a", seen_at=timezone.now())
    assert silent() is True, "the answer is remembered for some seconds"
    workers_silent.forget()
    assert silent() is False
    WorkerHeartbeat.objects.update(seen_at=timezone.now() - timedelta(seconds=21))
    workers_silent.forget()
    assert silent() is True


@pytest.mark.control("C-TEN-3")
def test_the_system_role_is_used_by_what_looks_across_organizations_only() -> None:
    import notifications  # noqa: PLC0415

    root = Path(notifications.__file__).parent
    users = {
        path.name
        for path in root.rglob("*.py")
        if 'using("system")' in (text := path.read_text(encoding="utf-8")) or 'connections["system"]' in text
    }
    assert users == {"sweep.py", "prune.py", "watch.py"}
