"""Whether any worker is alive, for the band on every page."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

from django.db.models.functions import Now
from django.http import HttpRequest

from notifications.models import WorkerHeartbeat

SILENCE = timedelta(seconds=20)
REMEMBERED_SECONDS = 3.0


class Remembered:
    """Asks the database at most every few seconds for a whole process."""

    def __init__(self, ask: Callable[[], bool], seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        self._lock = threading.Lock()
        self._answer = False
        self._asked_at = float("-inf")

    def __call__(self) -> bool:
        """Give the answer, fresh enough."""
        with self._lock:
            fresh = time.monotonic() - self._asked_at < self._seconds
            if fresh:
                return self._answer
        answer = self._ask()
        with self._lock:
            self._answer, self._asked_at = answer, time.monotonic()
        return answer

    def forget(self) -> None:
        """Ask again next time."""
        with self._lock:
            self._asked_at = float("-inf")


def no_heartbeat() -> bool:
    """Say whether every worker has been silent for too long."""
    return not WorkerHeartbeat.objects.filter(seen_at__gt=Now() - SILENCE).exists()


workers_silent = Remembered(no_heartbeat, REMEMBERED_SECONDS)


def worker_state(request: HttpRequest) -> dict[str, object]:  # noqa: ARG001  # the signature of context processors
    """Offer `workers_silent` to templates; asked only by pages that show it."""
    return {"workers_silent": workers_silent}
