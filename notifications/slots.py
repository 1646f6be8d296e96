"""A connection's sessions and permits, shared by all workers; kept by functions inside the database."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connections

from mailsettings.ways import Way
from notifications.lanes import way_key
from notifications.limits import preset
from notifications.models import Lane
from orgs.tenancy import ALIAS

# A rested lane, or one whose permits are used up, is looked at again no later than this.
LONGEST_WAIT = 300.0

ENTER = """
SELECT e.permits, e.wait, e.per_minute, l.id, l.way, l.held_code, l.failures, l.resume_at, l.used_at >= ALL (
    SELECT o.used_at FROM notifications_lane o WHERE o.organization_id = %(organization)s)
FROM enter_connection(%(connection)s, %(version)s, %(held)s, %(way)s, %(token)s, %(sessions)s, %(per_minute)s,
    %(wanted)s, %(seconds)s) e
LEFT JOIN notifications_lane l ON l.organization_id = %(organization)s AND l.connection_id = %(connection)s
"""


class WayChanged(Exception):
    """The connection was saved, held or released since the way was read."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the database answered: how many messages may go now, or how long to wait."""

    permits: int
    wait: float | None
    # Messages a minute that are counted, and so must be told what was sent; 0 when they are not.
    per_minute: int
    lane: Lane | None
    is_latest: bool


def enter(way: Way, token: UUID, *, wanted: int) -> Entry:
    """Take a session's slot, or prolong the one held under this token, inside tenant(way.user_id).

    Raises:
        WayChanged: read the way again.
    """
    limits = preset(way)
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(
            ENTER,
            {
                "organization": way.user_id,
                "connection": way.connection_id,
                "version": way.version,
                "held": way.held_code,
                "way": way_key(way),
                "token": token,
                "sessions": limits.sessions,
                "per_minute": limits.per_minute,
                "wanted": wanted,
                "seconds": float(settings.DELIVERY_LEASE_SECONDS),
            },
        )
        permits, wait, per_minute, pk, *columns, is_latest = cursor.fetchone()
    if permits < 0:
        raise WayChanged
    return Entry(
        permits=permits,
        wait=None if wait is None else min(max(wait, 0.0), LONGEST_WAIT),
        per_minute=per_minute,
        lane=lane_of(way, pk, columns),
        is_latest=bool(is_latest),
    )


def lane_of(way: Way, pk: UUID | None, columns: list[object]) -> Lane | None:
    """Make the lane of the columns read with the slot."""
    if pk is None:
        return None
    names = ("way", "held_code", "failures", "resume_at")
    said = dict(zip(names, columns, strict=True))
    return Lane(id=pk, organization_id=way.user_id, connection_id=way.connection_id, **said)


def spend(way: Way, token: UUID, used: int) -> None:
    """Tell how many permits became messages, inside the transaction that records their outcomes."""
    _call("SELECT spend_permits(%s, %s, %s)", [way.connection_id, token, used])


def leave(way: Way, token: UUID, *, sent: int = 0, seconds: float = 0.0, per_minute: int = 0) -> None:
    """Give the slot and the unused permits back, and count what was sent, inside tenant(way.user_id)."""
    told = [way.connection_id, token, sent, seconds, per_minute]
    _call("SELECT leave_connection(%s, %s, %s, %s, %s)", told)


def rest(way: Way, token: UUID, seconds: float) -> None:
    """Let the connection rest for all who use it; the caller holds a slot."""
    _call("SELECT rest_connection(%s, %s, %s)", [way.connection_id, token, seconds])


def free(token: UUID) -> None:
    """Free the slot of a holder that is gone, inside its organization's tenant()."""
    _call("SELECT leave_connection(NULL, %s, 0, 0, 0)", [token])


def _call(statement: str, parameters: list[UUID | int | float | None]) -> None:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(statement, parameters)
