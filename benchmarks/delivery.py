"""How fast workers drain the outbox: `python -m benchmarks.delivery --count 10000 --workers 2`.

Prints one JSON object. Without `--smtp HOST:PORT` it starts a sink of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import psutil

from benchmarks import sinks, stage
from benchmarks.reference import raw_smtplib
from devtools.processes import Children

SIZES = {"2k": 2_000, "100k": 100_000}
SETTLED_SECONDS = 600.0


def main() -> None:
    """Measure and print."""
    options = read_options()
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailroom-bench-")))
        if options.smtp:
            host, _, port_text = options.smtp.rpartition(":")
            port, name = int(port_text), options.smtp
        else:
            host = "127.0.0.1"
            port, name = stack.enter_context(sinks.best_sink(options.rtt))
        children = stack.enter_context(Children())
        variables = stage.environment(children, data=data, smtp_port=port)
        stage.set_up(variables)
        figures = measure(options, variables, data, host, port)
        print(json.dumps({"sink": name, **figures}))  # noqa: T201  # the point


def measure(
    options: argparse.Namespace, variables: Mapping[str, str], data: Path, host: str, port: int
) -> dict[str, object]:
    """Queue, let the workers drain, and put the figures together."""
    size = SIZES[options.size]
    organizations = stage.make_organizations(options.organizations, host=host, port=port)
    begun = time.perf_counter()
    for organization_id in organizations:
        # Not due before the workers are up.
        stage.queue_rows(organization_id, options.count // len(organizations), size=size, later=3600)
    enqueued = options.count / (time.perf_counter() - begun)
    few = max(min(options.count, 2000) // (20 if options.rtt else 1), 20)
    before = raw_smtplib(host, port, count=few, size=size)
    workers = [
        stage.start_worker(
            variables, log=data / f"worker-{place}.log", extra={"STATEMENTS_FILE": str(data / "statements")}
        )
        for place in range(options.workers)
    ]
    try:
        figures = drain(workers, organizations, data)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(40)
    # Others use this machine, too: the better of two is what it can do.
    after = raw_smtplib(host, port, count=few, size=size)
    reference = max(before, after, key=lambda one: one["mails_per_second"])
    rate, used = float(str(figures["mails_per_second"])), float(str(figures["cpu_seconds_per_1000"]))
    return {
        "count": options.count,
        "size": options.size,
        "organizations": options.organizations,
        "workers": options.workers,
        "rtt_ms": options.rtt,
        **figures,
        "enqueue_rows_per_second": round(enqueued),
        "raw_smtplib": reference,
        "ratio_to_raw_smtplib": round(rate / reference["mails_per_second"], 3),
        "cpu_ratio_to_raw_smtplib": round(used / max(reference["cpu_per_1000"], 1e-6), 2),
    }


def drain(
    workers: Sequence[subprocess.Popen[bytes]], organizations: Sequence[UUID], data: Path
) -> dict[str, object]:
    """Make everything due, and watch until all is accepted."""
    from django.db.models.functions import Now  # noqa: PLC0415  # after `set_up`

    from notifications import hints  # noqa: PLC0415
    from notifications.models import Notification, WorkerHeartbeat  # noqa: PLC0415

    wait_for(lambda: WorkerHeartbeat.objects.count() == len(workers), seconds=60)
    time.sleep(1.5)
    rows = Notification.objects.using("system")
    before, statements = cpu_seconds(workers), read_statements(data)
    begun = time.perf_counter()
    rows.filter(status="queued").update(next_at=Now(), created_at=Now())
    for organization_id in organizations:
        hints.Hint(organization_id)()
    wait_for(lambda: not rows.exclude(status="accepted").exists(), seconds=SETTLED_SECONDS)
    seconds = time.perf_counter() - begun
    used = cpu_seconds(workers) - before
    time.sleep(0.7)
    count = rows.count()
    waits = sorted(
        (accepted - created).total_seconds()
        for created, accepted in rows.values_list("created_at", "accepted_at")
        if accepted is not None
    )
    # The watching below the second would distort short runs: the rows say when the last one was accepted.
    seconds = min(seconds, waits[-1])
    return {
        "mails_per_second": round(count / seconds, 1),
        "cpu_seconds_per_1000": round(used / count * 1000, 3),
        "peak_memory_mb": round(max(peak_memory(worker.pid) for worker in workers)),
        "queries_per_mail": round((read_statements(data) - statements) / count, 4),
        "p50_seconds": round(waits[len(waits) // 2], 3),
        "p99_seconds": round(waits[int(len(waits) * 0.99)], 3),
    }


def wait_for(is_so: object, *, seconds: float) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not is_so():  # type: ignore[operator]  # a condition
        if time.monotonic() > deadline:
            sys.exit("The benchmark did not come to its end in time.")
        time.sleep(0.1)


def cpu_seconds(workers: Sequence[subprocess.Popen[bytes]]) -> float:
    """Add up what the workers computed."""
    times = [psutil.Process(worker.pid).cpu_times() for worker in workers]
    return float(sum(one.user + one.system for one in times))


def peak_memory(pid: int) -> float:
    """Give the most memory a process ever had, in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def read_statements(data: Path) -> int:
    """Add up what the workers asked of the database."""
    return sum(int(path.read_text() or 0) for path in data.glob("statements.*"))


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--smtp", default="", help="HOST:PORT of a sink; without it one is started")
    parser.add_argument("--size", choices=sorted(SIZES), default="2k")
    parser.add_argument("--organizations", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rtt", type=float, default=0.0, help="milliseconds of the started sink")
    return parser.parse_args()


if __name__ == "__main__":
    main()
