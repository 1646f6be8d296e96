"""When a queue will be empty: from what waits, and from what its lane really sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Min, Q
from django.db.models.functions import Now
from django.utils import timezone

from notifications.models import IN_HAND, Kind, Lane, Notification, Status
from orgs.tenancy import tenant

# A rate older than this says nothing about now.
FRESH = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A queue in figures; without a rate nobody can say when it finishes."""

    waiting: int
    oldest_due: datetime | None
    rate: float | None

    @property
    def seconds(self) -> float | None:
        """Give the time the queue still takes."""
        if not self.waiting:
            return 0.0
        return None if not self.rate else self.waiting / self.rate

    @property
    def finishes_at(self) -> datetime | None:
        """Say when about the queue finishes."""
        return None if self.seconds is None else timezone.now() + timedelta(seconds=self.seconds)


def lane_rate(lane: Lane | None) -> float | None:
    """Give the mails a second a lane sends now; None when it is held or nobody measured lately."""
    if lane is None or lane.rate is None or lane.rated_at is None or lane.held_code:
        return None
    return lane.rate if timezone.now() - lane.rated_at < FRESH else None


def estimate(organization_id: UUID) -> Estimate:
    """Estimate the queue of an organization, leaving out what waits for a later moment."""
    with tenant(organization_id):
        rows = Notification.objects.of(organization_id).filter(kind=Kind.NOTIFICATION)
        due = Q(status=Status.QUEUED, next_at__lte=Now())
        figures = rows.filter(status__in=(Status.QUEUED, *IN_HAND)).aggregate(
            waiting=Count("pk", filter=due | Q(status__in=IN_HAND)), oldest=Min("next_at", filter=due)
        )
        lane = Lane.objects.of(organization_id).first()
    return Estimate(waiting=figures["waiting"], oldest_due=figures["oldest"], rate=lane_rate(lane))
