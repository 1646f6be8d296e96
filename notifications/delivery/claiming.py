"""Claim: take due notifications under a lease, so that nobody else sends them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import F, Value
from django.db.models.functions import Greatest

from mailsettings.ways import Way
from notifications import slots
from notifications.delivery.leasing import lease
from notifications.lanes import is_down, keep_lane
from notifications.limits import GROWTH, HEAD_BYTES, uploaded
from notifications.models import Lane, Notification, Status
from orgs.tenancy import tenant

BATCH = 50
# Content of one batch, as it lies in the database.
BATCH_BYTES = 3_000_000


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows leased together: one token, one session."""

    organization_id: UUID
    token: UUID
    rows: tuple[Notification, ...]
    lane: Lane | None = None
    # What the connection takes in a minute; 0 when nobody counts.
    per_minute: int = 0
    # Messages that may be under way at a time.
    at_once: int = 1
    counts_uploads: bool = False
    # Something was told to be wrong with the organization's mail.
    is_alarmed: bool = False


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a claim came to: rows, or nothing, and then when it is worth asking again."""

    batch: Batch | None = None
    wait: float | None = None
    # The way is down, so that another may take over; not merely busy.
    is_down: bool = False
    # Fewer rows were due than might go.
    was_last: bool = True


def lease_time() -> timedelta:
    """Give the time a worker has for its next step before others may take over."""
    return timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)


def claim(way: Way, *, limit: int = BATCH) -> Batch | None:
    """Lease the most urgent due notifications for this way; None when nothing may go now."""
    return take(way, token=uuid4(), limit=limit).batch


def take(way: Way, *, token: UUID, limit: int) -> Taken:
    """Take or keep a session's slot, and lease the most urgent due notifications under its token.

    Raises:
        notifications.slots.WayChanged: the connection is no longer as it was read.
    """
    with tenant(way.user_id):
        # A held connection is probed by one message.
        wanted = 1 if way.held_code else limit
        entry = slots.enter(way, token, wanted=wanted)
        if not entry.permits:
            return Taken(wait=entry.wait, is_down=is_down(way, entry.lane))
        keep_lane(way, entry.lane, is_latest=entry.is_latest)
        seconds = lease_time().total_seconds()
        rows = lease(way, token, limit=entry.permits, seconds=seconds, most=fitting(entry))
        if not rows:
            slots.leave(way, token)
            return Taken()
        batch = Batch(
            organization_id=way.user_id,
            token=token,
            rows=rows,
            lane=entry.lane,
            per_minute=entry.per_minute,
            at_once=entry.at_once,
            counts_uploads=entry.room is not None,
            is_alarmed=entry.is_alarmed,
        )
        wait = slots.reserve(way, token, bytes_of(rows)) if batch.counts_uploads else None
        if wait is not None:
            release(batch, rows)
            slots.leave(way, token)
            return Taken(wait=wait)
        seen: int = rows[0].seen  # type: ignore[attr-defined]  # a column of the query
        # Fewer rows than were seen: their content was too much for one batch, or one travels alone.
        return Taken(batch=batch, was_last=len(rows) == seen < entry.permits)


def fitting(entry: slots.Entry) -> int:
    """Give how much content one batch may hold; its first row is claimed whatever its size."""
    room = BATCH_BYTES if entry.room is None else int((entry.room - entry.permits * HEAD_BYTES) / GROWTH)
    return min(BATCH_BYTES, room)


def bytes_of(rows: Iterable[Notification]) -> int:
    """Give the most bytes that sending these rows may upload."""
    return sum(uploaded(row.size) for row in rows)


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
