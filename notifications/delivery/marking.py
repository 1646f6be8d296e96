"""The marker: commit that content is about to leave, just before it may (guard 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models import BooleanField, Exists, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from mailsettings.ways import Way, current_settings, still_current
from notifications.delivery.claiming import Batch, lease_time
from notifications.models import Notification, Status
from orgs.tenancy import tenant


class Withdrawn(Exception):
    """The row is no longer ours to send: cancelled, or the lease ran out."""


class SettingsChanged(Exception):
    """The organization's settings were saved since the batch was claimed."""


def margin() -> timedelta:
    """Give the part of a lease that must be left before a message is handed over."""
    return min(timedelta(seconds=10), lease_time() / 4)


def guards(batch: Batch, way: Way | None) -> list[Q | Exists]:
    """Give the conditions under which a row may leave; a test of values passes no way."""
    conditions: list[Q | Exists] = [
        Q(lease_token=batch.token),
        Q(status=Status.LEASED),
        Q(lease_until__gt=Now() + margin()),
    ]
    if way is not None:
        conditions.append(Exists(current_settings(way)))
    return conditions


def among(keys: Sequence[UUID]) -> RawSQL:
    """Find rows by their keys; one parameter instead of hundreds, each of which costs as much as this one."""
    spelled = "{" + ",".join(map(str, keys)) + "}"
    return RawSQL("notifications_notification.id = ANY(%s::uuid[])", [spelled], BooleanField())


def mark(rows: Sequence[Notification], batch: Batch, way: Way | None) -> set[UUID]:
    """Write `transmitting` on those rows that may still leave, inside tenant(); names them.

    Raises:
        SettingsChanged: none may, since the way is no longer current.
    """
    keys = [row.pk for row in rows]
    mine = Notification.objects.of(batch.organization_id).filter(among(keys))
    passed = mine.filter(*guards(batch, way)).update(
        status=Status.TRANSMITTING, lease_until=Now() + lease_time()
    )
    if passed == len(keys):
        return set(keys)
    if not passed:
        if way is not None and not still_current(way):
            raise SettingsChanged
        return set()
    marked = mine.filter(lease_token=batch.token, status=Status.TRANSMITTING)
    return set(marked.values_list("pk", flat=True))


def marker(row: Notification, batch: Batch, *, way: Way | None) -> Callable[[], None]:
    """Make the step that commits `transmitting` for one row, between its recipients and its content.

    A test passes no way: it tries values whether or not they are the saved ones.
    """

    def before_transmit() -> None:
        with tenant(batch.organization_id):
            if not mark((row,), batch, way):
                raise Withdrawn

    return before_transmit
