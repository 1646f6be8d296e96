"""Lanes take turns, and a slow server never has all threads (I12, NEW-13)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest

from notifications.crew import Crew
from notifications.drain import Turned
from notifications.lanes import LaneKey
from tests.notifications.stories import eventually

Work = Callable[[LaneKey], Turned]


def lane_of(organization_id: UUID | None = None) -> LaneKey:
    """Make a lane of an organization nobody knows, or of this one."""
    return LaneKey(organization_id or uuid4(), uuid4())


@pytest.fixture
def crew() -> Iterator[Callable[[int, Work], Crew]]:
    """Make crews that go home after the test."""
    made: list[Crew] = []

    def make(size: int, work: Work) -> Crew:
        made.append(Crew("test", size, work))
        return made[-1]

    yield make
    for one in made:
        one.dismiss(5)


@pytest.mark.control("C-DEL-12")
def test_a_long_queue_and_a_short_one_take_turns(crew: Callable[[int, Work], Crew]) -> None:
    long, short, order = lane_of(), lane_of(), []
    begun = threading.Event()

    def work(lane: LaneKey) -> Turned:
        begun.wait(5)
        order.append(lane)
        return Turned(more=lane == long and len(order) < 50)

    team = crew(1, work)
    team.take(long)
    team.take(short)
    begun.set()
    eventually(lambda: len(order) >= 50)
    assert order.index(short) == 1


@pytest.mark.control("C-DEL-12")
@pytest.mark.feature("NEW-13")
def test_slow_servers_leave_half_of_the_threads_to_others(crew: Callable[[int, Work], Crew]) -> None:
    slow, quick, done = {lane_of() for _ in range(8)}, lane_of(), threading.Event()
    rounds: list[LaneKey] = []

    def work(lane: LaneKey) -> Turned:
        rounds.append(lane)
        if lane in slow:
            # The first turn is how the crew gets to know them.
            time.sleep(0.02 if rounds.count(lane) == 1 else 1.0)
            return Turned(more=True, slow=True)
        done.set()
        return Turned()

    team = crew(4, work)
    for lane in slow:
        team.take(lane)
    eventually(lambda: len(rounds) >= 10)
    begun = time.monotonic()
    team.take(quick)
    assert done.wait(5)
    assert time.monotonic() - begun < 0.3


def test_a_ring_during_a_turn_is_not_lost(crew: Callable[[int, Work], Crew]) -> None:
    lane, turns = lane_of(), []
    inside, go_on = threading.Event(), threading.Event()

    def work(_lane: LaneKey) -> Turned:
        turns.append(1)
        inside.set()
        go_on.wait(5)
        return Turned()

    team = crew(2, work)
    team.take(lane)
    assert inside.wait(5)
    team.take(lane)
    team.take(lane)
    go_on.set()
    eventually(lambda: len(turns) == 2)
    time.sleep(0.1)
    assert len(turns) == 2


def test_a_lane_that_must_wait_comes_back_by_itself(crew: Callable[[int, Work], Crew]) -> None:
    moments: list[float] = []

    def work(_lane: LaneKey) -> Turned:
        moments.append(time.monotonic())
        return Turned(wait=0.2) if len(moments) == 1 else Turned()

    crew(2, work).take(lane_of())
    eventually(lambda: len(moments) == 2)
    assert 0.15 < moments[1] - moments[0] < 1.0


def test_a_turn_that_breaks_off_harms_nobody(crew: Callable[[int, Work], Crew]) -> None:
    bad, good, done = lane_of(), lane_of(), threading.Event()

    def work(lane: LaneKey) -> Turned:
        if lane == bad:
            raise ZeroDivisionError
        done.set()
        return Turned()

    team = crew(1, work)
    team.take(bad)
    team.take(good)
    assert done.wait(5)


def test_idle_threads_help_a_lane_that_calls_for_them(crew: Callable[[int, Work], Crew]) -> None:
    lane, at_work, most = lane_of(), [], []
    lock = threading.Lock()

    def work(lane: LaneKey) -> Turned:
        with lock:
            at_work.append(1)
            most.append(len(at_work))
        team.help(lane)
        time.sleep(0.05)
        with lock:
            at_work.pop()
        return Turned(more=len(most) < 30)

    team = crew(6, work)
    team.take(lane)
    eventually(lambda: len(most) >= 30)
    assert max(most) == 3


@pytest.mark.control("C-DEL-12")
def test_many_lanes_of_one_organization_do_not_keep_threads_from_another(
    crew: Callable[[int, Work], Crew],
) -> None:
    """I12: rules make lanes, not shares."""
    busy, other, done = uuid4(), lane_of(), threading.Event()
    at_work: list[LaneKey] = []

    def work(lane: LaneKey) -> Turned:
        at_work.append(lane)
        if lane == other:
            done.set()
            return Turned()
        time.sleep(0.1)
        return Turned(more=len(at_work) < 200)

    team = crew(2, work)
    for _ in range(20):
        team.take(lane_of(busy))
    eventually(lambda: len(at_work) >= 4)
    before = len(at_work)
    team.take(other)
    assert done.wait(5)
    assert at_work.index(other) - before <= 2
