"""The part of a worker that needs no broker: heartbeat, sweep, and draining what is due."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from uuid import UUID

from celery import Celery, bootsteps
from celery.signals import worker_shutting_down
from django.db import close_old_connections, connections
from django.db.models.functions import Now

from notifications.drain import drain, run_tests
from notifications.models import WorkerHeartbeat
from notifications.process import stopping, worker_name
from notifications.sweep import due_organizations, organizations_with_tests, sweep

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
ROUND_SECONDS = 5.0
SENDERS, TESTERS = 4, 2
STOP_SECONDS = 25.0
_random = random.SystemRandom()


class Crew:
    """A few threads that work on organizations, each organization by one of them at a time."""

    def __init__(self, name: str, size: int, work: Callable[[UUID], object]) -> None:
        self._work = work
        self._known: set[UUID] = set()
        self._lock = threading.Lock()
        self._line: SimpleQueue[UUID | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True) for number in range(size)
        ]
        for thread in self._threads:
            thread.start()

    def take(self, organization_id: UUID) -> None:
        """Put an organization in the line unless it is there or being worked on."""
        with self._lock:
            if organization_id in self._known or stopping.is_set():
                return
            self._known.add(organization_id)
        self._line.put(organization_id)

    def dismiss(self, seconds: float) -> None:
        """Send everybody home once what they hold is done; wait no longer than `seconds`."""
        deadline = time.monotonic() + seconds
        for _ in self._threads:
            self._line.put(None)
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        try:
            while (organization_id := self._line.get()) is not None:
                if not stopping.is_set():
                    self._turn(organization_id)
        finally:
            connections.close_all()

    def _turn(self, organization_id: UUID) -> None:
        more: object = False
        try:
            close_old_connections()
            more = self._work(organization_id)
        except Exception:
            # A boundary of the worker: the turn is lost, the thread and the other organizations go on.
            logger.exception("A turn of the mail loop broke off.")
        with self._lock:
            self._known.discard(organization_id)
        if more:
            # To the end of the line, so that a long queue and a short one take turns.
            self.take(organization_id)


class MailLoop(threading.Thread):
    """Ticks every second for tests and about every five for everything else."""

    def __init__(self) -> None:
        super().__init__(name="mail-loop", daemon=True)
        self.senders = Crew("sender", SENDERS, drain)
        self.testers = Crew("tester", TESTERS, run_tests)
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
            for organization_id in due_organizations():
                self.senders.take(organization_id)
        for organization_id in organizations_with_tests():
            self.testers.take(organization_id)

    def stop(self) -> None:
        """Stop claiming, let messages on the wire finish, take the name off the board."""
        stopping.set()
        deadline = time.monotonic() + STOP_SECONDS
        for crew in (self.testers, self.senders):
            crew.dismiss(deadline - time.monotonic())
        WorkerHeartbeat.objects.filter(name=worker_name()).delete()


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
        self.loop.start()

    def stop(self, _worker: object) -> None:
        """Finish within the time a process supervisor gives."""
        if self.loop is not None:
            self.loop.stop()


def _stop_claiming(**_signal: object) -> None:
    # At once on SIGTERM, long before Celery gets to the step's own stop.
    stopping.set()


def add_worker_steps(app: Celery) -> None:
    """Give every worker of `app` its mail loop."""
    app.steps["worker"].add(MailLoopStep)
    worker_shutting_down.connect(_stop_claiming, weak=False)
