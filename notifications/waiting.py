"""Why queued mail of an organization waits, as its workers last met its ways."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.db.models import Count, Q

from notifications.models import Lane, Notification, NotificationQuerySet
from notifications.words import Explanation, explain
from orgs.models import Organization


@dataclass(frozen=True, kw_only=True)
class Held:
    """Messages that wait for one reason."""

    count: int
    why: Explanation


class Waiting:
    """The lanes of an organization, read once inside its tenant()."""

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        lanes = list(Lane.objects.of(organization))
        # Mail of the order goes or waits in the lane used last; a rule's mail in that of its connection.
        self.latest = lanes[0] if lanes else None
        self._lanes = {lane.connection_id: lane for lane in lanes if lane.connection_id}

    def lane_of(self, row: Notification) -> Lane | None:
        """Give the lane a message waits in."""
        if row.route_id is None:
            return self.latest
        own = self._lanes.get(row.route_id)
        if own is not None and own.held_code and row.route_falls_back:
            # The order takes over, unless it waits as well.
            return own if self.latest is not None and self.latest.held_code else self.latest
        return own

    @cached_property
    def held(self) -> list[Held]:
        """What is due and waits, by reason: mail of the order first, then that of rules alone."""
        held = {key: lane for key, lane in self._lanes.items() if lane.held_code}
        if self.latest is not None and self.latest.held_code:
            of_order = Q(route__isnull=True) | Q(route__in=list(held), route_falls_back=True)
            counts = [(self.latest, self._due().filter(of_order).count())]
        else:
            counts = []
        if held:
            routed = self._due().filter(route__in=list(held), route_falls_back=False)
            found = routed.values_list("route").annotate(Count("pk")).order_by("route")
            counts += [(held[key], count) for key, count in found]
        return [
            Held(count=count, why=explain(lane.held_code, lane.held_facts)) for lane, count in counts if count
        ]

    def _due(self) -> NotificationQuerySet:
        return Notification.objects.of(self.organization).due()
