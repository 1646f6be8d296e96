"""Sequences: the next message waits until the one before it ended, and none follows a failure (COG-40)."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import F, Q
from django.db.models.functions import Now

from notifications.models import ENDED, Notification, Status

STOPPED = "stopped_after_error"
# A message is asleep while it is due at the end of its life only.
ASLEEP = Q(status=Status.QUEUED, sequence__isnull=False, next_at__gte=F("expires_at"))


def advance(organization_id: UUID, sequences: Iterable[UUID | None]) -> None:
    """Let the next message of each sequence go, or cancel the rest after a failure, inside tenant()."""
    for sequence in sorted({one for one in sequences if one is not None}):
        rows = Notification.objects.of(organization_id).filter(sequence=sequence)
        states = list(
            rows.select_for_update().order_by("sequence_place").values_list("sequence_place", "status")
        )
        failed = [place for place, status in states if status in {Status.FAILED, Status.EXPIRED}]
        if failed:
            rest = rows.filter(sequence_place__gt=failed[0], status=Status.QUEUED)
            rest.update(status=Status.CANCELLED, ended_at=Now(), last_code=STOPPED)
            continue
        still_open = [place for place, status in states if status not in ENDED]
        rows.filter(ASLEEP, sequence_place__in=still_open[:1]).update(next_at=Now())
