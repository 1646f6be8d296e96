"""Another connection takes over when the one meant for the mail is down, and only then (WPM-33)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from mailsettings.connections.ordering import end_with_default_mailer, put_first
from mailsettings.models import Connection, MailSettings, Rank
from notifications.delivery import expire
from notifications.drain import drain, turn
from notifications.models import AttemptOutcome, ConnectionLimit, Lane, Notification, Status
from orgs.models import Organization
from orgs.tenancy import tenant
from sandbox.inbox import Inbox
from tests.notifications.backups import Post, again, alarms_of, events_of, join, let_rests_pass
from tests.notifications.stories import at_once, attempts, change, look, make_due, queue
from tests.plugin_sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

TRIED, TOOK = AttemptOutcome.CONNECTION, AttemptOutcome.ACCEPTED
Break = Callable[[Post], object]
FAULTS: dict[str, Break] = {
    "connect_refused": lambda post: post.server.stop(),
    "auth_failed": lambda post: post.server.rules.refuse("auth", "535 5.7.8 Wrong password"),
    "auth_temporary": lambda post: post.server.rules.refuse("auth", "454 4.7.0 Temporary failure"),
    "greeting_refused": lambda post: post.server.rules.refuse("greeting", "554 5.3.2 No service here"),
    "connection_lost": lambda post: post.server.rules.drop("ehlo"),
    "send_as_denied": lambda post: post.server.rules.refuse("mail", "550 5.7.60 SMTP; Client does not have"),
}


def lane_shown(organization: Organization) -> Lane:
    """Read what the screens show."""
    with tenant(organization):
        lane = Lane.objects.of(organization).first()
    assert lane
    return lane


@pytest.mark.feature("WPM-33")
@pytest.mark.parametrize("fault", FAULTS)
def test_the_same_message_goes_to_the_backup_at_once_and_the_log_shows_both(
    contoso: Organization, primary: Post, backup: Post, fault: str
) -> None:
    FAULTS[fault](primary)
    rows = [queue(contoso, subject=f"Mail {number}") for number in range(5)]
    drain(contoso.pk)
    assert [mail.subject for mail in backup.inbox] == [f"Mail {number}" for number in range(5)]
    assert not list(primary.inbox)
    first = look(rows[0])
    assert (first.status, first.attempts, first.took_over, first.way_name) == (
        Status.ACCEPTED,
        2,
        True,
        "Backup",
    )
    assert [(one.outcome, one.way_name) for one in attempts(first)] == [(TRIED, "Primary"), (TOOK, "Backup")]
    tried = attempts(first)[0]
    assert tried.next_at == tried.finished_at
    assert {look(row).status for row in rows} == {Status.ACCEPTED}
    # One alert about the primary, whatever the number of messages.
    queue(contoso)
    drain(contoso.pk)
    assert events_of(contoso).count("backup.in_use") == 1
    assert alarms_of(contoso) == ["backup.in_use"]
    assert lane_shown(contoso).held_code == ""


@pytest.mark.feature("WPM-33")
def test_refused_recipients_and_content_never_go_to_the_backup(
    contoso: Organization, primary: Post, backup: Post
) -> None:
    rows = [queue(contoso, to=f"{name}@example.com") for name in ("unknown", "busy", "greylisted", "spam")]
    drain(contoso.pk)
    make_due(contoso)
    drain(contoso.pk)
    assert [look(row).status for row in rows] == ["failed", "queued", "accepted", "failed"]
    assert not backup.server.sessions
    assert not any(look(row).took_over for row in rows)
    assert events_of(contoso) == []


@pytest.mark.feature("WPM-33")
def test_tests_never_use_the_backup(contoso: Organization, primary: Post, backup: Post) -> None:
    primary.server.stop()
    row = queue(contoso, kind="test")
    drain(contoso.pk)
    assert look(row).status == Status.FAILED
    assert not backup.server.sessions


@pytest.mark.feature("WPM-33")
def test_when_the_backup_fails_too_mail_waits_for_the_first_and_ends_only_by_its_age(
    contoso: Organization, primary: Post, backup: Post
) -> None:
    primary.server.rules.refuse("auth", "535 5.7.8 Wrong password")
    backup.server.stop()
    row, other = queue(contoso), queue(contoso)
    drain(contoso.pk)
    stored = look(row)
    assert (stored.status, stored.attempts) == (Status.QUEUED, 1)
    assert [one.way_name for one in attempts(row)] == ["Primary"]
    assert look(other).attempts == 0
    assert lane_shown(contoso).held_code == "auth_failed"
    assert alarms_of(contoso) == ["connections.all_failing"]
    for _ in range(3):
        let_rests_pass(contoso)
        drain(contoso.pk)
    assert events_of(contoso).count("connections.all_failing") == 1
    assert look(row).status == Status.QUEUED
    running = again(backup)
    try:
        let_rests_pass(contoso)
        drain(contoso.pk)
    finally:
        running.stop()
    assert {look(row).status, look(other).status} == {Status.ACCEPTED}
    assert events_of(contoso)[-2:] == ["connections.all_failing.ended", "backup.in_use"]
    late = queue(contoso)
    change(late, expires_at=late.created_at)
    expire(contoso.pk)
    assert look(late).status == Status.EXPIRED


@pytest.mark.feature("WPM-33")
def test_without_consent_nothing_but_the_primary_is_used(
    contoso: Organization, primary: Post, sandbox: Sandbox
) -> None:
    platform = sandbox.smtp(inbox=Inbox(None))
    sandbox.default_mailer(platform)
    routing_only = join(contoso, sandbox, "Aside", Rank.ADDITIONAL)
    primary.server.stop()
    row = queue(contoso)
    drain(contoso.pk)
    assert (look(row).status, look(row).attempts) == (Status.QUEUED, 0)
    assert not routing_only.server.sessions
    assert not platform.sessions
    assert lane_shown(contoso).held_code == "connect_refused"
    assert events_of(contoso) == []


@pytest.mark.feature("WPM-33")
def test_the_default_mailer_comes_last_where_the_organization_agreed(
    contoso: Organization, primary: Post, backup: Post, sandbox: Sandbox
) -> None:
    platform = sandbox.smtp(inbox=Inbox(None))
    sandbox.default_mailer(platform)
    with tenant(contoso):
        end_with_default_mailer(organization_id=contoso.pk, wanted=True, user=None)
    primary.server.stop()
    queue(contoso)
    drain(contoso.pk)
    assert (len(backup.inbox), len(platform.inbox)) == (1, 0)
    backup.server.stop()
    row = queue(contoso, sender="someone@contoso.example")
    drain(contoso.pk)
    stored = look(row)
    assert (stored.status, stored.via_default_mailer, stored.took_over) == (Status.ACCEPTED, True, True)
    assert platform.inbox[0].envelope_from == "platform@mailroom.example"
    assert [one.way_name for one in attempts(row)][-1] == "System default mailer"


def crowd(post: Post, organization: Organization) -> None:
    post.server.rules.refuse("auth", "432 4.3.2 Concurrent connections limit exceeded", times=1)


def gone(post: Post, organization: Organization) -> None:
    post.server.rules.refuse("greeting", "421 4.3.2 Too busy", times=1)


def no_permits(post: Post, organization: Organization) -> None:
    with tenant(organization):
        row = ConnectionLimit(connection=post.connection, organization=organization, per_minute=1)
        row.save(force_insert=True)
    queue(organization)
    drain(organization.pk)


@pytest.mark.feature("WPM-33")
@pytest.mark.parametrize("busy", [crowd, gone, no_permits])
def test_a_connection_that_is_only_busy_keeps_its_mail(
    contoso: Organization, primary: Post, backup: Post, busy: Any
) -> None:
    busy(primary, contoso)
    row = queue(contoso)
    for _ in range(2):
        assert turn(contoso.pk).more is False
    assert (look(row).status, look(row).attempts) == (Status.QUEUED, 0)
    assert turn(contoso.pk).wait
    assert not backup.server.sessions
    assert events_of(contoso) == []


@pytest.mark.feature("WPM-33")
@pytest.mark.parametrize("doubtful", ["resend", "hold"])
def test_a_lost_answer_never_goes_to_the_backup_because_of_itself(
    contoso: Organization, primary: Post, backup: Post, doubtful: str
) -> None:
    with tenant(contoso):
        MailSettings.objects.of(contoso).update(doubtful=doubtful)
    primary.server.rules.drop_after_dot(times=1)
    row, other = queue(contoso), queue(contoso)
    drain(contoso.pk)
    drain(contoso.pk)
    assert look(row).last_code == "outcome_unknown"
    assert not backup.server.sessions
    let_rests_pass(contoso)
    make_due(contoso)
    drain(contoso.pk)
    assert look(other).status == Status.ACCEPTED
    assert not backup.server.sessions
    assert len(primary.inbox) == (3 if doubtful == "resend" else 2)


@pytest.mark.feature("WPM-33")
def test_while_one_worker_probes_the_others_use_the_backup_and_a_good_probe_brings_mail_back(
    contoso: Organization, primary: Post, backup: Post
) -> None:
    primary.server.rules.refuse("auth", "535 5.7.8 Wrong password", times=1)
    queue(contoso)
    drain(contoso.pk)
    let_rests_pass(contoso)
    reached, go_on, original = threading.Event(), threading.Event(), primary.server.command

    def slow(session: Any, line: str) -> None:
        if line.upper().startswith("MAIL"):
            reached.set()
            go_on.wait(10)
        original(session, line)

    primary.server.command = slow  # type: ignore[method-assign]
    rows = [queue(contoso, subject=f"Mail {number}") for number in range(6)]

    def others() -> None:
        assert reached.wait(10)
        drain(contoso.pk)
        go_on.set()

    at_once(lambda: drain(contoso.pk), others)
    assert [mail.subject for mail in primary.inbox] == ["Mail 0"], "one message probes"
    assert [mail.subject for mail in backup.inbox][1:] == [f"Mail {number}" for number in range(1, 6)]
    assert {look(row).status for row in rows} == {Status.ACCEPTED}
    told = ["connection.held", "backup.in_use", "connection.released", "backup.in_use.ended"]
    assert events_of(contoso) == told
    for _ in range(5):
        queue(contoso)
    drain(contoso.pk)
    assert (len(primary.inbox), len(backup.inbox)) == (6, 6)
    assert not look(rows[0]).took_over


def test_a_lane_that_just_failed_is_probed_by_one_message(
    contoso: Organization, primary: Post, backup: Post
) -> None:
    primary.server.stop()
    queue(contoso)
    drain(contoso.pk)
    rows = [queue(contoso) for _ in range(4)]
    let_rests_pass(contoso)
    drain(contoso.pk)
    assert [look(row).attempts for row in rows] == [2, 1, 1, 1]
    running = again(primary)
    try:
        let_rests_pass(contoso)
        for _ in range(4):
            queue(contoso)
        drain(contoso.pk)
    finally:
        running.stop()
    assert (len(primary.inbox), len(backup.inbox)) == (4, 5)
    assert alarms_of(contoso) == []


def test_the_backup_is_left_alone_while_all_is_well(
    contoso: Organization, primary: Post, backup: Post
) -> None:
    with tenant(contoso):
        Connection.objects.of(contoso).filter(pk=backup.connection.pk).update(settings={})
    rows = [queue(contoso) for _ in range(3)]
    drain(contoso.pk)
    assert {look(row).status for row in rows} == {Status.ACCEPTED}
    assert len(primary.inbox) == 3


@pytest.mark.control("C-DEL-11")
def test_a_change_of_the_order_counts_at_once(contoso: Organization, primary: Post, backup: Post) -> None:
    """I11: a plan read before a save sends nothing after it."""
    queue(contoso)
    drain(contoso.pk)
    with tenant(contoso):
        put_first(connection=Connection.objects.of(contoso).get(pk=backup.connection.pk), user=None)
    row = queue(contoso)
    drain(contoso.pk)
    assert (len(primary.inbox), len(backup.inbox)) == (1, 1)
    assert (look(row).way_name, look(row).took_over) == ("Backup", False)


def senders(row: Notification, post: Post) -> tuple[str, str]:
    assert look(row).status == Status.ACCEPTED
    mail = next(mail for mail in post.inbox if mail.message_id == look(row).message_id)
    return mail.header("From").rpartition("<")[2].rstrip(">"), mail.header("Reply-To")


@pytest.mark.feature("WPM-33")
def test_the_backup_decides_the_sender_by_its_own_settings(
    contoso: Organization, primary: Post, sandbox: Sandbox
) -> None:
    backup = join(
        contoso, sandbox, "Backup", Rank.BACKUP, force_sender="", allowed_senders="shop@fabrikam.example"
    )
    primary.server.rules.refuse("auth", "535 5.7.8 Wrong password")
    plain = queue(contoso)
    own = queue(contoso, sender="sales@contoso.example")
    allowed = queue(contoso, sender="shop@fabrikam.example")
    strange = queue(contoso, sender="someone@stranger.example")
    drain(contoso.pk)
    assert senders(plain, backup) == ("backup@contoso.example", "")
    assert senders(own, backup) == ("sales@contoso.example", "")
    assert senders(allowed, backup) == ("shop@fabrikam.example", "")
    # It does not fail because of the backup: it waits for the first way.
    waiting = look(strange)
    assert (waiting.status, waiting.attempts, waiting.claims) == (Status.QUEUED, 0, 0)
    assert waiting.next_at > waiting.created_at
    primary.server.rules.clear()
    make_due(contoso)
    let_rests_pass(contoso)
    drain(contoso.pk)
    drain(contoso.pk)
    assert senders(strange, primary)[0] == "primary@contoso.example"


@pytest.mark.feature("WPM-33")
def test_a_backup_that_always_uses_its_sender_answers_to_the_wished_one(
    contoso: Organization, primary: Post, backup: Post
) -> None:
    primary.server.rules.refuse("auth", "535 5.7.8 Wrong password")
    row = queue(contoso, sender="someone@stranger.example")
    drain(contoso.pk)
    assert senders(row, backup) == ("backup@contoso.example", "someone@stranger.example")


@pytest.mark.control("C-DEL-7")
def test_no_transaction_is_open_while_any_server_thinks(
    contoso: Organization, primary: Post, backup: Post
) -> None:
    """I7 on the way from one connection to the next, and back by a probe."""
    busy: list[int] = []

    def watch(post: Post) -> None:
        original = post.server.command

        def spy(session: Any, line: str) -> None:
            busy.append(idle_in_transaction())
            original(session, line)

        post.server.command = spy  # type: ignore[method-assign]

    watch(primary)
    watch(backup)
    primary.server.rules.refuse("auth", "535 5.7.8 Wrong password", times=1)
    for _ in range(2):
        queue(contoso)
        drain(contoso.pk)
        let_rests_pass(contoso)
    assert (len(primary.inbox), len(backup.inbox)) == (1, 1)
    assert len(busy) > 6
    assert set(busy) == {0}


def idle_in_transaction() -> int:
    """Count transactions of this database that wait for their client."""
    try:
        with connections["system"].cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state LIKE 'idle in transaction%%' AND pid <> pg_backend_pid()"
            )
            number: int = cursor.fetchone()[0]
            return number
    finally:
        connections.close_all()
