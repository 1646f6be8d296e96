"""Sessions and messages per minute of a connection, kept in the database for all workers (WPM-5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone

from mailsettings.ways import mail_settings
from notifications import slots
from notifications.delivery import claim, recover
from notifications.drain import turn
from notifications.limits import GRAPH, MICROSOFT_SMTP, preset
from notifications.models import (
    ConnectionGrant,
    ConnectionLimit,
    ConnectionSlot,
    Lane,
    Notification,
    Status,
    WorkerHeartbeat,
)
from notifications.process import worker_name
from orgs.models import Organization
from orgs.services import platform_organization_id
from orgs.tenancy import tenant
from sandbox.smtp import SmtpServer
from tests.notifications.stories import (
    accepted,
    at_once,
    change,
    connect,
    limit,
    look,
    queue,
    way,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reachable")]


def owner_rows(model: Any) -> Any:
    return model.objects.using("owner")


def older(seconds: float) -> None:
    """Let time pass for everything that counts in minutes."""
    for row in owner_rows(ConnectionGrant).all():
        owner_rows(ConnectionGrant).filter(pk=row.pk).update(until=row.until - timedelta(seconds=seconds))


@pytest.mark.feature("WPM-5")
def test_a_limit_holds_over_all_workers_and_the_surplus_waits(
    ready: Organization, server: SmtpServer
) -> None:
    limit(ready, per_minute=6, sessions=3)
    for _ in range(20):
        queue(ready)
    at_once(*[lambda: turn(ready.pk)] * 3)
    assert accepted(ready) == len(server.inbox) == 6
    waiting = turn(ready.pk)
    assert waiting.wait is not None
    assert 50 < waiting.wait < 61
    older(61)
    at_once(*[lambda: turn(ready.pk)] * 3)
    assert accepted(ready) == len(server.inbox) == 12
    with tenant(ready):
        rest = Notification.objects.of(ready).exclude(status=Status.ACCEPTED)
        assert {row.status for row in rest} == {Status.QUEUED}
        assert len(rest) == 8


@pytest.mark.feature("WPM-5")
def test_no_rolling_minute_holds_more_than_the_limit_however_long_messages_take(ready: Organization) -> None:
    """Permits given early and used late count until a minute after their use."""
    limit(ready, per_minute=10, sessions=50)
    chosen, held, log = way(ready), uuid4(), []
    with tenant(ready):
        assert slots.enter(chosen, held, wanted=10).permits == 10
    older(59)
    with tenant(ready):
        slots.spend(chosen, held, 10)
        log.append(timezone.now())
    older(30)
    with tenant(ready):
        assert slots.enter(chosen, uuid4(), wanted=10).permits == 0
    older(31)
    with tenant(ready):
        assert slots.enter(chosen, uuid4(), wanted=10).permits == 10


@pytest.mark.feature("WPM-5")
def test_unused_permits_come_back(ready: Organization) -> None:
    limit(ready, per_minute=10, sessions=5)
    chosen, token = way(ready), uuid4()
    with tenant(ready):
        assert slots.enter(chosen, token, wanted=10).permits == 10
        slots.spend(chosen, token, 3)
        slots.leave(chosen, token, sent=3, seconds=1.0)
        assert slots.enter(chosen, uuid4(), wanted=50).permits == 7


def test_a_crashed_holder_leaves_its_slot_and_permits_by_the_databases_clock(ready: Organization) -> None:
    limit(ready, per_minute=5, sessions=1)
    chosen = way(ready)
    with tenant(ready):
        assert slots.enter(chosen, uuid4(), wanted=5).permits == 5
        assert slots.enter(chosen, uuid4(), wanted=5).permits == 0
    owner_rows(ConnectionSlot).update(until=timezone.now())
    with tenant(ready):
        assert slots.enter(chosen, uuid4(), wanted=5).permits == 0, "what it was given may have been sent"
    older(600)
    with tenant(ready):
        assert slots.enter(chosen, uuid4(), wanted=5).permits == 5


def test_recover_frees_the_slot_of_whoever_is_gone(ready: Organization) -> None:
    limit(ready, sessions=1)
    row, other = queue(ready), queue(ready)
    assert claim(way(ready), limit=1)
    assert claim(way(ready), limit=1) is None
    change(row, lease_until=timezone.now() - timedelta(seconds=1))
    recover(ready.pk)
    assert claim(way(ready), limit=1)
    assert other.pk


@pytest.mark.parametrize(("silent", "permits"), [(20, 0), (31, 1)])
def test_a_worker_that_was_killed_keeps_its_only_session_for_seconds_not_for_its_lease(
    ready: Organization, silent: int, permits: int
) -> None:
    limit(ready, sessions=1)
    WorkerHeartbeat.objects.create(name=worker_name(), seen_at=timezone.now() - timedelta(seconds=silent))
    chosen = way(ready)
    with tenant(ready):
        assert slots.enter(chosen, uuid4(), wanted=1).permits == 1
        assert slots.enter(chosen, uuid4(), wanted=1).permits == permits


def test_slots_are_never_more_than_the_sessions_for_many_at_once(ready: Organization) -> None:
    limit(ready, sessions=3)
    for _ in range(20):
        queue(ready)
    batches = at_once(*[lambda: claim(way(ready), limit=1)] * 8)
    assert sum(batch is not None for batch in batches) == 3
    assert owner_rows(ConnectionSlot).count() == 3


def test_nobody_takes_the_last_session_of_the_default_mailer(
    contoso: Organization, fabrikam: Organization, settings: Any
) -> None:
    settings.DEFAULT_MAILER_URL = "smtp://user:secret@127.0.0.1:2525?from=platform@mailroom.example"
    for _ in range(5):
        queue(contoso)
        queue(fabrikam)
    mine = [claim(way(contoso), limit=1) for _ in range(3)]
    assert [batch is not None for batch in mine] == [True, True, False]
    assert claim(way(fabrikam), limit=1)
    assert claim(way(fabrikam), limit=1) is None
    with tenant(platform_organization_id()):
        assert ConnectionLimit.objects.of(platform_organization_id()).count() == 1


@pytest.mark.control("C-TEN-5")
def test_slots_of_another_organization_cannot_be_taken(ready: Organization, fabrikam: Organization) -> None:
    chosen, token = way(ready), uuid4()
    with tenant(ready):
        slots.enter(chosen, token, wanted=1)
    with tenant(fabrikam):
        theirs = mail_settings(fabrikam.pk)
        with connections["default"].cursor() as cursor:
            cursor.execute(
                "SELECT permits FROM"
                " enter_connection(%s, %s, %s, '', %s, true, '', %s, '', 3, 1, 0, 0, 1, 60)",
                [chosen.connection_id, chosen.version, chosen.stored, theirs.version, uuid4()],
            )
            assert cursor.fetchone()[0] == -1
        slots.leave(chosen, token)
        slots.rest(chosen, token, 60.0)
        slots.spend(chosen, token, 5)
    assert owner_rows(ConnectionSlot).count() == 1
    assert owner_rows(ConnectionLimit).get().rest_until is None
    for model in (ConnectionSlot, ConnectionGrant):
        for alias in ("default", "system"):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(using=alias):
                list(model.objects.using(alias).all())


@pytest.mark.parametrize(
    ("stage", "reply"),
    [
        ("greeting", "421 4.3.2 Too busy"),
        ("auth", "432 4.3.2 Concurrent connections limit exceeded"),
        ("mail", "421 4.4.5 Too many connections"),
    ],
)
def test_too_many_sessions_rest_the_connection_without_counting_as_failure(
    ready: Organization, server: SmtpServer, stage: Any, reply: str
) -> None:
    row = queue(ready)
    server.rules.refuse(stage, reply, times=1)
    before = timezone.now()
    turn(ready.pk)
    stored = look(row)
    assert (stored.status, stored.attempts, stored.claims) == (Status.QUEUED, 0, 0)
    with tenant(ready):
        lane = Lane.objects.of(ready).get()
    assert lane.failures == 0
    rested = owner_rows(ConnectionLimit).get().rest_until
    for until in (lane.resume_at, rested):
        assert until is not None
        assert before + timedelta(seconds=9) < until < before + timedelta(seconds=66)
    assert turn(ready.pk).wait
    assert len(server.sessions) == 1
    over(ready)
    turn(ready.pk)
    assert look(row).status == Status.ACCEPTED
    with tenant(ready):
        assert Lane.objects.of(ready).get().held_code == ""


def over(organization: Organization, now: datetime | None = None) -> None:
    """Let every rest be over."""
    owner_rows(ConnectionLimit).update(rest_until=now)
    with tenant(organization):
        Lane.objects.of(organization).update(resume_at=now)


def test_presets_know_microsoft(ready: Organization, settings: Any) -> None:
    settings.DELIVERY_SESSIONS, settings.DELIVERY_PER_MINUTE = 7, 600
    own = preset(way(ready))
    assert (own.sessions, own.per_minute) == (7, 600)
    connect(ready)
    chosen = way(ready)
    for host, expected in (
        ("smtp.office365.com", MICROSOFT_SMTP),
        ("smtp-mail.outlook.com", MICROSOFT_SMTP),
        ("smtp.example.com", own),
    ):
        assert preset(replaced(chosen, host)) == expected
    assert (GRAPH.sessions, GRAPH.per_minute, MICROSOFT_SMTP.sessions) == (4, 30, 3)


def replaced(chosen: Any, host: str) -> Any:
    from dataclasses import replace  # noqa: PLC0415

    return replace(chosen, settings=replace(chosen.settings, host=host))
