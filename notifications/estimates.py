"""When a queue will be empty: from what waits, and from what its lane really sent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Min, Q
from django.db.models.functions import Now
from django.utils import timezone

from notifications.models import IN_HAND, Kind, Lane, Notification, Status
from notifications.waiting import Waiting
from orgs.tenancy import tenant

# A rate older than this says nothing about now.
FRESH = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Share:
    """The part of a queue that leaves through one connection, and the mails a second it sends now."""

    waiting: int
    rate: float | None


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A queue in figures; nobody can say when it finishes without the rate of each connection it needs."""

    oldest_due: datetime | None
    shares: tuple[Share, ...]

    @property
    def waiting(self) -> int:
        """Count what is due or in hand."""
        return sum(share.waiting for share in self.shares)

    @property
    def rate(self) -> float | None:
        """Give the mails a second that leave now, by all connections together; None when nobody knows."""
        return sum(share.rate or 0.0 for share in self.shares) or None

    @property
    def seconds(self) -> float | None:
        """Give the time the queue still takes: its shares leave side by side, so the slowest one decides."""
        spans = [share.waiting / share.rate for share in self.shares if share.rate]
        return max(spans, default=0.0) if len(spans) == len(self.shares) else None

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
        lanes = Waiting(organization_id)
        rows = Notification.objects.of(organization_id).filter(kind=Kind.NOTIFICATION)
        due = Q(status=Status.QUEUED, next_at__lte=Now())
        figures = (
            rows.filter(status__in=(Status.QUEUED, *IN_HAND))
            .order_by()
            .values("route_id", "route_falls_back")
            .annotate(
                waiting=Count("pk", filter=due | Q(status__in=IN_HAND)), oldest=Min("next_at", filter=due)
            )
        )
        counts: Counter[UUID | None] = Counter()
        rates, firsts = dict[UUID | None, float | None](), []
        for group in figures:
            falls_back = group["route_falls_back"]
            lane = lanes.lane_of(Notification(route_id=group["route_id"], route_falls_back=falls_back))
            key = lane.pk if lane else None
            counts[key] += group["waiting"]
            rates[key] = lane_rate(lane)
            firsts += [group["oldest"]] if group["oldest"] else []
    shares = tuple(Share(waiting=count, rate=rates[key]) for key, count in counts.items() if count)
    return Estimate(oldest_due=min(firsts, default=None), shares=shares)
