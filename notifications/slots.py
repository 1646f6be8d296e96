"""A connection's sessions and permits, shared by all workers; kept by functions inside the database."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connections

from mailsettings.ways import Way
from notifications.lanes import way_key
from notifications.limits import preset, requests_wanted
from notifications.models import Lane
from notifications.process import worker_name
from orgs.tenancy import ALIAS

# A rested lane, or one whose permits are used up, is looked at again no later than this.
LONGEST_WAIT = 300.0

ENTER = """
SELECT e.permits, e.wait, e.per_minute, e.at_once, e.room,
    EXISTS (SELECT FROM notifications_alarm a WHERE a.organization_id = %(organization)s
        AND a.kind IN ('backup.in_use', 'connections.all_failing')),
    l.id, l.way, l.held_code, l.failures, l.busy, l.resume_at,
    l.used_at >= ALL (SELECT o.used_at FROM notifications_lane o WHERE o.organization_id = %(organization)s)
FROM enter_connection(%(connection)s, %(version)s, %(stored)s, %(held)s, %(settings)s, %(entitled)s, %(way)s,
    %(token)s, %(worker)s, %(sessions)s, %(requests)s, %(per_minute)s, %(upload)s, %(wanted)s, %(seconds)s) e
LEFT JOIN notifications_lane l ON l.organization_id = %(organization)s AND l.connection_id = %(connection)s
"""


class WayChanged(Exception):
    """The connection was changed, held or released, or settings were saved, since the way was read."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the database answered: how many messages may go now, or how long to wait."""

    permits: int
    wait: float | None
    # Messages a minute that are counted, and so must be told what was sent; 0 when they are not.
    per_minute: int
    # How many of them may be under way at a time.
    at_once: int
    # Bytes that may be uploaded now; None where nobody counts them.
    room: int | None
    lane: Lane | None
    is_latest: bool
    # Something is told to be wrong with the organization's mail.
    is_alarmed: bool


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
                "stored": way.stored,
                "held": way.held_code,
                "settings": way.settings_version,
                "entitled": way.entitled,
                "way": way_key(way),
                "token": token,
                "worker": worker_name(),
                "sessions": limits.sessions,
                "requests": requests_wanted(way),
                "per_minute": limits.per_minute,
                "upload": limits.upload,
                "wanted": wanted,
                "seconds": float(settings.DELIVERY_LEASE_SECONDS),
            },
        )
        permits, wait, per_minute, at_once, room, is_alarmed, pk, *columns, is_latest = cursor.fetchone()
    if permits < 0:
        raise WayChanged
    return Entry(
        permits=permits,
        wait=None if wait is None else min(max(wait, 0.0), LONGEST_WAIT),
        per_minute=per_minute,
        at_once=at_once,
        room=room,
        lane=lane_of(way, pk, columns),
        is_latest=bool(is_latest),
        is_alarmed=is_alarmed,
    )


def lane_of(way: Way, pk: UUID | None, columns: list[object]) -> Lane | None:
    """Make the lane of the columns read with the slot."""
    if pk is None:
        return None
    names = ("way", "held_code", "failures", "busy", "resume_at")
    said = dict(zip(names, columns, strict=True))
    return Lane(id=pk, organization_id=way.user_id, connection_id=way.connection_id, **said)


def reserve(way: Way, token: UUID, size: int) -> float | None:
    """Keep room for so many bytes, in the transaction that entered; gives the seconds to wait, if any."""
    told = [way.connection_id, token, size, preset(way).upload, float(settings.DELIVERY_LEASE_SECONDS)]
    with connections[ALIAS].cursor() as cursor:
        cursor.execute("SELECT reserve_upload(%s, %s, %s, %s, %s)", told)
        wait: float | None = cursor.fetchone()[0]
    return None if wait is None else min(wait, LONGEST_WAIT)


def spend(way: Way, token: UUID, used: int, size: int = 0) -> None:
    """Tell how many permits became messages and bytes, inside the transaction that records their outcomes."""
    _call("SELECT spend_permits(%s, %s, %s, %s)", [way.connection_id, token, used, size])


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
