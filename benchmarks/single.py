"""How long one mail takes on an idle system: `python -m benchmarks.single --count 50`; one JSON object.

From the call of `enqueue` until the sink has the whole message. The reference is smtplib opening a connection
for one mail, in the same run.
"""

from __future__ import annotations

import argparse
import json
import smtplib
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from uuid import UUID

from benchmarks import sinks, stage
from devtools.processes import Children

SIZE = 2000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailroom-bench-")))
        log = data / "arrived"
        log.touch()
        port = stack.enter_context(sinks.sink("--log", str(log)))
        children = stack.enter_context(Children())
        variables = stage.environment(children, data=data, smtp_port=port)
        stage.set_up(variables)
        (organization_id,) = stage.make_organizations(1, host="127.0.0.1", port=port)
        workers = [
            stage.start_worker(variables, log=data / f"worker-{place}.log", extra={})
            for place in range(options.workers)
        ]
        try:
            waits = [one(organization_id, log) for _ in range(options.count + 5)][5:]
        finally:
            for worker in workers:
                worker.terminate()
                worker.wait(40)
        direct = [by_smtplib(port) for _ in range(options.count)]
    figures = {"count": options.count, "workers": options.workers, **spread(waits)}
    print(json.dumps({**figures, "smtplib": spread(direct)}))  # noqa: T201  # the point


def one(organization_id: UUID, log: Path) -> float:
    """Queue one mail and wait until the sink wrote it down; gives the seconds between."""
    from notifications.services import enqueue  # noqa: PLC0415  # after `set_up`

    # Long enough for everything to be idle again.
    time.sleep(0.25)
    text, html = stage.bodies(SIZE)
    seen, begun = log.stat().st_size, time.time()
    enqueue(organization=organization_id, to="reader@example.com", subject="Order", text=text, html=html)
    while log.stat().st_size == seen:
        time.sleep(0.001)
    return float(log.read_text(encoding="ascii").splitlines()[-1].split()[0]) - begun


def by_smtplib(port: int) -> float:
    """Send one mail on a connection of its own."""
    begun = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as wire:
        wire.sendmail("a@example.com", ["b@example.com"], "Subject: Order\r\n\r\n" + stage.bodies(SIZE)[0])
    return time.perf_counter() - begun


def spread(seconds: list[float]) -> dict[str, float]:
    """Give median and the ninth decile in milliseconds."""
    ordered = sorted(seconds)
    tail = ordered[int(len(ordered) * 0.9)]
    return {"median_ms": round(median(ordered) * 1000, 1), "p90_ms": round(tail * 1000, 1)}


if __name__ == "__main__":
    main()
