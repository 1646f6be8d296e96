"""The state table of threat model §9: every transition, who may make it, and who loses the race."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from notifications.delivery import (
    TransitionRefused,
    cancel,
    claim,
    confirm_arrived,
    expire,
    recover,
    release,
    retry,
    send_again,
    settle,
)
from notifications.delivery.claiming import Batch
from notifications.delivery.marking import SettingsChanged, Withdrawn, marker
from notifications.delivery.outcome import Outcome
from notifications.models import ENDED, AttemptOutcome, Notification, Status
from orgs.models import Organization
from orgs.tenancy import tenant
from providers import Refusal
from tests.notifications.stories import at_once, attempts, change, connect, ids, look, make_due, queue, way

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reachable")]


@pytest.fixture
def ready(contoso: Organization) -> Organization:
    """An organization with a connection."""
    connect(contoso)
    return contoso


def taken(organization: Organization, **options: Any) -> Batch:
    batch = claim(way(organization), **options)
    assert batch is not None
    return batch


def outcome(result: AttemptOutcome, **said: Any) -> Outcome:
    return Outcome(result=result, started_at=timezone.now(), **said)


ACCEPTED = {"accepted": ("reader@example.com",)}


def test_claim_leases_due_rows_by_priority_then_age(ready: Organization) -> None:
    low = queue(ready, priority="low")
    first = queue(ready)
    second = queue(ready)
    high = queue(ready, priority="high")
    later = queue(ready)
    change(later, next_at=timezone.now() + timedelta(minutes=1))
    batch = taken(ready)
    assert ids(list(batch.rows)) == [high.pk, first.pk, second.pk, low.pk]
    row = look(first)
    assert (row.status, row.lease_token, row.claims) == (Status.LEASED, batch.token, 1)
    assert row.way_name == "Custom SMTP"
    assert row.provider == "smtp"
    assert row.message_id == f"<{row.pk}.{ready.pk}@contoso.example>"
    assert look(later).status == Status.QUEUED


@pytest.mark.feature("COG-45")
def test_high_goes_before_normal_before_low(ready: Organization) -> None:
    rows = {priority: queue(ready, priority=priority) for priority in ("low", "normal", "high")}
    order = [taken(ready, limit=1).rows[0].pk for _ in range(3)]
    assert order == [rows["high"].pk, rows["normal"].pk, rows["low"].pk]


def test_claim_keeps_the_number_of_sessions(ready: Organization) -> None:
    for _ in range(5):
        queue(ready)
    batches = [claim(way(ready), limit=1) for _ in range(5)]
    assert [batch is not None for batch in batches] == [True, True, True, False, False]


@pytest.mark.control("C-DEL-5")
@pytest.mark.django_db(transaction=True)
def test_two_claimers_never_take_the_same_row(ready: Organization) -> None:
    for _ in range(60):
        queue(ready)
    batches = at_once(*[lambda: claim(way(ready), limit=20)] * 4)
    names = [row.pk for batch in batches if batch for row in batch.rows]
    assert len(names) == len(set(names)) == 60


def test_release_gives_rows_back_without_counting_the_claim(ready: Organization) -> None:
    queue(ready)
    batch = taken(ready)
    assert release(batch, batch.rows) == 1
    row = look(batch.rows[0])
    assert (row.status, row.lease_token, row.claims, row.attempts) == (Status.QUEUED, None, 0, 0)


def test_marker_passes_once_and_only_with_a_live_lease(ready: Organization) -> None:
    queue(ready)
    batch = taken(ready)
    mark = marker(batch.rows[0], batch, way=way(ready))
    mark()
    assert look(batch.rows[0]).status == Status.TRANSMITTING
    with pytest.raises(Withdrawn):
        mark()


@pytest.mark.parametrize(
    "loss",
    [
        {"lease_until": timezone.now() - timedelta(seconds=1)},
        {"lease_until": timezone.now() + timedelta(seconds=3)},
        {"lease_token": uuid4()},
        {"status": Status.QUEUED, "lease_token": None, "lease_until": None},
    ],
    ids=["ran out", "within the margin", "another token", "taken back"],
)
def test_marker_refuses_when_the_lease_is_lost(ready: Organization, loss: dict[str, object]) -> None:
    queue(ready)
    batch = taken(ready)
    change(batch.rows[0], **loss)
    with pytest.raises(Withdrawn):
        marker(batch.rows[0], batch, way=way(ready))()
    assert look(batch.rows[0]).status != Status.TRANSMITTING


@pytest.mark.feature("CIR-22")
def test_marker_refuses_when_settings_were_saved_meanwhile(ready: Organization) -> None:
    queue(ready)
    chosen = way(ready)
    batch = taken(ready)
    connect(ready, sender="other@contoso.example")
    with pytest.raises(SettingsChanged):
        marker(batch.rows[0], batch, way=chosen)()
    assert look(batch.rows[0]).status == Status.LEASED


def test_cancel_takes_the_lease_so_that_nothing_is_sent(ready: Organization) -> None:
    queue(ready)
    batch = taken(ready)
    cancel(ready.pk, batch.rows[0].pk)
    with pytest.raises(Withdrawn):
        marker(batch.rows[0], batch, way=way(ready))()
    assert look(batch.rows[0]).status == Status.CANCELLED


def test_cancel_comes_too_late_once_transmission_began(ready: Organization) -> None:
    queue(ready)
    batch = taken(ready)
    marker(batch.rows[0], batch, way=way(ready))()
    with pytest.raises(TransitionRefused, match="Sending"):
        cancel(ready.pk, batch.rows[0].pk)


def test_settle_records_acceptance_and_the_attempt(ready: Organization) -> None:
    queue(ready)
    batch = taken(ready)
    said = outcome(AttemptOutcome.ACCEPTED, reply="250 queued", provider_id="q1", **ACCEPTED)
    assert settle(batch.rows[0], batch.token, said, doubtful="resend") == Status.ACCEPTED
    row = look(batch.rows[0])
    assert (row.attempts, row.claims, row.lease_token, row.provider_id) == (1, 0, None, "q1")
    assert row.accepted_at
    assert row.ended_at
    tries = attempts(row)
    assert [(one.number, one.outcome, one.reply) for one in tries] == [(1, "accepted", "250 queued")]


@pytest.mark.parametrize(
    ("result", "doubtful", "status"),
    [
        (AttemptOutcome.TEMPORARY, "resend", Status.QUEUED),
        (AttemptOutcome.REFUSED, "resend", Status.FAILED),
        (AttemptOutcome.UNKNOWN, "resend", Status.QUEUED),
        (AttemptOutcome.UNKNOWN, "hold", Status.UNCERTAIN),
    ],
)
@pytest.mark.feature("NEW-7")
def test_settle_follows_the_table(
    ready: Organization, result: AttemptOutcome, doubtful: str, status: Status
) -> None:
    queue(ready)
    batch = taken(ready)
    before = timezone.now()
    settle(batch.rows[0], batch.token, outcome(result, code="server_busy"), doubtful=doubtful)
    row = look(batch.rows[0])
    assert row.status == status
    assert (row.attempts, row.lease_token) == (1, None)
    if status == Status.QUEUED:
        assert before + timedelta(seconds=25) < row.next_at < before + timedelta(seconds=100)
        assert attempts(row)[0].next_at is not None


def test_settle_waits_at_least_as_long_as_asked(ready: Organization) -> None:
    queue(ready)
    batch = taken(ready)
    before = timezone.now()
    said = outcome(AttemptOutcome.TEMPORARY, code="rate_limited", retry_after=1800.0)
    settle(batch.rows[0], batch.token, said, doubtful="resend")
    assert before + timedelta(seconds=1790) < look(batch.rows[0]).next_at < before + timedelta(seconds=2100)


def test_late_acceptance_wins_over_open_states_and_stops_the_next_worker(ready: Organization) -> None:
    queue(ready)
    slow = taken(ready)
    marker(slow.rows[0], slow, way=way(ready))()
    change(slow.rows[0], lease_until=timezone.now() - timedelta(seconds=1))
    assert recover(ready.pk) == 1
    make_due(ready)
    quick = taken(ready)
    settle(slow.rows[0], slow.token, outcome(AttemptOutcome.ACCEPTED, **ACCEPTED), doubtful="resend")
    assert look(slow.rows[0]).status == Status.ACCEPTED
    with pytest.raises(Withdrawn):
        marker(quick.rows[0], quick, way=way(ready))()
    row = look(slow.rows[0])
    assert row.attempts == len(attempts(row)) == 2


def test_late_refusal_is_an_attempt_and_changes_nothing_else(ready: Organization) -> None:
    queue(ready)
    batch = taken(ready)
    cancel(ready.pk, batch.rows[0].pk)
    settle(batch.rows[0], batch.token, outcome(AttemptOutcome.REFUSED), doubtful="resend")
    row = look(batch.rows[0])
    assert row.status == Status.CANCELLED
    assert row.attempts == len(attempts(row)) == 1


def test_recover_queues_a_leased_row_without_an_attempt(ready: Organization) -> None:
    queue(ready)
    batch = taken(ready)
    assert recover(ready.pk) == 0
    change(batch.rows[0], lease_until=timezone.now() - timedelta(seconds=1))
    assert recover(ready.pk) == 1
    row = look(batch.rows[0])
    assert (row.status, row.attempts, row.claims, row.lease_token) == (Status.QUEUED, 0, 1, None)


@pytest.mark.feature("NEW-7")
@pytest.mark.parametrize(("doubtful", "status"), [("resend", Status.QUEUED), ("hold", Status.UNCERTAIN)])
def test_recover_treats_a_transmitting_row_as_doubtful(
    contoso: Organization, doubtful: str, status: Status
) -> None:
    connect(contoso, doubtful=doubtful)
    queue(contoso)
    batch = taken(contoso)
    marker(batch.rows[0], batch, way=way(contoso))()
    change(batch.rows[0], lease_until=timezone.now() - timedelta(seconds=1))
    recover(contoso.pk)
    row = look(batch.rows[0])
    assert (row.status, row.attempts, row.last_code) == (status, 1, "outcome_unknown")
    assert [one.outcome for one in attempts(row)] == ["unknown"]


def test_five_claims_without_an_outcome_are_poison(ready: Organization) -> None:
    row = queue(ready)
    for _ in range(5):
        make_due(ready)
        taken(ready)
        change(row, lease_until=timezone.now() - timedelta(seconds=1))
        recover(ready.pk)
    assert (look(row).status, look(row).last_code) == (Status.FAILED, "poison")


def test_an_outcome_starts_the_count_of_claims_again(ready: Organization) -> None:
    row = queue(ready)
    change(row, claims=4)
    batch = taken(ready)
    settle(batch.rows[0], batch.token, outcome(AttemptOutcome.TEMPORARY), doubtful="resend")
    assert look(row).claims == 0


def test_expire_ends_queued_rows_past_their_age(ready: Organization) -> None:
    old, young = queue(ready), queue(ready)
    change(old, expires_at=timezone.now() - timedelta(seconds=1))
    assert expire(ready.pk) == 1
    assert (look(old).status, look(young).status) == (Status.EXPIRED, Status.QUEUED)


def test_expire_counts_a_partly_accepted_one_as_sent(ready: Organization) -> None:
    row = queue(ready, to="a@example.com, b@example.com")
    fates = {"a@example.com": {"outcome": "accepted", "code": "", "reply": ""}}
    change(row, expires_at=timezone.now() - timedelta(seconds=1), recipient_outcomes=fates)
    expire(ready.pk)
    assert look(row).status == Status.ACCEPTED


def test_partial_acceptance_tries_the_open_recipients_again_then_ends_accepted(ready: Organization) -> None:
    row = queue(ready, to="a@example.com, b@example.com, c@example.com")
    batch = taken(ready)
    refused = {
        "b@example.com": Refusal("recipient_temporary", reply="451", transient=True),
        "c@example.com": Refusal("recipient_refused", reply="550 5.1.1"),
    }
    said = outcome(AttemptOutcome.PARTIAL, accepted=("a@example.com",), refused=refused)
    assert settle(batch.rows[0], batch.token, said, doubtful="resend") == Status.QUEUED
    assert look(row).accepted_at is not None
    make_due(ready)
    again = taken(ready)
    said = outcome(
        AttemptOutcome.REFUSED,
        code="recipient_refused",
        refused={"b@example.com": Refusal("recipient_refused", reply="550")},
    )
    assert settle(again.rows[0], again.token, said, doubtful="resend") == Status.ACCEPTED
    fates = look(row).recipient_outcomes
    assert {email: fate["outcome"] for email, fate in fates.items()} == {
        "a@example.com": "accepted",
        "b@example.com": "refused",
        "c@example.com": "refused",
    }


def test_retry_queues_a_failed_one_with_its_message_id(ready: Organization) -> None:
    row = queue(ready)
    batch = taken(ready)
    settle(batch.rows[0], batch.token, outcome(AttemptOutcome.REFUSED), doubtful="resend")
    before = look(row)
    retry(ready.pk, row.pk)
    after = look(row)
    assert (after.status, after.attempts, after.message_id) == (Status.QUEUED, 1, before.message_id)
    assert after.ended_at is None
    assert taken(ready).rows[0].pk == row.pk


def test_retry_brings_the_next_try_forward(ready: Organization) -> None:
    row = queue(ready)
    change(row, next_at=timezone.now() + timedelta(hours=3), attempts=1)
    retry(ready.pk, row.pk)
    assert taken(ready).rows[0].pk == row.pk


def test_retry_is_refused_when_the_content_is_gone(ready: Organization) -> None:
    row = queue(ready)
    now = timezone.now()
    change(row, status=Status.FAILED, ended_at=now, sealed_body=None, content_removed_at=now)
    with pytest.raises(TransitionRefused, match="no longer kept"):
        retry(ready.pk, row.pk)


@pytest.mark.feature("NEW-7")
def test_a_person_answers_for_an_uncertain_one(ready: Organization) -> None:
    for move, status in (
        (confirm_arrived, Status.ACCEPTED),
        (send_again, Status.QUEUED),
        (cancel, Status.CANCELLED),
    ):
        row = queue(ready)
        change(row, status=Status.UNCERTAIN)
        move(ready.pk, row.pk)
        assert look(row).status == status


MOVES = {"retry": retry, "cancel": cancel, "arrived": confirm_arrived, "again": send_again}
ALLOWED = {
    ("retry", Status.QUEUED),
    ("retry", Status.FAILED),
    ("retry", Status.EXPIRED),
    ("cancel", Status.QUEUED),
    ("cancel", Status.LEASED),
    ("cancel", Status.UNCERTAIN),
    ("arrived", Status.UNCERTAIN),
    ("again", Status.UNCERTAIN),
}


@pytest.mark.control("C-DEL-6")
@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("name", list(MOVES))
def test_people_move_only_what_the_table_allows(ready: Organization, name: str, status: Status) -> None:
    row, now = queue(ready), timezone.now()
    columns: dict[str, object] = {"status": status}
    if status in ENDED:
        columns |= {"ended_at": now, "accepted_at": now}
    elif status in {Status.LEASED, Status.TRANSMITTING}:
        columns |= {"lease_token": uuid4(), "lease_until": now + timedelta(minutes=1)}
    change(row, **columns)
    if (name, status) in ALLOWED:
        MOVES[name](ready.pk, row.pk)
        return
    with pytest.raises(TransitionRefused):
        MOVES[name](ready.pk, row.pk)
    assert look(row).status == status


@pytest.mark.control("C-TEN-5")
@pytest.mark.parametrize("name", list(MOVES))
def test_people_cannot_move_another_organizations_rows(
    ready: Organization, fabrikam: Organization, name: str
) -> None:
    row = queue(ready)
    change(row, status=Status.UNCERTAIN)
    with pytest.raises(TransitionRefused, match="does not exist"):
        MOVES[name](fabrikam.pk, row.pk)
    assert look(row).status == Status.UNCERTAIN


def test_a_held_connection_is_probed_by_one_message_after_its_time(ready: Organization) -> None:
    from mailsettings.models import Connection  # noqa: PLC0415

    for _ in range(3):
        queue(ready)
    now = timezone.now()
    with tenant(ready):
        Connection.objects.of(ready).update(
            held_code="auth_failed", held_since=now, probe_at=now - timedelta(seconds=1)
        )
    probe = taken(ready)
    assert len(probe.rows) == 1
    assert claim(way(ready)) is None


def test_every_constraint_is_in_the_database(ready: Organization) -> None:
    from django.db import IntegrityError, transaction  # noqa: PLC0415

    row, now = queue(ready), timezone.now()
    broken: list[dict[str, object]] = [
        {"status": "sent"},
        {"status": Status.LEASED},
        {"lease_token": uuid4()},
        {"status": Status.ACCEPTED, "ended_at": now},
        {"status": Status.FAILED},
        {"ended_at": now},
        {"sealed_body": None},
        {"kind": "letter"},
        {"priority": 7},
    ]
    for columns in broken:
        with tenant(ready), pytest.raises(IntegrityError), transaction.atomic():
            Notification.objects.of(ready).filter(pk=row.pk).update(**columns)
