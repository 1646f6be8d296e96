"""One turn of an organization's lane: its tests first, then a batch of what is due."""

from __future__ import annotations

from uuid import UUID

from mailsettings.ways import NoWayOut, way_out
from notifications import lanes
from notifications.delivery import claim, deliver, run_test
from notifications.delivery.sending import Pace
from notifications.models import Notification
from notifications.process import stopping
from orgs.tenancy import tenant


def run_tests(organization_id: UUID) -> None:
    """Run the waiting tests of an organization."""
    while not stopping.is_set() and run_test(organization_id):
        pass


def drain(organization_id: UUID) -> bool:
    """Send what is due, as far as one turn goes; says whether more may go at once."""
    run_tests(organization_id)
    if stopping.is_set():
        return False
    try:
        way = way_out(organization_id)
    except NoWayOut as closed:
        lanes.show_held(organization_id, code=closed.code, reason=closed.reason)
        return False
    if way.is_held:
        lanes.show_held(organization_id, code=way.held_code, reason="", way=way)
        return False
    batch = claim(way)
    if batch is None:
        return False
    return deliver(batch, way) is Pace.ON and more_is_due(organization_id)


def more_is_due(organization_id: UUID) -> bool:
    """Say whether the organization has mail whose time has come."""
    with tenant(organization_id):
        return Notification.objects.of(organization_id).due().exists()
