"""The one open session of a turn, and the rhythm it sends in."""

from __future__ import annotations

import threading
from enum import Enum, auto
from uuid import UUID

from mailsettings.ways import Way, open_session
from providers import Session, Silence

# What one window may cost in time: few messages of a slow server, many of a quick one.
WINDOW_SECONDS = 0.75
SMALLEST_BATCH, LARGEST_BATCH = 10, 500
# Until a connection is known it gets a small batch.
FIRST_SECONDS = 0.02
REMEMBERED = 2000


class Pace(Enum):
    """Whether the lane goes on."""

    ON = auto()
    REST = auto()
    # What was at fault is cured already: the way is read anew, and mail goes on at once.
    AGAIN = auto()
    # The way cannot be used now for a fault of its own: the next one of the plan takes over.
    DOWN = auto()


class Line:
    """The one open session of a turn, opened when first needed and again after it broke."""

    def __init__(self, way: Way) -> None:
        self.way = way
        self._session: Session | None = None

    def session(self) -> Session:
        """Give the open session."""
        if self._session is None:
            self._session = open_session(self.way, Silence())
        return self._session

    @property
    def is_open(self) -> bool:
        """Say whether there is a session."""
        return self._session is not None

    def close(self) -> None:
        """Hang up; a line that is broken already may say so, which changes nothing."""
        session, self._session = self._session, None
        if session is not None:
            session.close()


class Rhythms:
    """How long a message takes on each connection, as this process last saw it."""

    def __init__(self) -> None:
        self._seconds: dict[UUID | None, float] = {}
        self._lock = threading.Lock()

    def seconds(self, connection_id: UUID | None) -> float:
        """Give the seconds one message takes."""
        with self._lock:
            return self._seconds.get(connection_id, FIRST_SECONDS)

    def note(self, connection_id: UUID | None, seconds: float) -> None:
        """Take a measurement in."""
        with self._lock:
            before = self._seconds.pop(connection_id, seconds)
            if len(self._seconds) >= REMEMBERED:
                del self._seconds[next(iter(self._seconds))]
            self._seconds[connection_id] = max(0.6 * before + 0.4 * seconds, 1e-5)

    def window(self, connection_id: UUID | None, *, most: int) -> int:
        """Give the number of messages that are marked together."""
        return max(1, min(most, int(WINDOW_SECONDS / self.seconds(connection_id))))

    def batch(self, connection_id: UUID | None, *, seconds: float) -> int:
        """Give the number of messages that fit into so many seconds."""
        fitting = int(seconds / self.seconds(connection_id))
        return max(SMALLEST_BATCH, min(LARGEST_BATCH, fitting))


RHYTHMS = Rhythms()
