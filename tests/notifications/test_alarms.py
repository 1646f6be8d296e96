"""What is wrong is told once when it begins and once when it is over, whoever notices."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mailsettings.connections.ordering import put_first
from mailsettings.models import Connection, Rank
from mailsettings.services import switch_off
from mailsettings.ways import mail_settings
from notifications import alarms
from notifications.drain import drain
from notifications.models import Alarm, AlarmKind
from notifications.services import cancel
from notifications.sweep import oldest_due_seconds, sweep
from orgs.models import Event, Organization
from orgs.tenancy import tenant
from tests.notifications.backups import alarms_of, events_of, join, let_rests_pass
from tests.notifications.stories import at_once, change, queue
from tests.plugin_sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_alarm_begins_and_ends_once_whoever_comes_first(contoso: Organization) -> None:
    def begin() -> bool:
        with tenant(contoso):
            return alarms.begin(contoso.pk, AlarmKind.ALL_FAILING, detail={"connections": ["A"]})

    def end() -> bool:
        with tenant(contoso):
            return alarms.end(contoso.pk, AlarmKind.ALL_FAILING)

    assert sorted(at_once(*[begin] * 4)) == [False, False, False, True]
    assert sorted(at_once(*[end] * 4)) == [False, False, False, True]
    assert begin()
    assert events_of(contoso) == [
        "connections.all_failing",
        "connections.all_failing.ended",
        "connections.all_failing",
    ]


def test_an_event_exists_when_and_only_when_its_alarm_does(contoso: Organization) -> None:
    def broken() -> None:
        with tenant(contoso):
            assert alarms.begin(contoso.pk, AlarmKind.QUEUE_TOO_OLD)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert (alarms_of(contoso), events_of(contoso)) == ([], [])


@pytest.mark.parametrize("state", ["free", "held"])
def test_a_queue_that_stands_too_long_is_told_by_the_sweep_also_when_it_is_held(
    contoso: Organization, fabrikam: Organization, settings: Any, state: str
) -> None:
    settings.DELIVERY_QUEUE_ALARM_MINUTES = 15
    now = timezone.now()
    row, fresh, later = queue(contoso), queue(fabrikam), queue(fabrikam)
    if state == "held":
        drain(contoso.pk)
        drain(fabrikam.pk)
    change(row, next_at=now - timedelta(minutes=15, seconds=1))
    change(fresh, next_at=now - timedelta(minutes=14))
    change(later, created_at=now - timedelta(hours=3), next_at=now + timedelta(minutes=5))
    sweep()
    sweep()
    assert (alarms_of(contoso), alarms_of(fabrikam)) == (["queue.too_old"], [])
    assert events_of(contoso) == ["queue.too_old"]
    with tenant(contoso):
        assert Event.objects.of(contoso).get().detail["minutes"] == 15
    cancel(contoso.pk, row.pk)
    sweep()
    sweep()
    assert events_of(contoso) == ["queue.too_old", "queue.too_old.ended"]
    assert alarms_of(contoso) == []


def test_an_alarm_about_a_connection_that_is_first_no_longer_ends(
    contoso: Organization, sandbox: Sandbox
) -> None:
    primary = join(contoso, sandbox, "Primary", Rank.PRIMARY)
    backup = join(contoso, sandbox, "Backup", Rank.BACKUP)
    primary.server.stop()
    queue(contoso)
    drain(contoso.pk)
    sweep()
    assert alarms_of(contoso) == ["backup.in_use"]
    with tenant(contoso):
        put_first(connection=Connection.objects.of(contoso).get(pk=backup.connection.pk), user=None)
    sweep()
    assert alarms_of(contoso) == []
    assert events_of(contoso)[-1] == "backup.in_use.ended"


def test_an_alarm_ends_when_own_mail_is_switched_off(contoso: Organization, sandbox: Sandbox) -> None:
    primary = join(contoso, sandbox, "Primary", Rank.PRIMARY)
    join(contoso, sandbox, "Backup", Rank.BACKUP)
    primary.server.stop()
    queue(contoso)
    drain(contoso.pk)
    with tenant(contoso):
        version = mail_settings(contoso.pk).version
        switch_off(organization=contoso, user=None, expected_version=version)
    sweep()
    assert alarms_of(contoso) == []


def test_the_end_names_what_it_was_about(contoso: Organization, sandbox: Sandbox) -> None:
    primary = join(contoso, sandbox, "Primary", Rank.PRIMARY)
    join(contoso, sandbox, "Backup", Rank.BACKUP)
    primary.server.rules.refuse("auth", "535 5.7.8 Wrong password", times=1)
    queue(contoso)
    drain(contoso.pk)
    let_rests_pass(contoso)
    queue(contoso)
    drain(contoso.pk)
    with tenant(contoso):
        told = {event.kind: event for event in Event.objects.of(contoso)}
        assert not Alarm.objects.of(contoso).exists()
    for kind in ("backup.in_use", "backup.in_use.ended"):
        assert told[kind].subject_id == primary.connection.pk
        assert told[kind].detail["connection"] == "Primary"
        assert told[kind].detail["backup"] == "Backup"


def test_mail_that_leaves_by_the_backup_counts_for_readiness(contoso: Organization, sandbox: Sandbox) -> None:
    primary = join(contoso, sandbox, "Primary", Rank.PRIMARY)
    join(contoso, sandbox, "Backup", Rank.BACKUP)
    primary.server.rules.refuse("auth", "535 5.7.8 Wrong password")
    queue(contoso)
    drain(contoso.pk)
    row = queue(contoso)
    change(row, next_at=timezone.now() - timedelta(seconds=90))
    assert oldest_due_seconds() > 89
