"""Claim: take due notifications under a lease, so that nobody else sends them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import Case, F, TextField, Value, When
from django.db.models.functions import Cast, Coalesce, Concat, Greatest, Now

from mailsettings.ways import Way
from notifications.lanes import lock_lane
from notifications.models import IN_HAND, Kind, Lane, Notification, Status
from notifications.process import worker_name
from orgs.tenancy import tenant
from providers import Address

# Sessions one organization may have open at a time; Microsoft's SMTP takes three.
SLOTS = 3
BATCH = 50


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows leased together: one token, one session."""

    organization_id: UUID
    token: UUID
    rows: tuple[Notification, ...]


def lease_time() -> timedelta:
    """Give the time a worker has for its next step before others may take over."""
    return timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)


def claim(way: Way, *, limit: int = BATCH) -> Batch | None:
    """Lease the most urgent due notifications for this way; None when nothing may go now."""
    with tenant(way.user_id) as organization_id:
        lane = lock_lane(way)
        if lane.resume_at is not None and not rested(lane):
            return None
        rows = Notification.objects.of(organization_id)
        live = rows.filter(kind=Kind.NOTIFICATION, status__in=IN_HAND, lease_until__gt=Now())
        # A lane that just failed is tried by one worker; a held connection by one message.
        slots = 1 if way.held_code or lane.failures else SLOTS
        if live.values("lease_token").distinct().count() >= slots:
            return None
        due = rows.due().order_by("priority", "next_at", "id").select_for_update(skip_locked=True)
        taken = list(due.values_list("pk", flat=True)[: 1 if way.held_code else limit])
        return _lease(organization_id, taken, way)


def rested(lane: Lane) -> bool:
    """Say whether the lane's pause is over, by the database's clock as all times of the queue."""
    return Lane.objects.of(lane.organization_id).filter(resume_at__lte=Now()).exists()


def claim_test(organization_id: UUID) -> Batch | None:
    """Lease one waiting test email; tests pass by lanes and holds, since they look for the fault."""
    with tenant(organization_id):
        waiting = Notification.objects.of(organization_id).waiting_tests().order_by("id")
        taken = list(waiting.select_for_update(skip_locked=True).values_list("pk", flat=True)[:1])
        return _lease(organization_id, taken, None)


def _lease(organization_id: UUID, taken: list[UUID], way: Way | None) -> Batch | None:
    if not taken:
        return None
    token = uuid4()
    rows = Notification.objects.of(organization_id)
    rows.filter(pk__in=taken, status=Status.QUEUED).update(
        status=Status.LEASED,
        lease_token=token,
        lease_until=Now() + lease_time(),
        leased_by=worker_name(),
        claims=F("claims") + 1,
        started_at=Coalesce("started_at", Now()),
        **({} if way is None else way_columns(way)),
    )
    leased = tuple(rows.filter(lease_token=token).order_by("priority", "next_at", "id"))
    return Batch(organization_id=organization_id, token=token, rows=leased)


def way_columns(way: Way) -> dict[str, object]:
    """Record on a row the way it takes; the Message-ID is given once and kept on every later try (I9)."""
    return {
        "connection_id": way.connection_id if way.owner_id == way.user_id else None,
        "way_name": way.name,
        "provider": way.provider.key,
        "via_default_mailer": way.is_default_mailer,
        "message_id": Case(
            When(
                message_id="",
                then=Concat(
                    Value("<"),
                    Cast("id", TextField()),
                    Value("."),
                    Cast("organization_id", TextField()),
                    Value(f"@{Address(way.settings.sender_email).domain}>"),
                    output_field=TextField(),
                ),
            ),
            default=F("message_id"),
        ),
    }


def release(batch: Batch, rows: tuple[Notification, ...]) -> int:
    """Put rows nothing was done for back into the queue; the claim does not count."""
    if not rows:
        return 0
    with tenant(batch.organization_id):
        mine = Notification.objects.of(batch.organization_id).filter(lease_token=batch.token)
        return mine.filter(pk__in=[row.pk for row in rows], status=Status.LEASED).update(
            status=Status.QUEUED,
            lease_token=None,
            lease_until=None,
            leased_by="",
            claims=Greatest(F("claims") - 1, Value(0)),
        )
