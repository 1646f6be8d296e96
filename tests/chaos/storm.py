"""The storm itself: mail comes in while one thing after the other breaks, until all mail has ended."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress

from tests.chaos.cast import Sender, write
from tests.chaos.ground import Ground
from tests.chaos.sinks import Arrivals

PAUSE_SECONDS, FREEZE_SECONDS, AWAY_SECONDS = 1.0, 2.0, 6.0
LONGEST_WAIT = 60.0
# After these the first mail must leave within 15 seconds.
COMES_BACK = frozenset(("postgres stop", "redis freeze", "redis restart", "redis flush"))
Event = tuple[str, Callable[[], None]]


class Storm:
    """Breaks things by a timetable, and keeps count."""

    def __init__(self, options: argparse.Namespace, ground: Ground, senders: Sequence[Sender]) -> None:
        self._options, self._ground, self._senders = options, ground, senders
        self._unwritten = options.messages
        self.events: Counter[str] = Counter()
        self.waits: dict[str, list[float]] = {}

    def rage(self) -> dict[str, object]:
        """Run the timetable; gives the figures."""
        begun = time.monotonic()
        deadline = begun + self._options.seconds
        events = timetable(self._options, self._ground)
        portion = -(-self._options.messages // max(1, len(events) * 3 // 4))
        self._write(portion)
        # Not before the workers are up.
        self._first_after(time.time())
        while time.monotonic() < deadline:
            self._write(portion)
            time.sleep(PAUSE_SECONDS)
            if events:
                self._break(*events.pop(0))
            if hurry_up() == 0 and not events and not self._unwritten:
                break
        return {
            "messages": self._options.messages,
            "seconds": round(time.monotonic() - begun, 1),
            "events": dict(self.events),
            "kills_with_mail_in_hand": self._ground.kills_in_hand,
            "first_send_after": {
                name: [round(wait, 1) for wait in waits] for name, waits in self.waits.items()
            },
        }

    def _write(self, portion: int) -> None:
        share = min(portion, self._unwritten)
        self._unwritten -= share
        for place, sender in enumerate(self._senders):
            count = len(self._senders)
            own = share // count + (place < share % count)
            if own:
                write(sender, own)

    def _break(self, name: str, event: Callable[[], None]) -> None:
        with suppress(ProcessLookupError):
            event()
            self.events[name] += 1
        if name in COMES_BACK:
            waited = self._first_after(time.time())
            if waited is not None:
                self.waits.setdefault(name, []).append(waited)

    def _first_after(self, moment: float) -> float | None:
        """Wait for the first mail after a moment; no lane rests for what its mail server did before.

        Returns: seconds; None when all mail has ended already, so that there is none to wait for.
        """
        deadline = time.monotonic() + LONGEST_WAIT
        while time.monotonic() < deadline:
            waited = Arrivals(*(sink.log for sink in self._ground.sinks)).first_after(moment)
            if waited is not None:
                return waited
            if hurry_up() == 0:
                return None
            time.sleep(0.1)
        return LONGEST_WAIT


def timetable(options: argparse.Namespace, ground: Ground) -> list[Event]:
    """Spread what breaks seldom among the kills."""
    primary = ground.sinks[0]
    seldom: list[Event] = []
    kinds: list[tuple[Event, int]] = [
        (("postgres stop", ground.stop_postgres), options.stops),
        (("redis flush", ground.flush_redis), options.flushes),
        (("redis freeze", lambda: ground.freeze_redis(FREEZE_SECONDS)), options.freezes),
        (("redis restart", ground.restart_redis), options.restarts),
        (("primary away", lambda: primary.go_away(AWAY_SECONDS)), options.away),
    ]
    for turn in range(max(number for _, number in kinds)):
        seldom += [event for event, number in kinds if turn < number]
    events: list[Event] = [("kill", ground.kill_a_worker)] * options.kills
    step = max(1, len(events) // (len(seldom) + 1))
    for number, event in enumerate(seldom):
        events.insert(min(len(events), 2 + number * (step + 1)), event)
    return events


def hurry_up() -> int:
    """Let pauses be over and tell how much mail is left: patience is not what is tested here."""
    from django.db import DatabaseError, InterfaceError, connections  # noqa: PLC0415  # after django.setup
    from django.db.models.functions import Now  # noqa: PLC0415

    from mailsettings.models import Connection  # noqa: PLC0415
    from notifications.models import ConnectionLimit, Lane, Notification  # noqa: PLC0415

    try:
        rows = Notification.objects.using("system")
        rows.filter(status="queued", next_at__gt=Now()).update(next_at=Now())
        Lane.objects.using("system").update(resume_at=None)
        ConnectionLimit.objects.using("system").update(rest_until=None)
        Connection.objects.using("system").exclude(held_code="").update(probe_at=Now())
        return rows.filter(status__in=("queued", "leased", "transmitting")).count()
    except (DatabaseError, InterfaceError):
        connections.close_all()
        return -1
