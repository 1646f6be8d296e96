"""A window: messages that are marked together, and whose outcomes are written together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError, connections
from django.db.models import F, Value
from django.db.models.functions import Greatest

from mailsettings.ways import Way
from notifications import slots
from notifications.delivery.claiming import Batch, lease_time
from notifications.delivery.marking import SettingsChanged, mark
from notifications.delivery.outcome import Outcome
from notifications.delivery.settling import NO_LEASE, Result, settle_all
from notifications.models import IN_HAND, Notification, Status
from orgs.tenancy import ALIAS, tenant

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
        self._used = 0

    def add(self, row: Notification, outcome: Outcome) -> None:
        """Keep what a try came to until the window ends."""
        self._results.append(Result(row=row, outcome=outcome))

    def count(self) -> None:
        """Count one message that may have reached the other side."""
        self._used += 1

    def return_unsent(self, *rows: Notification) -> None:
        """Give back rows of which nothing left, marked or not: no attempt is burned."""
        self._unsent.extend(rows)

    def turn(self, rows: Sequence[Notification] = ()) -> set[UUID]:
        """Record what was sent, and mark the next rows, in one transaction; names those that may leave.

        Raises:
            SettingsChanged: what was sent is recorded; nothing more may leave this way.
        """
        passed = patiently(lambda: self._turn(rows)) if self._idle_is_false(rows) else set()
        self._results, self._unsent, self._used = [], [], 0
        if passed is None:
            raise SettingsChanged
        return passed

    def _idle_is_false(self, rows: Sequence[Notification]) -> bool:
        return bool(rows or self._results or self._unsent or self._used)

    def _turn(self, rows: Sequence[Notification]) -> set[UUID] | None:
        batch, way = self._batch, self._way
        with tenant(batch.organization_id):
            if batch.per_minute and self._used:
                slots.spend(way, batch.token, self._used)
            settle_all(self._results, batch.token, doubtful=way.doubtful)
            hand_back(batch, self._unsent)
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


def hand_back(batch: Batch, rows: Sequence[Notification]) -> None:
    """Queue rows again that the connection, not the message, kept from leaving, inside tenant()."""
    if not rows:
        return
    mine = Notification.objects.of(batch.organization_id).filter(
        pk__in=[row.pk for row in rows], lease_token=batch.token, status__in=IN_HAND
    )
    mine.update(status=Status.QUEUED, claims=Greatest(F("claims") - 1, Value(0)), **NO_LEASE)
