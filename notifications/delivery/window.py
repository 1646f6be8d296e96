"""A window: messages that are marked together, and whose outcomes are written together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError, connections
from django.db.models import F, Value
from django.db.models.functions import Greatest, Now

from mailsettings.ways import Way
from notifications import slots
from notifications.backoff import sender_pause
from notifications.delivery.claiming import Batch, lease_time
from notifications.delivery.marking import SettingsChanged, mark
from notifications.delivery.outcome import Outcome, unsendable
from notifications.delivery.settling import NO_LEASE, Result, settle_all
from notifications.limits import uploaded
from notifications.models import IN_HAND, Notification, Status
from orgs.tenancy import ALIAS, tenant
from providers import MessageInvalid

FRESH_SECONDS = 2.0
# A database that restarts gets this long to take the outcomes we know; afterwards the lease decides.
PATIENCE_SECONDS = 20.0
Given = TypeVar("Given")


class Window:
    """What was sent and is not yet recorded, and what is marked and not yet sent."""

    def __init__(self, batch: Batch, way: Way) -> None:
        self._batch, self._way = batch, way
        self._results: list[Result] = []
        self._unsent: list[Notification] = []
        self._put_off: list[Notification] = []
        self._used = self._uploaded = 0

    def add(self, row: Notification, outcome: Outcome) -> None:
        """Keep what a try came to until the window ends."""
        self._results.append(Result(row=row, outcome=outcome))

    def count(self) -> None:
        """Count one message that may have reached the other side."""
        self._used += 1

    def hand_out(self, row: Notification) -> None:
        """Count the bytes of a message the session gets: they may be uploaded before its marker."""
        self._uploaded += uploaded(row.size) if self._batch.counts_uploads else 0

    def return_unsent(self, *rows: Notification) -> None:
        """Give back rows of which nothing left, marked or not: no attempt is burned."""
        self._unsent.extend(rows)

    def put_off(self, row: Notification) -> None:
        """Let a row wait for a better way: this one, which stands in for it, may not use its sender."""
        self._put_off.append(row)

    def commit(self, rows: Sequence[Notification] = ()) -> set[UUID]:
        """Record what was sent, and mark the next rows, in one transaction; names those that may leave.

        Raises:
            SettingsChanged: what was sent is recorded; nothing more may leave this way.
        """
        passed = patiently(lambda: self._commit(rows)) if self._is_due(rows) else set()
        self._results, self._unsent, self._put_off, self._used, self._uploaded = [], [], [], 0, 0
        if passed is None:
            raise SettingsChanged
        return passed

    def _is_due(self, rows: Sequence[Notification]) -> bool:
        return bool(rows or self._results or self._unsent or self._put_off or self._used or self._uploaded)

    def _commit(self, rows: Sequence[Notification]) -> set[UUID] | None:
        batch, way = self._batch, self._way
        with tenant(batch.organization_id):
            used = self._used if batch.per_minute else 0
            if used or self._uploaded:
                slots.spend(way, batch.token, used, self._uploaded)
            settle_all(self._results, batch.token, doubtful=way.doubtful)
            hand_back(batch, self._unsent)
            hand_back(batch, self._put_off, pause=sender_pause())
            try:
                return mark(rows, batch, way) if rows else set()
            except SettingsChanged:
                # Said after the commit, so that the outcomes stay.
                return None


def fresh_seconds() -> float:
    """Give how old a mark may be to begin sending under."""
    return min(FRESH_SECONDS, lease_time().total_seconds() / 8)


def safe_seconds() -> float:
    """Give how old a mark may be to hand the content over: enough of the lease is left."""
    return lease_time().total_seconds() / 4


def patiently(work: Callable[[], Given]) -> Given:
    """Do a piece of work on the database, again if the database went away meanwhile."""
    deadline = time.monotonic() + min(PATIENCE_SECONDS, lease_time().total_seconds())
    while True:
        try:
            return work()
        except (OperationalError, InterfaceError):
            if connections[ALIAS].in_atomic_block or time.monotonic() > deadline:
                raise
            connections[ALIAS].close()
            time.sleep(0.2)


def keep_back(row: Notification, error: Exception, window: Window, started_at: datetime, *, way: Way) -> None:
    """End a message that cannot be sent; one whose sender a backup may not use waits for the first way."""
    if way.took_over and isinstance(error, MessageInvalid) and error.field == "sender":
        window.put_off(row)
    else:
        window.add(row, unsendable(error, started_at))


def hand_back(batch: Batch, rows: Sequence[Notification], *, pause: timedelta | None = None) -> None:
    """Queue rows again that the connection, not the message, kept from leaving, inside tenant()."""
    if not rows:
        return
    mine = Notification.objects.of(batch.organization_id).filter(
        pk__in=[row.pk for row in rows], lease_token=batch.token, status__in=IN_HAND
    )
    later: dict[str, object] = {} if pause is None else {"next_at": Now() + pause}
    mine.update(status=Status.QUEUED, claims=Greatest(F("claims") - 1, Value(0)), **later, **NO_LEASE)
