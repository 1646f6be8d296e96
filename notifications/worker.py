"""The part of a worker that needs no broker: heartbeat, sweep, and draining what is due."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any
from uuid import UUID

from celery import Celery, bootsteps
from celery.signals import worker_shutting_down
from django.db import close_old_connections
from django.utils import timezone

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
        self._pool = ThreadPoolExecutor(size, thread_name_prefix=name)
        self._work = work
        self._running: dict[UUID, Future[None]] = {}
        self._lock = threading.Lock()

    def take(self, organization_id: UUID) -> None:
        """Work on an organization unless it is being worked on."""
        with self._lock:
            if organization_id in self._running or stopping.is_set():
                return
            turn = self._pool.submit(self._turn, organization_id)
            self._running[organization_id] = turn
        turn.add_done_callback(_log_failure)

    def _turn(self, organization_id: UUID) -> None:
        more: object = False
        close_old_connections()
        try:
            more = self._work(organization_id)
        finally:
            with self._lock:
                self._running.pop(organization_id, None)
        if more:
            # To the end of the line, so that a long queue and a short one take turns.
            self.take(organization_id)

    def dismiss(self, seconds: float) -> None:
        """Wait for what is being done, no longer than `seconds`."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            running = list(self._running.values())
        wait(running, timeout=max(0.0, seconds))


def _log_failure(done: Future[None]) -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        logger.error("A turn of the mail loop broke off.", exc_info=error)


class MailLoop(threading.Thread):
    """Ticks every second for tests and about every five for everything else."""

    def __init__(self) -> None:
        super().__init__(name="mail-loop", daemon=True)
        self.senders = Crew("sender", SENDERS, drain)
        self.testers = Crew("tester", TESTERS, run_tests)
        self._next_round = 0.0

    def run(self) -> None:
        """Tick until the worker stops; no failure of a tick ends the loop."""
        while not stopping.is_set():
            try:
                self.tick()
            except Exception:
                # The database may be away for a while; the loop outlives it.
                logger.exception("A tick of the mail loop failed; the next one tries again.")
            stopping.wait(TICK_SECONDS * _random.uniform(0.8, 1.2))

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
    """Say that this process is alive."""
    now = timezone.now()
    WorkerHeartbeat.objects.update_or_create(
        name=worker_name(), defaults={"seen_at": now}, create_defaults={"seen_at": now, "started_at": now}
    )


class MailLoopStep(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery's base class carries no types
    """Runs the mail loop inside a Celery worker; starts before the broker is spoken to."""

    def __init__(self, parent: Any, **_options: Any) -> None:
        self.loop: MailLoop | None = None
        super().__init__(parent)

    def start(self, _worker: Any) -> None:
        """Begin to tick."""
        self.loop = MailLoop()
        self.loop.start()

    def stop(self, _worker: Any) -> None:
        """Finish within the time a process supervisor gives."""
        if self.loop is not None:
            self.loop.stop()


def _stop_claiming(**_signal: Any) -> None:
    # At once on SIGTERM, long before Celery gets to the step's own stop.
    stopping.set()


def add_worker_steps(app: Celery) -> None:
    """Give every worker of `app` its mail loop."""
    app.steps["worker"].add(MailLoopStep)
    worker_shutting_down.connect(_stop_claiming, weak=False)
