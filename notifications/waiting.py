"""Which queued mail is held, and by which lane: the ways of an organization as its workers last met them."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from notifications.lanes import NEVER
from notifications.models import Kind, Lane, Notification, NotificationQuerySet, Status
from orgs.models import Organization


class Waiting:
    """The lanes of an organization, read once inside its tenant()."""

    def __init__(self, organization: Organization | UUID) -> None:
        self._organization = organization
        lanes = list(Lane.objects.of(organization))
        # Mail of the order goes or waits in the lane used last; a rule's mail in that of its connection.
        self.latest = next((lane for lane in lanes if lane.used_at > NEVER), None)
        self._lanes = {lane.connection_id: lane for lane in lanes if lane.connection_id}

    def lane_of(self, row: Notification) -> Lane | None:
        """Give the lane a message waits in."""
        if row.route_id is None:
            return self.latest
        own = self._lanes.get(row.route_id)
        if own is not None and own.held_code and row.route_falls_back:
            # The order takes over, unless it waits as well.
            return own if self.order_is_held else self.latest
        return own

    @property
    def order_is_held(self) -> bool:
        """Say whether mail of the order waits."""
        return self.latest is not None and bool(self.latest.held_code)

    def groups(self) -> list[tuple[Lane, NotificationQuerySet]]:
        """Give each lane that holds mail with the queued rows that wait for it, those of the order first."""
        held = {key: lane for key, lane in self._lanes.items() if lane.held_code}
        found = []
        if self.latest is not None and self.order_is_held:
            backed = Q(route__in=list(held), route_falls_back=True)
            found.append((self.latest, self._queued().filter(Q(route=None) | backed)))
        routed = self._queued().filter(route_falls_back=False)
        return found + [(lane, routed.filter(route=key)) for key, lane in held.items()]

    def held(self) -> NotificationQuerySet:
        """Give all queued rows that are held."""
        rows = self._queued().none()
        for _lane, waiting in self.groups():
            rows = rows | waiting
        return rows

    def _queued(self) -> NotificationQuerySet:
        rows = Notification.objects.of(self._organization)
        return rows.filter(status=Status.QUEUED, kind=Kind.NOTIFICATION)
