"""The part of a worker that needs no broker: heartbeat, sweep, and draining what is due."""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from uuid import UUID

from celery import Celery, bootsteps
from celery.signals import worker_shutting_down
from django.conf import settings
from django.db import close_old_connections, connections
from django.db.models.functions import Now

from notifications import hints
from notifications.crew import Crew
from notifications.drain import Turned, run_tests, turn
from notifications.lanes import LaneKey
from notifications.models import WorkerHeartbeat
from notifications.process import stopping, worker_name
from notifications.routes import work_of
from notifications.sweep import due_lanes, organizations_with_tests, sweep

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
ROUND_SECONDS = 5.0
TESTERS = 2
STOP_SECONDS = 25.0
_random = random.SystemRandom()
# The loop of this very process: a forked child inherits the name, not the threads.
_running: dict[int, MailLoop] = {}


class MailLoop(threading.Thread):
    """Ticks every second for tests and about every five for everything else."""

    def __init__(self) -> None:
        super().__init__(name="mail-loop", daemon=True)
        self.senders = Crew("sender", settings.DELIVERY_THREADS, self._send)
        self.testers = Crew("tester", TESTERS, _tests)
        self._next_round = 0.0

    def run(self) -> None:
        """Tick until the worker stops; no failure of a tick ends the loop."""
        try:
            while not stopping.is_set():
                self._guarded_tick()
                stopping.wait(TICK_SECONDS * _random.uniform(0.8, 1.2))
        finally:
            connections.close_all()

    def _guarded_tick(self) -> None:
        try:
            self.tick()
        except Exception:
            # The database may be away for a while; the loop outlives it.
            logger.exception("A tick of the mail loop failed; the next one tries again.")

    def tick(self) -> None:
        """Do what is due now."""
        close_old_connections()
        if time.monotonic() >= self._next_round:
            self._next_round = time.monotonic() + ROUND_SECONDS * _random.uniform(0.8, 1.2)
            beat()
            sweep()
            for lane in due_lanes():
                self.senders.take(lane)
        for organization_id in organizations_with_tests():
            self.testers.take(LaneKey(organization_id))

    def take(self, organization_id: UUID) -> None:
        """Put what an organization that was rung for has to do in line: tests have threads of their own."""
        work = work_of(organization_id)
        if work.has_tests:
            self.testers.take(LaneKey(organization_id))
        for lane in work.lanes:
            self.senders.take(lane)

    def _send(self, lane: LaneKey) -> Turned:
        def call_help(waits: bool) -> None:  # noqa: FBT001  # the one thing there is to say
            if waits:
                self.senders.help(lane)
            # Another process hears of a long queue only by its next round, seconds from now.
            hints.Hint(lane.organization_id)()

        return turn(*lane, call_help=call_help)

    def stop(self) -> None:
        """Stop claiming, let messages on the wire finish, take the name off the board."""
        stopping.set()
        deadline = time.monotonic() + STOP_SECONDS
        for crew in (self.testers, self.senders):
            crew.dismiss(deadline - time.monotonic())
        WorkerHeartbeat.objects.filter(name=worker_name()).delete()


def _tests(lane: LaneKey) -> Turned:
    run_tests(lane.organization_id)
    return Turned()


def beat() -> None:
    """Say that this process is alive, by the database's clock: web and worker may disagree about the time."""
    WorkerHeartbeat.objects.update_or_create(name=worker_name(), defaults={"seen_at": Now()})


class MailLoopStep(bootsteps.StartStopStep):
    """Runs the mail loop inside a Celery worker; starts before the broker is spoken to."""

    def __init__(self, parent: object, **_options: object) -> None:
        self.loop: MailLoop | None = None
        super().__init__(parent)

    def start(self, _worker: object) -> None:
        """Begin to tick."""
        self.loop = MailLoop()
        _running[os.getpid()] = self.loop
        self.loop.start()

    def stop(self, _worker: object) -> None:
        """Finish within the time a process supervisor gives."""
        _running.clear()
        if self.loop is not None:
            self.loop.stop()


def hand_over(organization_id: UUID) -> bool:
    """Leave an organization to the mail loop of this process, where lanes take turns; False without one."""
    loop = _running.get(os.getpid())
    if loop is not None:
        loop.take(organization_id)
    return loop is not None


def _stop_claiming(**_signal: object) -> None:
    # At once on SIGTERM, long before Celery gets to the step's own stop.
    stopping.set()


def add_worker_steps(app: Celery) -> None:
    """Give every worker of `app` its mail loop."""
    app.steps["worker"].add(MailLoopStep)
    worker_shutting_down.connect(_stop_claiming, weak=False)
