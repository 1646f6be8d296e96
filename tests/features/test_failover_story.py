"""Failover that tells: real workers, real servers, one story from the first fault to the return (NEW-14)."""

from __future__ import annotations

from collections import Counter

import pytest

from mailsettings.connections.ordering import choose_rank
from mailsettings.models import Connection, Rank
from notifications.models import DeliveryAttempt, Notification, Status
from orgs.models import Event, Organization
from orgs.tenancy import tenant
from tests.notifications.backups import Post, alarms_of, events_of, join, let_rests_pass
from tests.notifications.stories import all_accepted, attempts, eventually, look, make_due, queue
from tests.plugin_sandbox import Sandbox
from tests.plugin_worker import StartWorker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def is_accepted(row: Notification) -> bool:
    return look(row).status == Status.ACCEPTED


def held_code(post: Post) -> str:
    with tenant(post.connection.organization_id):
        return Connection.objects.of(post.connection.organization_id).get(pk=post.connection.pk).held_code


@pytest.mark.feature("NEW-14")
def test_failover_follows_the_error_class_and_consent_names_its_connection_tells_once_and_returns(
    contoso: Organization, sandbox: Sandbox, start_worker: StartWorker
) -> None:
    primary = join(contoso, sandbox, "Primary", Rank.PRIMARY)
    spare = join(contoso, sandbox, "Spare", Rank.ADDITIONAL)
    for _ in range(2):
        start_worker()
    # Consent: another connection exists, but nobody agreed to use it.
    primary.server.rules.refuse("auth", "535 5.7.8 Wrong password")
    first = queue(contoso, subject="first")
    eventually(lambda: held_code(primary) == "auth_failed", seconds=40)
    eventually(lambda: look(first).status == Status.QUEUED)
    assert not spare.server.sessions
    assert events_of(contoso) == ["connection.held"]
    with tenant(contoso):
        choose_rank(connection=spare.connection, rank=Rank.BACKUP, user=None)
    # The log names the connection used, and the alert comes on first use.
    eventually(lambda: is_accepted(first), seconds=30)
    assert (look(first).way_name, look(first).took_over) == ("Spare", True)
    eventually(lambda: "backup.in_use" in events_of(contoso))
    with tenant(contoso):
        told = Event.objects.of(contoso).get(kind="backup.in_use")
    assert told.subject_id == primary.connection.pk
    assert told.detail == {"connection": "Primary", "backup": "Spare"}
    for number in range(30):
        queue(contoso, subject=f"during {number}")
    eventually(lambda: all_accepted(contoso), seconds=30)
    assert len(spare.inbox) == 31
    assert not list(primary.inbox)
    # A good probe: mail returns to the primary connection.
    primary.server.rules.clear()
    let_rests_pass(contoso)
    probe = queue(contoso, subject="probe")
    eventually(lambda: is_accepted(probe), seconds=30)
    assert (look(probe).way_name, look(probe).took_over) == ("Primary", False)
    assert held_code(primary) == ""
    eventually(lambda: alarms_of(contoso) == [])
    for number in range(30):
        queue(contoso, subject=f"after {number}")
    eventually(lambda: all_accepted(contoso), seconds=30)
    assert (len(primary.inbox), len(spare.inbox)) == (31, 31)
    # The error class: what is said about a recipient, and an answer that was lost, stay with the primary one.
    primary.server.rules.drop_after_dot(times=1)
    lost = queue(contoso, subject="lost")
    eventually(lambda: look(lost).last_code == "outcome_unknown", seconds=30)
    let_rests_pass(contoso)
    make_due(contoso)
    refused = queue(contoso, to="unknown@example.com")
    eventually(lambda: look(refused).status == Status.FAILED and is_accepted(lost), seconds=30)
    assert len(spare.inbox) == 31
    assert {one.way_name for row in (lost, refused) for one in attempts(row)} == {"Primary"}
    assert Counter(events_of(contoso)) == {
        "connection.held": 1,
        "connection.released": 1,
        "backup.in_use": 1,
        "backup.in_use.ended": 1,
    }
    with tenant(contoso):
        rows = Notification.objects.of(contoso)
        tried = DeliveryAttempt.objects.of(contoso)
        assert sum(rows.values_list("attempts", flat=True)) == tried.count()
