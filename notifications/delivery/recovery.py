"""Recover: what a dead worker held goes on by itself; what nobody needs any more ends."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from mailsettings.models import Doubtful, MailSettings
from notifications import slots
from notifications.backoff import message_pause
from notifications.delivery.claiming import lease_time
from notifications.delivery.outcome import Outcome
from notifications.delivery.sequence import advance
from notifications.delivery.settling import NO_LEASE, record_attempt
from notifications.models import TRIALS, AttemptOutcome, Notification, Status
from orgs.tenancy import tenant

# A worker took it this often and never came back with an answer: the message itself is the trouble.
CLAIMS_LIMIT = 5
ROWS = 500
NO_PAUSE = timedelta(0)


def recover(organization_id: UUID) -> int:
    """Take back rows whose lease ran out; gives how many."""
    with tenant(organization_id):
        policy = MailSettings.objects.of(organization_id).values_list("doubtful", flat=True).first()
        lost = list(
            Notification.objects.of(organization_id).lost().select_for_update(skip_locked=True)[:ROWS]
        )
        for row in lost:
            _take_back(row, doubtful=policy or Doubtful.RESEND)
        for token in {row.lease_token for row in lost if row.lease_token}:
            # Whoever held it is gone, and so is its session.
            slots.free(token)
        advance(organization_id, (row.sequence for row in lost))
    return len(lost)


def give_back(row: Notification, token: UUID, *, doubtful: str) -> None:
    """Take back one row at once whose sending broke off inside this worker; it rests before the next try."""
    with tenant(row.organization_id):
        rows = Notification.objects.of(row.organization_id).select_for_update()
        current = rows.filter(pk=row.pk, lease_token=token).first()
        if current is not None:
            _take_back(current, doubtful=doubtful, pause=message_pause(attempts=current.claims))


def _take_back(row: Notification, *, doubtful: str, pause: timedelta = NO_PAUSE) -> None:
    """Apply guards 7, 8 and 12 to a row whose worker is gone; the row is locked."""
    mine = Notification.objects.of(row.organization_id).filter(pk=row.pk, lease_token=row.lease_token)
    if row.kind in TRIALS:
        _fail(row, mine, code="worker_lost")
    elif row.status == Status.TRANSMITTING and doubtful == Doubtful.HOLD:
        _doubt(row, mine, pause=None)
    elif row.claims >= CLAIMS_LIMIT:
        _fail(row, mine, code="poison")
    elif row.status == Status.TRANSMITTING:
        _doubt(row, mine, pause=pause)
    else:
        # Nothing left before the marker, so another try is harmless.
        mine.update(status=Status.QUEUED, next_at=Now() + pause, **NO_LEASE)


def _doubt(row: Notification, mine: QuerySet[Notification], *, pause: timedelta | None) -> None:
    """The content may have left: it is sent again, or waits for a person (guard 8)."""
    target: dict[str, object] = {"status": Status.UNCERTAIN}
    if pause is not None:
        target = {"status": Status.QUEUED, "next_at": Now() + pause}
    mine.update(attempts=row.attempts + 1, last_code="outcome_unknown", last_reply="", **target, **NO_LEASE)
    record_attempt(row, row.attempts + 1, _lost(row, "outcome_unknown"), pause=pause)


def _fail(row: Notification, mine: QuerySet[Notification], *, code: str) -> None:
    ending: dict[str, object] = {"status": Status.FAILED, "last_code": code, "last_reply": ""}
    if any_accepted(row):
        ending = {"status": Status.ACCEPTED, "accepted_at": Coalesce("accepted_at", Now())}
    mine.update(attempts=row.attempts + 1, ended_at=Now(), **ending, **NO_LEASE)
    record_attempt(row, row.attempts + 1, _lost(row, code))


def _lost(row: Notification, code: str) -> Outcome:
    begun = row.lease_until - lease_time() if row.lease_until else timezone.now()
    return Outcome(result=AttemptOutcome.UNKNOWN, started_at=begun, code=code)


def expire(organization_id: UUID) -> int:
    """End queued notifications that are past their age; gives how many."""
    with tenant(organization_id):
        rows = Notification.objects.of(organization_id)
        old = list(
            rows.over_age().select_for_update(skip_locked=True).only("recipient_outcomes", "sequence")[:ROWS]
        )
        arrived = [row.pk for row in old if any_accepted(row)]
        waiting = rows.filter(status=Status.QUEUED)
        waiting.filter(pk__in=arrived).update(
            status=Status.ACCEPTED, accepted_at=Coalesce("accepted_at", Now()), ended_at=Now()
        )
        waiting.filter(pk__in=[row.pk for row in old]).update(
            status=Status.EXPIRED, ended_at=Now(), last_code="expired"
        )
        advance(organization_id, (row.sequence for row in old))
    return len(old)


def any_accepted(row: Notification) -> bool:
    """Say whether the provider took the message for at least one recipient."""
    return any(fate["outcome"] == "accepted" for fate in row.recipient_outcomes.values())
