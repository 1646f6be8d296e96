"""The threads of a worker that work on lanes: in turn, and never all of them for slow servers."""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from uuid import UUID

from django.db import close_old_connections, connections

from notifications.drain import Turned
from notifications.process import stopping

logger = logging.getLogger(__name__)

# As many threads may send for one organization at a time, while nobody else waits.
HELPERS = 3
REMEMBERED = 10_000


class Crew:
    """A few threads that work on organizations, one after the other, each for one turn."""

    def __init__(self, name: str, size: int, work: Callable[[UUID], Turned]) -> None:
        self._work = work
        self._size = size
        self._line: deque[UUID] = deque()
        self._later: list[tuple[float, UUID]] = []
        self._here: Counter[UUID] = Counter()
        self._again: set[UUID] = set()
        self._slow: set[UUID] = set()
        self._slow_working = 0
        self._idle = 0
        self._closed = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True) for number in range(size)
        ]
        for thread in self._threads:
            thread.start()

    def take(self, organization_id: UUID) -> None:
        """Put an organization in the line; one being worked on comes again, since its work may be seen to."""
        with self._changed:
            if self._here[organization_id]:
                self._again.add(organization_id)
            else:
                self._put(organization_id)

    def dismiss(self, seconds: float) -> None:
        """Send everybody home once what they hold is done; wait no longer than `seconds`."""
        deadline = time.monotonic() + seconds
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _put(self, organization_id: UUID) -> None:
        if not self._closed and not stopping.is_set():
            self._here[organization_id] += 1
            self._line.append(organization_id)
            self._changed.notify()

    def _run(self) -> None:
        try:
            while (organization_id := self._next()) is not None:
                self._turn(organization_id)
        finally:
            connections.close_all()

    def _next(self) -> UUID | None:
        """Wait for the next organization in the line that may have its turn."""
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

    def _choose(self) -> UUID | None:
        # Half of the threads are kept for servers that answer quickly.
        room = self._slow_working < max(1, self._size // 2)
        for place, organization_id in enumerate(self._line):
            is_slow = organization_id in self._slow
            if room or not is_slow:
                del self._line[place]
                self._slow_working += is_slow
                return organization_id
        return None

    def _wake_sleepers(self) -> None:
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            _, organization_id = heapq.heappop(self._later)
            if not self._here[organization_id]:
                self._put(organization_id)

    def _turn(self, organization_id: UUID) -> None:
        was_slow = organization_id in self._slow
        turned = Turned()
        try:
            if not stopping.is_set():
                close_old_connections()
                turned = self._work(organization_id)
        except Exception:
            # A boundary of the worker: the turn is lost, the thread and the other organizations go on.
            logger.exception("A turn of the mail loop broke off.")
        with self._changed:
            self._slow_working -= was_slow
            self._note_end(organization_id, turned)

    def _note_end(self, organization_id: UUID, turned: Turned) -> None:
        self._here[organization_id] -= 1
        alone = not self._here[organization_id]
        if alone:
            del self._here[organization_id]
        if turned.slow and len(self._slow) < REMEMBERED:
            self._slow.add(organization_id)
        else:
            self._slow.discard(organization_id)
        if turned.more or (alone and organization_id in self._again):
            # To the end of the line, so that a long queue and a short one take turns.
            self._again.discard(organization_id)
            self._put(organization_id)
            if turned.wide and not self._line_of_others(organization_id):
                self._help(organization_id)
        elif turned.wait is not None:
            heapq.heappush(self._later, (time.monotonic() + turned.wait, organization_id))
        self._changed.notify()

    def _line_of_others(self, organization_id: UUID) -> bool:
        return any(other != organization_id for other in self._line)

    def _help(self, organization_id: UUID) -> None:
        """Let another thread that has nothing to do open a session of its own for the same lane."""
        if self._idle > 1 and self._here[organization_id] < HELPERS:
            self._put(organization_id)
