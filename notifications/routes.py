"""The plan of each lane, remembered for moments: every use checks that it is still the one."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from uuid import UUID

from django.db import connections

from mailsettings.ways import NoWayOut, Plan, plan_out
from notifications.lanes import LaneKey
from orgs.tenancy import ALIAS, tenant

# Whoever takes a session asks the database whether the way is still as it was read; the marker asks again.
KEPT_SECONDS = 5.0
LIMIT = 1000

_plans: dict[LaneKey, tuple[float, Plan]] = {}
_lock = threading.Lock()

WORK = """
SELECT EXISTS (
    SELECT FROM notifications_notification WHERE organization_id = %(organization)s AND status = 'queued'
    AND kind IN ('test', 'verification')
), ARRAY(
    SELECT c.id FROM mailsettings_connection c CROSS JOIN LATERAL (
        -- The limit keeps this one look into the index for each connection.
        SELECT FROM notifications_notification n WHERE n.organization_id = %(organization)s
        AND n.route_id = c.id AND n.status = 'queued' AND n.kind = 'notification'
        AND n.next_at <= statement_timestamp() ORDER BY n.next_at LIMIT 1
    ) due WHERE c.organization_id = %(organization)s ORDER BY c.place
)
"""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What an organization that was rung for may have to do: its tests, and its lanes."""

    has_tests: bool
    lanes: tuple[LaneKey, ...]


def work_of(organization_id: UUID) -> Work:
    """Look what is to be done for an organization; the order's lane is always named."""
    with tenant(organization_id), connections[ALIAS].cursor() as cursor:
        cursor.execute(WORK, {"organization": organization_id})
        has_tests, routes = cursor.fetchone()
    lanes = (LaneKey(organization_id), *(LaneKey(organization_id, route) for route in routes))
    return Work(has_tests=has_tests, lanes=lanes)


def plan_now(lane: LaneKey) -> Plan:
    """Give the plan for the mail of a lane.

    Raises:
        NoWayOut: nothing can send for this organization now.
    """
    with _lock:
        read_at, kept = _plans.get(lane, (float("-inf"), None))
    if kept is not None and time.monotonic() - read_at < KEPT_SECONDS:
        return kept
    plan = plan_out(lane.organization_id, lane.route_id)
    if is_well(plan):
        with _lock:
            if len(_plans) >= LIMIT:
                _plans.clear()
            _plans[lane] = (time.monotonic(), plan)
    return plan


def is_well(plan: Plan) -> bool:
    """Say whether its first way may be used as it was read; otherwise its end must not be missed."""
    try:
        return not plan.way(0).held_code
    except NoWayOut:
        return False


def forget_plan(lane: LaneKey) -> None:
    """Read it again next time."""
    with _lock:
        _plans.pop(lane, None)
