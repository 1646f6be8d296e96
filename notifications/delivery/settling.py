"""Settle: write what a try came to, by one conditional UPDATE and one row of the attempt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from mailsettings.models import Doubtful
from notifications.backoff import message_pause
from notifications.delivery.letter import envelope
from notifications.delivery.outcome import Outcome
from notifications.models import ENDED, AttemptOutcome, DeliveryAttempt, Kind, Notification, Status
from orgs.tenancy import tenant

# A belt beside the expiry: a server that always names a tiny Retry-After would be asked for ever.
ATTEMPTS_LIMIT = 100
NO_LEASE: dict[str, object] = {"lease_token": None, "lease_until": None, "leased_by": ""}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Where a row goes after a try."""

    status: Status
    fates: dict[str, dict[str, str]]
    pause: timedelta | None = None


def decide(row: Notification, outcome: Outcome, *, doubtful: str) -> Verdict:
    """Decide the next state from what the provider said (threat model §9, guards 4, 5, 6, 8)."""
    fates = merged_fates(row, outcome)
    retryable = row.kind == Kind.NOTIFICATION and row.attempts + 1 < ATTEMPTS_LIMIT
    still_open = any(
        fates.get(email, {}).get("outcome") not in {"accepted", "refused"} for email in envelope(row)
    )
    again = still_open and outcome.result in {
        AttemptOutcome.PARTIAL,
        AttemptOutcome.TEMPORARY,
        AttemptOutcome.UNKNOWN,
    }
    if again and retryable:
        if outcome.result == AttemptOutcome.UNKNOWN and doubtful == Doubtful.HOLD:
            return Verdict(status=Status.UNCERTAIN, fates=fates)
        pause = message_pause(attempts=row.attempts + 1, retry_after=outcome.retry_after)
        return Verdict(status=Status.QUEUED, fates=fates, pause=pause)
    arrived = any(fate["outcome"] == "accepted" for fate in fates.values())
    return Verdict(status=Status.ACCEPTED if arrived else Status.FAILED, fates=fates)


def merged_fates(row: Notification, outcome: Outcome) -> dict[str, dict[str, str]]:
    """Add this try's word on each recipient to what earlier tries said."""
    fates: dict[str, dict[str, str]] = dict(row.recipient_outcomes)
    for email in outcome.accepted:
        fates[email] = {"outcome": "accepted", "code": "", "reply": ""}
    for email, refusal in outcome.refused.items():
        kind = "retrying" if refusal.transient else "refused"
        fates[email] = {"outcome": kind, "code": refusal.code, "reply": refusal.reply}
    return fates


def columns(verdict: Verdict, row: Notification, outcome: Outcome) -> dict[str, object]:
    """Spell the verdict in columns of the row."""
    changed: dict[str, object] = {
        "status": verdict.status,
        "recipient_outcomes": verdict.fates,
        "attempts": F("attempts") + 1,
        "claims": 0,
        "last_code": outcome.code,
        "last_reply": outcome.reply,
        **NO_LEASE,
    }
    if outcome.provider_id:
        changed["provider_id"] = outcome.provider_id
    if verdict.pause is not None:
        changed["next_at"] = Now() + verdict.pause
    if outcome.accepted or verdict.status == Status.ACCEPTED:
        changed["accepted_at"] = Coalesce("accepted_at", Now())
    if verdict.status in ENDED:
        changed["ended_at"] = Now()
    if verdict.status == Status.ACCEPTED and row.secret_content:
        # A reset link has no business here once it left (C-MAIL-6).
        changed |= {"sealed_body": None, "content_removed_at": Now()}
    return changed


def settle(row: Notification, token: UUID, outcome: Outcome, *, doubtful: str) -> Status | None:
    """Record a try of a row this worker holds; None when the row had moved on meanwhile."""
    verdict = decide(row, outcome, doubtful=doubtful)
    with tenant(row.organization_id):
        mine = Notification.objects.of(row.organization_id).filter(
            pk=row.pk, lease_token=token, attempts=row.attempts
        )
        if mine.update(**columns(verdict, row, outcome)):
            record_attempt(row, row.attempts + 1, outcome, pause=verdict.pause)
            return verdict.status
        return _settle_late(row, outcome)


def _settle_late(row: Notification, outcome: Outcome) -> Status | None:
    """Keep a late answer as an attempt; a late acceptance wins over every open state (guard 4)."""
    rows = Notification.objects.of(row.organization_id)
    current = rows.select_for_update().filter(pk=row.pk).first()
    if current is None:
        return None
    verdict = decide(current, outcome, doubtful=Doubtful.RESEND)
    if outcome.accepted and verdict.status == Status.ACCEPTED and current.status not in ENDED:
        changed = columns(verdict, current, outcome)
    else:
        changed = {"attempts": F("attempts") + 1}
    rows.filter(pk=current.pk).update(**changed)
    record_attempt(current, current.attempts + 1, outcome)
    return None


def record_attempt(
    row: Notification, number: int, outcome: Outcome, *, pause: timedelta | None = None
) -> None:
    """Keep one try for the timeline; a test's row was begun when the test started."""
    now = timezone.now()
    said: dict[str, object] = {
        "started_at": outcome.started_at,
        "finished_at": now,
        "outcome": outcome.result,
        "code": outcome.code,
        "stage": outcome.stage,
        "reply": outcome.reply,
        "provider_code": outcome.provider_code,
        "request_id": outcome.request_id,
        # Host and username of the default mailer are the platform's business.
        "facts": {} if row.via_default_mailer else dict(outcome.facts),
        "provider": row.provider,
        "way_name": row.way_name,
        "next_at": _moment(now, pause),
    }
    attempt = DeliveryAttempt(organization_id=row.organization_id, notification=row, number=number, **said)
    # One statement for every mail sent: `update_or_create` would take six.
    DeliveryAttempt.objects.bulk_create(
        [attempt],
        update_conflicts=True,
        unique_fields=("organization", "notification", "number"),
        update_fields=tuple(said),
    )


def _moment(now: datetime, pause: timedelta | None) -> datetime | None:
    return None if pause is None else now + pause
