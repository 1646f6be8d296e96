"""Whether this process lives and whether it can do its work; for load balancers and alarms, no sign-in.

`/healthz` decides whether to restart or route to a process. `/readyz` asks what it depends on; pages and
accepted mail survive a missing broker, so it is an alarm's address rather than a router's.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import BoundedSemaphore, Event, Thread

import redis
from django.conf import settings
from django.db import Error, connections
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.backoff import NoBackoff
from redis.retry import Retry

from notifications.sweep import oldest_due_seconds

SECONDS = 1.0
# A frozen server must not collect threads: when this many wait for it, the next answer is "no" at once.
WAITING = BoundedSemaphore(8)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001  # the same answer for everybody
    """Say that the process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001  # the same answer for everybody
    """Say within a second whether database and broker answer, and how long the oldest due mail has waited."""
    answers = {"database": database_answers, "broker": broker_answers}
    waiting = {name: begin(probe) for name, probe in answers.items()}
    state = {name: answered(done) for name, done in waiting.items()}
    ready = all(state.values())
    words: dict[str, object] = {name: "ok" if fine else "no answer" for name, fine in state.items()}
    if state["database"]:
        words["oldest_due_seconds"] = int(oldest_due_seconds())
    return JsonResponse({"status": "ok" if ready else "not ready", **words}, status=200 if ready else 503)


def begin(probe: Callable[[], None]) -> Event:
    """Run a probe beside this request; the event is set when it succeeded."""
    done = Event()

    def run() -> None:
        try:
            probe()
            done.set()
        except (Error, redis.RedisError, OSError):
            pass  # no answer is the answer
        finally:
            WAITING.release()

    if WAITING.acquire(blocking=False):
        Thread(target=run, daemon=True).start()
    return done


def answered(done: Event) -> bool:
    """Wait for a probe, but no longer than a caller would."""
    return done.wait(SECONDS)


def database_answers() -> None:
    """Ask over a connection of its own: a frozen server would never let go of a shared one."""
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connections["default"].close()


def broker_answers() -> None:
    """Ask the broker once, without the library's own patience."""
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    with client:
        client.ping()
