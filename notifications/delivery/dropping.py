"""Drop: cancel held mail nobody needs any more, step by step, so that a million rows time out nowhere."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from notifications.delivery.sequence import advance
from notifications.models import Notification, NotificationQuerySet, Status
from notifications.waiting import Waiting
from orgs.tenancy import one_at_a_time, tenant

# The reason on a dropped row; such a one can be retried (11').
DROPPED = "dropped_by_person"
# Rows of one statement, and of one transaction.
AT_ONCE = 10_000
# A person waits for the answer; what is left is said in it.
SECONDS = 15.0


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """What a drop came to: how many it cancelled, and whether there was time for all."""

    count: int
    complete: bool


def droppable(organization_id: UUID, before: datetime) -> NotificationQuerySet:
    """Find the held notifications queued before a moment, inside tenant(); none that is in hand."""
    return Waiting(organization_id).held().filter(created_at__lt=before)


def drop(
    organization_id: UUID, before: datetime, *, at_once: int = AT_ONCE, seconds: float = SECONDS
) -> Dropped:
    """Cancel held notifications queued before a moment, outside any tenant(): one UPDATE each step."""
    deadline, count = time.monotonic() + seconds, 0
    while True:
        step = _drop_some(organization_id, before, at_once)
        count += step
        if step < at_once:
            return Dropped(count=count, complete=True)
        if time.monotonic() > deadline:
            return Dropped(count=count, complete=False)


def _drop_some(organization_id: UUID, before: datetime, at_once: int) -> int:
    with tenant(organization_id):
        one_at_a_time("drop")
        moment = timezone.now()
        chosen = droppable(organization_id, before).order_by("next_at").values("pk")[:at_once]
        rows = Notification.objects.of(organization_id)
        count = rows.filter(pk__in=chosen, status=Status.QUEUED).update(
            status=Status.CANCELLED, ended_at=moment, last_code=DROPPED
        )
        dropped = rows.filter(sequence__isnull=False, ended_at=moment, last_code=DROPPED)
        advance(organization_id, dropped.order_by().values_list("sequence", flat=True).distinct())
        return count
