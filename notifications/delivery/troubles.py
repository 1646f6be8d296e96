"""What a lane makes of an error, and of a message that went well."""

from __future__ import annotations

import random
import threading
import time
from datetime import timedelta

from mailsettings.holds import hold, note_success
from mailsettings.ways import NoWayOut, Plan, Way
from notifications import alarms, lanes, slots
from notifications.delivery.claiming import Batch
from notifications.delivery.line import Pace
from notifications.lanes import LaneKey
from notifications.models import AlarmKind
from orgs.tenancy import tenant
from providers import ProviderError, Stage

# From here on a broken line may be this message's doing, so it steps aside with a pause of its own.
ABOUT_THE_MESSAGE = (Stage.RECIPIENT, Stage.MESSAGE, Stage.ACCEPTED)
# A server that does not talk, or is too busy, this many times in a row is a matter for people.
FAILURES_BEFORE_HOLD = 5
SHORTEST_REST, LONGEST_CROWD_REST = 10.0, 60.0
CROWDED = ("too_many_connections",)
BUSY = ("rate_limited", "graph_throttled", "token_throttled")
# Says nothing else where it names a time to come again (503 with Retry-After).
BUSY_FOR_A_TIME = ("graph_unavailable",)
GONE = "421"
# A connection that works is written down at most this often.
PRAISE_SECONDS = 60.0
REMEMBERED = 10_000

_random = random.SystemRandom()
_praised: dict[str, float] = {}
_lock = threading.Lock()


def is_about_the_message(error: ProviderError) -> bool:
    """Say whether the message itself takes part in the blame, so that the try counts as one."""
    if error.code in CROWDED:
        return False
    return error.outcome_unknown or (error.transient and error.stage in ABOUT_THE_MESSAGE)


def is_crowd(error: ProviderError) -> bool:
    """Say whether the other side has enough of us for now, which is no failure (432, 421, 429)."""
    if not error.transient or error.outcome_unknown:
        return False
    return error.code in CROWDED or names_a_time(error) or error.reply.startswith(GONE)


def names_a_time(error: ProviderError) -> bool:
    """Say whether the time asked for is to be kept whole: the other side limits rates, or says when."""
    return error.code in BUSY or (error.code in BUSY_FOR_A_TIME and error.retry_after is not None)


def is_fault_of_its_own(error: ProviderError) -> bool:
    """Say whether the connection cannot be used now and no message left: what another one may take over."""
    return error.connection_fault and not error.outcome_unknown and not is_crowd(error)


def take_in(error: ProviderError, way: Way, batch: Batch) -> Pace:
    """Hold the connection, let the lane rest, or let everybody who uses the connection rest."""
    if not error.transient:
        if not hold(way, error):
            return Pace.AGAIN
        key = LaneKey(batch.organization_id, way.route_id)
        lanes.show_held(key, code=error.code, reason=error.reply, way=way)
    elif is_crowd(error):
        if rest_all(error, way, batch) >= FAILURES_BEFORE_HOLD and not names_a_time(error):
            hold(way, error)
            return Pace.DOWN
    elif lanes.rest_failing(way, error) >= FAILURES_BEFORE_HOLD:
        hold(way, error)
    return Pace.DOWN if is_fault_of_its_own(error) else Pace.REST


def rest_all(error: ProviderError, way: Way, batch: Batch) -> int:
    """Let the connection rest: as long as asked for rates, 10 to 60 seconds for too many sessions.

    Returns: how often it rested in a row without a success.
    """
    asked = error.retry_after or 0.0
    seconds = asked if names_a_time(error) else min(asked, LONGEST_CROWD_REST / 1.2)
    seconds = max(seconds, SHORTEST_REST) * _random.uniform(1.0, 1.2)
    with tenant(batch.organization_id):
        slots.rest(way, batch.token, seconds)
        return lanes.rest_busy(way, error, timedelta(seconds=seconds))


def note_well(way: Way, batch: Batch) -> None:
    """Forget what was wrong with a lane that works again, and note now and then that it works."""
    key, now = way.token_key, time.monotonic()
    with _lock:
        fresh = now - _praised.get(key, float("-inf")) < PRAISE_SECONDS
        if not fresh:
            if len(_praised) >= REMEMBERED:
                _praised.clear()
            _praised[key] = now
    if way.held_code or not fresh:
        note_success(way)
    lane = batch.lane
    if way.held_code or (lane is not None and (lane.held_code or lane.failures or lane.busy)):
        lanes.note_sent(way)
    if batch.is_alarmed or way.is_detour:
        note_takeover(way)


def note_takeover(way: Way) -> None:
    """Raise or end the alarms that this way works: the first one again, or only one that stands in for it."""
    with tenant(way.user_id) as organization_id:
        alarms.end(organization_id, AlarmKind.ALL_FAILING, subject_id=way.route_id)
        if way.is_detour:
            told = {"connection": way.first_name, "backup": way.name}
            alarms.begin(organization_id, AlarmKind.BACKUP_IN_USE, subject_id=way.first_id, detail=told)
        else:
            alarms.end(organization_id, AlarmKind.BACKUP_IN_USE, subject_id=way.connection_id)


def note_closed(plan: Plan, lane: LaneKey) -> None:
    """Show why mail of a rule waits that lets no other connection take over, when its own cannot be used."""
    if lane.route_id is None:
        return
    try:
        plan.way(0)
    except NoWayOut as closed:
        lanes.show_held(lane, code=closed.code, reason=closed.reason)


def note_standstill(plan: Plan, lane: LaneKey) -> None:
    """Show why mail of a lane waits when no way is open; tell it where several should have sent it."""
    try:
        first = plan.way(0)
    except NoWayOut as closed:
        lanes.show_held(lane, code=closed.code, reason=closed.reason)
    else:
        if first.is_held:
            lanes.show_held(lane, code=first.held_code, reason="", way=first)
        elif len(plan) > 1:
            lanes.show_resting(first)
    if len(plan) > 1:
        with tenant(lane.organization_id) as organization_id:
            alarms.begin(
                organization_id,
                AlarmKind.ALL_FAILING,
                subject_id=lane.route_id,
                detail={"connections": plan.names},
            )
