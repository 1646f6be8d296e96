"""Lease: the one statement that takes due rows, and what sending asks of each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models.base import ModelState

from mailsettings.ways import Way
from notifications.models import Kind, Notification, Status
from notifications.process import worker_name
from orgs.binary import binary_cursor
from orgs.tenancy import ALIAS
from providers import Address

# A row that was taken this often without any outcome travels alone, so that it takes nobody with it.
SUSPECT = 2

CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id, priority, next_at, size, claims FROM notifications_notification
    WHERE organization_id = %(organization)s AND kind = 'notification' AND status = 'queued' AND {part}
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
RETURNING n.id, n.notification_type, n.priority, n.subject, n.sender_email, n.sender_name, n.recipients,
    n.recipient_outcomes, n.headers, n.size, n.sealed_body, n.secret_content, n.message_id,
    extract(epoch FROM n.message_date)::double precision AS message_date, n.sequence, n.sequence_place,
    n.route_id, n.route_falls_back, n.claims, n.attempts, fit.place, (SELECT count(*) FROM due) AS seen
"""

PARTS = {
    "order": "route_id IS NULL",
    "route": "route_id = %(route)s",
    # Those whose rule lets the order take over.
    "behind the route": "route_id = %(route)s AND route_falls_back",
}


def lease(way: Way, token: UUID, *, limit: int, seconds: float, most: int) -> tuple[Notification, ...]:
    """Lease at most `limit` due rows with `most` bytes of content for `seconds`, inside tenant(way.user_id).

    The rows hold what sending asks for; any other field is read from the database when it is used.
    """
    same: dict[str, Any] = {
        "organization_id": way.user_id,
        "kind": Kind.NOTIFICATION,
        "status": Status.LEASED,
        "lease_token": token,
        "connection_id": way.connection_id if way.owner_id == way.user_id else None,
        "way_name": way.name,
        "provider": way.provider.key,
        "via_default_mailer": way.is_default_mailer,
        "took_over": way.took_over,
    }
    asked: dict[str, Any] = {
        "organization": way.user_id,
        "limit": limit,
        "suspect": SUSPECT,
        "bytes": most,
        "token": token,
        "worker": worker_name(),
        "seconds": seconds,
        "connection": same["connection_id"],
        "way_name": way.name,
        "provider": way.provider.key,
        "default": way.is_default_mailer,
        "route": way.route_id,
        "took_over": way.took_over,
        "domain": Address(way.settings.sender_email).domain,
    }
    with binary_cursor() as cursor:
        cursor.execute(CLAIM.replace("{part}", PARTS[part_for(way)]), asked)
        names = [column.name for column in cursor.description or ()]
        rows = [_row(dict(zip(names, values, strict=True)), same) for values in cursor.fetchall()]
    return tuple(sorted(rows, key=lambda row: row.place))  # type: ignore[attr-defined]  # a column of the query


def part_for(way: Way) -> str:
    """Name the part of the queue that may leave this way."""
    if way.route_id is None:
        return "order"
    return "behind the route" if way.is_for_fallers else "route"


def _row(read: dict[str, Any], same: dict[str, Any]) -> Notification:
    """Make a row for sending, without the signals and checks of a model, at a tenth of the cost."""
    read["message_date"] = datetime.fromtimestamp(read["message_date"], UTC)
    row = Notification.__new__(Notification)
    row._state = ModelState()  # noqa: SLF001  # public API of Django
    row._state.adding, row._state.db = False, ALIAS  # noqa: SLF001
    row.__dict__.update(same, **read)
    return row
