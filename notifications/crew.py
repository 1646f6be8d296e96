"""The threads of a worker that work on lanes: in turn, and never all of them for slow servers."""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from itertools import count
from uuid import UUID

from django.db import close_old_connections, connections

from notifications.drain import Turned
from notifications.lanes import LaneKey
from notifications.process import stopping

logger = logging.getLogger(__name__)

# As many threads may send for one lane at a time, while nobody else waits.
HELPERS = 3
REMEMBERED = 10_000


class Crew:
    """A few threads that work on lanes, one after the other, each for one turn."""

    def __init__(self, name: str, size: int, work: Callable[[LaneKey], Turned]) -> None:
        self._work = work
        self._size = size
        self._line: deque[LaneKey] = deque()
        self._later: list[tuple[float, int, LaneKey]] = []
        self._numbers = count()
        self._here: Counter[LaneKey] = Counter()
        self._again: set[LaneKey] = set()
        self._slow: set[LaneKey] = set()
        # Threads at work for each organization, and how many of all are at slow servers.
        self._working: Counter[UUID] = Counter()
        self._slow_working = 0
        self._idle = 0
        self._closed = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True) for number in range(size)
        ]
        for thread in self._threads:
            thread.start()

    def take(self, lane: LaneKey) -> None:
        """Put a lane in the line; one being worked on comes again, since its work may be seen to."""
        with self._changed:
            if self._here[lane]:
                self._again.add(lane)
            else:
                self._put(lane)

    def help(self, lane: LaneKey) -> None:
        """Let an idle thread open a session of its own for a lane that is being worked on."""
        with self._changed:
            others_wait = any(other != lane for other in self._line)
            if self._idle and not others_wait and 0 < self._here[lane] < HELPERS:
                self._put(lane)

    def dismiss(self, seconds: float) -> None:
        """Send everybody home once what they hold is done; wait no longer than `seconds`."""
        deadline = time.monotonic() + seconds
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _put(self, lane: LaneKey) -> None:
        if not self._closed and not stopping.is_set():
            self._here[lane] += 1
            self._line.append(lane)
            self._changed.notify()

    def _run(self) -> None:
        try:
            while (lane := self._next()) is not None:
                self._turn(lane)
        finally:
            connections.close_all()

    def _next(self) -> LaneKey | None:
        """Wait for the next lane in the line that may have its turn."""
        with self._changed:
            while not self._closed:
                self._wake_sleepers()
                chosen = self._choose()
                if chosen is not None:
                    return chosen
                self._idle += 1
                wait = self._later[0][0] - time.monotonic() if self._later else None
                self._changed.wait(None if wait is None else max(wait, 0.01))
                self._idle -= 1
        return None

    def _choose(self) -> LaneKey | None:
        # Half of the threads are kept for servers that answer quickly.
        room = self._slow_working < max(1, self._size // 2)
        able = [lane for lane in self._line if room or lane not in self._slow]
        if not able:
            return None
        # Many lanes give an organization no more threads than others have, as long as others wait.
        lane = min(able, key=lambda one: self._working[one.organization_id])
        self._line.remove(lane)
        self._working[lane.organization_id] += 1
        self._slow_working += lane in self._slow
        return lane

    def _wake_sleepers(self) -> None:
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            *_, lane = heapq.heappop(self._later)
            if not self._here[lane]:
                self._put(lane)

    def _turn(self, lane: LaneKey) -> None:
        was_slow = lane in self._slow
        turned = Turned()
        try:
            if not stopping.is_set():
                close_old_connections()
                turned = self._work(lane)
        except Exception:
            # A boundary of the worker: the turn is lost, the thread and the other organizations go on.
            logger.exception("A turn of the mail loop broke off.")
        with self._changed:
            self._slow_working -= was_slow
            self._working[lane.organization_id] -= 1
            if not self._working[lane.organization_id]:
                del self._working[lane.organization_id]
            self._note_end(lane, turned)

    def _note_end(self, lane: LaneKey, turned: Turned) -> None:
        self._here[lane] -= 1
        alone = not self._here[lane]
        if alone:
            del self._here[lane]
        if turned.slow and len(self._slow) < REMEMBERED:
            self._slow.add(lane)
        else:
            self._slow.discard(lane)
        if turned.more or (alone and lane in self._again):
            # To the end of the line, so that a long queue and a short one take turns.
            self._again.discard(lane)
            self._put(lane)
        elif turned.wait is not None:
            heapq.heappush(self._later, (time.monotonic() + turned.wait, next(self._numbers), lane))
        self._changed.notify()
