"""The marker: commit that content is about to leave, just before it may (guard 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import connections

from mailsettings.ways import Way, still_current
from notifications.delivery.claiming import Batch, lease_time
from notifications.models import Notification
from orgs.tenancy import ALIAS, tenant

# The last condition is that of `mailsettings.ways.current_settings`.
MARK = """
UPDATE notifications_notification n
SET status = 'transmitting', lease_until = statement_timestamp() + make_interval(secs => %(seconds)s)
WHERE n.organization_id = %(organization)s AND n.id = ANY(%(keys)s::uuid[]) AND n.lease_token = %(token)s
    AND n.status = 'leased' AND n.lease_until > statement_timestamp() + make_interval(secs => %(margin)s)
    AND (%(trial)s OR EXISTS (
        SELECT FROM mailsettings_mailsettings s JOIN orgs_organization o ON o.id = s.organization_id
        WHERE s.organization_id = %(organization)s AND s.version = %(version)s
            AND o.is_active AND o.custom_mail = %(entitled)s))
RETURNING n.id
"""


class Withdrawn(Exception):
    """The row is no longer ours to send: cancelled, or the lease ran out."""


class SettingsChanged(Exception):
    """The organization's settings were saved since the batch was claimed."""


def margin() -> timedelta:
    """Give the part of a lease that must be left before a message is handed over."""
    return min(timedelta(seconds=10), lease_time() / 4)


def mark(rows: Sequence[Notification], batch: Batch, way: Way | None) -> set[UUID]:
    """Write `transmitting` on those rows that may still leave, inside tenant(); names them.

    A test of values passes no way: it does not matter what is saved.

    Raises:
        SettingsChanged: none may, since the way is no longer current.
    """
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(
            MARK,
            {
                "organization": batch.organization_id,
                "keys": "{" + ",".join([str(row.pk) for row in rows]) + "}",
                "token": batch.token,
                "margin": margin().total_seconds(),
                "seconds": lease_time().total_seconds(),
                "trial": way is None,
                "version": way.settings_version if way else 0,
                "entitled": way.entitled if way else False,
            },
        )
        marked = {key for (key,) in cursor.fetchall()}
    if not marked and way is not None and not still_current(way):
        raise SettingsChanged
    return marked


def marker(row: Notification, batch: Batch, *, way: Way | None) -> Callable[[], None]:
    """Make the step that commits `transmitting` for one row, between its recipients and its content.

    A test passes no way: it tries values whether or not they are the saved ones.
    """

    def before_transmit() -> None:
        with tenant(batch.organization_id):
            if not mark((row,), batch, way):
                raise Withdrawn

    return before_transmit
