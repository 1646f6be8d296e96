"""One turn of a lane: batches of what is due, through one session, for a few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

from mailsettings.ways import NoWayOut, Plan, Way
from notifications import lanes
from notifications.delivery import run_test
from notifications.delivery.claiming import take
from notifications.delivery.line import Pace
from notifications.delivery.marking import SettingsChanged
from notifications.delivery.sending import Turn
from notifications.delivery.troubles import note_closed, note_standstill
from notifications.lanes import LaneKey
from notifications.process import stopping
from notifications.routes import forget_plan, plan_now, work_of
from notifications.slots import WayChanged

SLOW_TURN, SLOW_SECONDS = 0.5, 0.2
# Less of a turn than this computing, and another session beside it would bring something.
COMPUTING = 0.75


@dataclass(frozen=True, kw_only=True)
class Turned:
    """How a turn ended: more may go at once, or after a while, or when somebody rings."""

    more: bool = False
    wait: float | None = None
    # The server takes its time: such lanes never get all threads of a worker.
    slow: bool = False
    # The way cannot be used now for a fault of its own: the next one of the plan takes over.
    down: bool = False


def run_tests(organization_id: UUID) -> None:
    """Run the waiting tests of an organization."""
    while not stopping.is_set() and run_test(organization_id):
        pass


def drain(organization_id: UUID) -> bool:
    """Run the tests of an organization and one turn of each of its lanes; says whether more may go."""
    work = work_of(organization_id)
    if work.has_tests:
        run_tests(organization_id)
    turned = [turn(*lane) for lane in work.lanes]
    return any(one.more for one in turned)


def nobody(waits: bool) -> None:  # noqa: FBT001  # the one thing there is to say
    """Stand in where nobody could help."""


def turn(
    organization_id: UUID, route_id: UUID | None = None, *, call_help: Callable[[bool], None] = nobody
) -> Turned:
    """Send what is due in one lane, as far as one turn goes.

    `call_help` is called after every batch behind which more is due, and told whether this session mostly
    waits for wire and database, so that another one beside it in this process would bring something.
    """
    lane = LaneKey(organization_id, route_id)
    for _ in range(2):
        if stopping.is_set():
            break
        try:
            return along(plan_now(lane), lane, call_help)
        except NoWayOut as closed:
            lanes.show_held(LaneKey(organization_id), code=closed.code, reason=closed.reason)
            return Turned()
        except (WayChanged, SettingsChanged):
            # Read it again: what was claimed is back in the queue.
            forget_plan(lane)
    return Turned(more=not stopping.is_set())


def along(plan: Plan, lane: LaneKey, call_help: Callable[[bool], None]) -> Turned:
    """Send through the first way of the plan that is not down; when all are, the mail waits for the first.

    Raises:
        WayChanged, SettingsChanged: read the plan again.
    """
    tried = []
    note_closed(plan, lane)
    for place in range(len(plan)):
        if not plan.is_open(place):
            continue
        turned = through(plan.way(place), plan, call_help)
        if not turned.down or stopping.is_set():
            return turned
        tried.append(turned)
    forget_plan(lane)
    note_standstill(plan, lane)
    waits = [turned.wait for turned in tried if turned.wait is not None]
    return Turned(wait=min(waits, default=None), slow=any(turned.slow for turned in tried))


def through(way: Way, plan: Plan, call_help: Callable[[bool], None]) -> Turned:
    """Send batch after batch through a way."""
    token, begun, computed = uuid4(), time.monotonic(), time.thread_time()
    work = Turn(way, token, is_backed=lambda: plan.is_backed(way.place))
    try:
        while work.goes_on():
            taken = take(way, token=token, limit=work.batch_size())
            if taken.batch is None:
                return Turned(wait=taken.wait, slow=is_slow(work, begun), down=taken.is_down)
            work.send(taken.batch)
            in_order = any(row.sequence for row in taken.batch.rows)
            if taken.was_last and work.goes_on() and not in_order:
                return Turned(slow=is_slow(work, begun))
            waits = time.thread_time() - computed < COMPUTING * (time.monotonic() - begun)
            if not in_order and work.goes_on():
                call_help(waits)
    finally:
        work.end()
        if work.course.pace is not Pace.ON:
            forget_plan(LaneKey(plan.organization_id, plan.route_id))
    return Turned(
        more=work.course.pace in {Pace.ON, Pace.AGAIN},
        slow=is_slow(work, begun),
        down=work.course.pace is Pace.DOWN,
    )


def is_slow(work: Turn, begun: float) -> bool:
    """Say whether a turn spent most of its time waiting for its server."""
    elapsed = time.monotonic() - begun
    return elapsed > SLOW_TURN and elapsed / max(work.course.sent, 1) > SLOW_SECONDS
