"""One turn of a lane: batches of what is due, through one session, for a few seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import UUID, uuid4

from mailsettings.ways import NoWayOut, Way
from notifications import lanes
from notifications.delivery import run_test
from notifications.delivery.claiming import take
from notifications.delivery.line import RHYTHMS
from notifications.delivery.sending import Pace, SettingsChanged, Turn
from notifications.process import stopping
from notifications.routes import forget_way, way_now
from notifications.slots import WayChanged

SLOW_TURN, SLOW_SECONDS, WIDE_SECONDS = 0.5, 0.2, 0.005


@dataclass(frozen=True, kw_only=True)
class Turned:
    """How a turn ended: more may go at once, or after a while, or when somebody rings."""

    more: bool = False
    wait: float | None = None
    # The server takes its time: such lanes never get all threads of a worker.
    slow: bool = False
    # Waiting for the network, not computing, fills the time: another session would help.
    wide: bool = False


def run_tests(organization_id: UUID) -> None:
    """Run the waiting tests of an organization."""
    while not stopping.is_set() and run_test(organization_id):
        pass


def drain(organization_id: UUID, connection_id: UUID | None = None) -> bool:
    """Run the tests of an organization and one turn of its lane; says whether more may go at once."""
    run_tests(organization_id)
    return turn(organization_id, connection_id).more


def turn(organization_id: UUID, connection_id: UUID | None = None) -> Turned:  # noqa: ARG001  # one lane is in use at a time
    """Send what is due, as far as one turn goes."""
    for _ in range(2):
        if stopping.is_set():
            break
        try:
            way = way_now(organization_id)
        except NoWayOut as closed:
            lanes.show_held(organization_id, code=closed.code, reason=closed.reason)
            return Turned()
        if way.is_held:
            forget_way(organization_id)
            lanes.show_held(organization_id, code=way.held_code, reason="", way=way)
            return Turned()
        try:
            return through(way)
        except (WayChanged, SettingsChanged):
            # Read it again: what was claimed is back in the queue.
            forget_way(organization_id)
    return Turned(more=not stopping.is_set())


def through(way: Way) -> Turned:
    """Send batch after batch through a way."""
    token, begun = uuid4(), time.monotonic()
    work = Turn(way, token)
    try:
        while work.goes_on():
            taken = take(way, token=token, limit=work.batch_size())
            if taken.batch is None:
                return Turned(wait=taken.wait, slow=is_slow(work, begun))
            work.send(taken.batch)
            in_order = any(row.sequence for row in taken.batch.rows)
            if taken.was_last and work.goes_on() and not in_order:
                return Turned(slow=is_slow(work, begun))
    finally:
        work.end()
        if work.pace is not Pace.ON:
            forget_way(way.user_id)
    seconds = RHYTHMS.seconds(way.connection_id)
    return Turned(more=work.pace is not Pace.REST, slow=is_slow(work, begun), wide=seconds > WIDE_SECONDS)


def is_slow(work: Turn, begun: float) -> bool:
    """Say whether a turn spent most of its time waiting for its server."""
    elapsed = time.monotonic() - begun
    return elapsed > SLOW_TURN and elapsed / max(work.sent, 1) > SLOW_SECONDS
