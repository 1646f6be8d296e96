"""What a lane makes of an error, and of a message that went well."""

from __future__ import annotations

import random
import threading
import time
from datetime import timedelta

from mailsettings.holds import hold, note_success
from mailsettings.ways import Way
from notifications import lanes, slots
from notifications.delivery.claiming import Batch
from notifications.delivery.line import Pace
from orgs.tenancy import tenant
from providers import ProviderError, Stage

# From here on a broken line may be this message's doing, so it steps aside with a pause of its own.
ABOUT_THE_MESSAGE = (Stage.RECIPIENT, Stage.MESSAGE, Stage.ACCEPTED)
# A server that does not talk this many times in a row is a matter for people.
FAILURES_BEFORE_HOLD = 5
SHORTEST_REST, LONGEST_CROWD_REST = 10.0, 60.0
CROWDED = ("too_many_connections",)
BUSY = ("rate_limited", "graph_throttled", "token_throttled")
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
    return error.code in CROWDED + BUSY or error.reply.startswith(GONE)


def take_in(error: ProviderError, way: Way, batch: Batch, *, crowd: bool) -> Pace:
    """Hold the connection, let the lane rest, or let everybody who uses the connection rest."""
    if not error.transient:
        if not hold(way, error):
            return Pace.AGAIN
        lanes.show_held(batch.organization_id, code=error.code, reason=error.reply, way=way)
    elif crowd:
        rest_all(error, way, batch)
    elif lanes.pause(way, error) >= FAILURES_BEFORE_HOLD:
        hold(way, error)
    return Pace.REST


def rest_all(error: ProviderError, way: Way, batch: Batch) -> None:
    """Let the connection rest: as long as asked for rates, 10 to 60 seconds for too many sessions."""
    asked = error.retry_after or 0.0
    seconds = asked if error.code in BUSY else min(asked, LONGEST_CROWD_REST / 1.2)
    seconds = max(seconds, SHORTEST_REST) * _random.uniform(1.0, 1.2)
    with tenant(batch.organization_id):
        slots.rest(way, batch.token, seconds)
        lanes.rest(way, error, timedelta(seconds=seconds))


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
    if way.held_code or (lane is not None and (lane.held_code or lane.failures)):
        lanes.note_sent(way)
