"""Rows a second into the outbox: `python -m benchmarks.enqueue --count 10000`; one JSON object.

The reference is Django's `bulk_create` of ready-made rows, which checks and seals nothing, in the same run.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

from benchmarks import stage
from devtools.processes import Children

SIZE = 2000
# Single calls are slow enough to be measured by few.
SINGLES = 300


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    count: int = parser.parse_args().count
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailroom-bench-")))
        children = stack.enter_context(Children())
        stage.set_up(stage.environment(children, data=data, smtp_port=2525))
        (organization_id,) = stage.make_organizations(1, host="127.0.0.1", port=2525)
        stage.queue_rows(organization_id, 500, size=SIZE)
        plain = timed(count, lambda: plain_rows(organization_id, count))
        ours = timed(count, lambda: stage.queue_rows(organization_id, count, size=SIZE))
        single = timed(SINGLES, lambda: one_by_one(organization_id))
    ratio = ours["rows_per_second"] / plain["rows_per_second"]
    figures = {"count": count, "enqueue_many": ours, "enqueue": single, "bulk_create": plain}
    print(json.dumps({**figures, "ratio_to_bulk_create": round(ratio, 2)}))  # noqa: T201  # the point


def timed(count: int, work: Callable[[], object]) -> dict[str, float]:
    """Give rows a second, and this process's CPU seconds for a thousand."""
    begun, cpu = time.perf_counter(), time.process_time()
    work()
    seconds, used = time.perf_counter() - begun, time.process_time() - cpu
    return {"rows_per_second": round(count / seconds), "cpu_per_1000": round(used / count * 1000, 3)}


def one_by_one(organization_id: UUID) -> None:
    """Queue as an application does that has one message."""
    from notifications.services import enqueue  # noqa: PLC0415  # after `set_up`

    text, html = stage.bodies(SIZE)
    for place in range(SINGLES):
        enqueue(
            organization=organization_id, to=f"r{place}@example.com", subject="Order", text=text, html=html
        )


def plain_rows(organization_id: UUID, count: int) -> None:
    """Store rows as Django does; building them is part of it, as of any `bulk_create`."""
    from notifications.models import Notification  # noqa: PLC0415  # after `set_up`
    from orgs.tenancy import tenant  # noqa: PLC0415

    body, recipients = bytes(SIZE + 100), {"to": [{"email": "r@example.com", "name": ""}]}
    rows = (
        Notification(
            organization_id=organization_id, subject=f"Order {place}", recipients=recipients, sealed_body=body
        )
        for place in range(count)
    )
    with tenant(organization_id):
        Notification.objects.bulk_create(rows, batch_size=500)


if __name__ == "__main__":
    main()
