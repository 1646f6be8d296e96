"""A storm: `python -m tests.chaos --messages 20000 --kills 120 --stops 6`; prints a report as JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from benchmarks import stage
from devtools.processes import Children
from tests.chaos.ground import Ground
from tests.chaos.verdict import judge, read_copies

ORGANIZATIONS = 4
PAUSE_SECONDS = 1.0


def main() -> None:
    """Let it storm, and print what came of it."""
    options = read_options()
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailroom-chaos-")))
        log = data / "sink.log"
        port = stack.enter_context(
            stage.sink("--lost", "0.03", "--later", "0.05", "--log", str(log), "--rtt", str(options.rtt))
        )
        children = stack.enter_context(Children())
        variables = stage.environment(children, data=data, smtp_port=port)
        stage.set_up(variables)
        made = stage.make_organizations(
            ORGANIZATIONS, host="127.0.0.1", port=port, doubtful=("resend", "hold")
        )
        for organization_id in made:
            stage.queue_rows(organization_id, options.messages // ORGANIZATIONS, size=600)
        ground = Ground(children, variables, data, options.seed)
        try:
            report = storm(options, ground, log)
        finally:
            ground.end()
        report |= judge(log, set(made[1::2]))
    print(json.dumps(report))  # noqa: T201  # the point
    sys.exit(1 if any(dict(report["wrong"]).values()) else 0)  # type: ignore[call-overload]  # counts by name


def storm(options: argparse.Namespace, ground: Ground, log: Path) -> dict[str, object]:
    """Break one thing after the other until all mail has ended."""
    begun, waits = time.monotonic(), []
    events = timetable(options, ground)
    deadline = begun + options.seconds
    log.touch()
    while time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        if events:
            name, event = events.pop(0)
            with suppress(ProcessLookupError):
                event()
            if name == "stop":
                waits.append(first_after(log, time.time()))
        if hurry_up() == 0 and not events:
            break
    return {
        "messages": options.messages,
        "seconds": round(time.monotonic() - begun, 1),
        "kills": ground.kills,
        "postgres_stops": ground.stops,
        "redis_flushes": ground.flushes,
        "redis_freezes": ground.freezes,
        "redis_restarts": ground.restarts,
        "first_send_after_a_stop": [round(wait, 1) for wait in waits],
    }


def timetable(options: argparse.Namespace, ground: Ground) -> list[tuple[str, Callable[[], None]]]:
    """Spread what breaks seldom among what breaks often."""
    events: list[tuple[str, Callable[[], None]]] = [("kill", ground.kill_a_worker)] * options.kills
    seldom: list[tuple[str, Callable[[], None]]] = [
        *[("stop", ground.stop_postgres)] * options.stops,
        *[("flush", ground.flush_redis)] * options.flushes,
        ("freeze", lambda: ground.freeze_redis(2.0)),
        ("restart", ground.restart_redis),
    ]
    step = max(1, len(events) // (len(seldom) + 1))
    for number, event in enumerate(seldom):
        events.insert(min(len(events), 3 + number * (step + 1)), event)
    return events


def first_after(log: Path, moment: float) -> float:
    """Wait for the first mail after a moment; a storm without one ends with its deadline."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        late = [one for one in read_copies(log)[1] if one > moment]
        if late:
            return late[0] - moment
        time.sleep(0.1)
    return 30.0


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


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=120)
    parser.add_argument("--stops", type=int, default=6)
    parser.add_argument("--flushes", type=int, default=5)
    parser.add_argument("--rtt", type=float, default=20.0)
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
