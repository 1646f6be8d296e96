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
from notifications.lanes import is_down, keep_lane
from notifications.limits import GROWTH, HEAD_BYTES, uploaded
from notifications.models import Lane, Notification, Status
from notifications.process import worker_name
from orgs.tenancy import ALIAS, tenant
from providers import Address

BATCH = 50
# Content of one batch, as it lies in the database.
BATCH_BYTES = 3_000_000
# A row that was taken this often without any outcome travels alone, so that it takes nobody with it.
SUSPECT = 2

# Moments that sending does not ask for; reading them costs as much as the rest of a row.
LEFT_OUT = frozenset(
    ("content_removed_at", "lease_until", "next_at", "created_at", "started_at", "accepted_at", "ended_at")
)
COLUMNS = ", ".join(
    f'n."{field.column}"'
    for field in Notification._meta.concrete_fields  # noqa: SLF001  # public API of Django
    if field.column not in LEFT_OUT
)
CLAIM = f"""
WITH due AS MATERIALIZED (
    SELECT id, priority, next_at, size, claims FROM notifications_notification
    WHERE organization_id = %(organization)s AND kind = 'notification' AND status = 'queued' AND {{lane}}
        AND next_at <= statement_timestamp()
    -- The route is the same in all; naming it lets the index give the order also where it is null.
    ORDER BY route_id, priority, next_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), fit AS (
    SELECT id, place FROM (
        SELECT id, row_number() OVER line AS place, sum(size) OVER line AS bytes,
            bool_or(claims >= %(suspect)s) OVER line AS suspect
        FROM due WINDOW line AS (ORDER BY priority, next_at, id)
    ) ranked WHERE place = 1 OR (bytes <= %(bytes)s AND NOT suspect)
)
UPDATE notifications_notification n SET
    status = 'leased', lease_token = %(token)s, leased_by = %(worker)s,
    lease_until = statement_timestamp() + make_interval(secs => %(seconds)s), claims = n.claims + 1,
    started_at = coalesce(n.started_at, statement_timestamp()), connection_id = %(connection)s,
    way_name = %(way_name)s, provider = %(provider)s, via_default_mailer = %(default)s,
    took_over = %(took_over)s,
    message_id = CASE WHEN n.message_id <> '' THEN n.message_id
        ELSE '<' || n.id || '.' || n.organization_id || '@' || %(domain)s || '>' END
FROM fit WHERE n.id = fit.id AND n.organization_id = %(organization)s
RETURNING {COLUMNS}, fit.place, (SELECT count(*) FROM due) AS seen
"""  # noqa: S608  # names of our own columns

LANES = {
    "order": "route_id IS NULL",
    "route": "route_id = %(route)s",
    # Those whose rule lets the order take over.
    "behind the route": "route_id = %(route)s AND route_falls_back",
}


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
        rows = _lease(way, token, limit=entry.permits, room=entry.room)
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


def bytes_of(rows: Iterable[Notification]) -> int:
    """Give the most bytes that sending these rows may upload."""
    return sum(uploaded(row.size) for row in rows)


def _lease(way: Way, token: UUID, *, limit: int, room: int | None) -> tuple[Notification, ...]:
    # The first row is claimed whatever its size; whether there is room for it is asked afterwards.
    fitting = BATCH_BYTES if room is None else min(BATCH_BYTES, int((room - limit * HEAD_BYTES) / GROWTH))
    leased = Notification.objects.using(ALIAS).raw(
        CLAIM.replace("{lane}", LANES[lane_of(way)]),
        {
            "organization": way.user_id,
            "limit": limit,
            "suspect": SUSPECT,
            "bytes": fitting,
            "token": token,
            "worker": worker_name(),
            "seconds": lease_time().total_seconds(),
            "connection": way.connection_id if way.owner_id == way.user_id else None,
            "way_name": way.name,
            "provider": way.provider.key,
            "default": way.is_default_mailer,
            "route": way.route_id,
            "took_over": way.took_over,
            "domain": Address(way.settings.sender_email).domain,
        },
    )
    return tuple(sorted(leased, key=lambda row: row.place))  # type: ignore[attr-defined]  # a column of the query


def lane_of(way: Way) -> str:
    """Name the part of the queue that may leave this way."""
    if way.route_id is None:
        return "order"
    return "behind the route" if way.is_for_fallers else "route"


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
