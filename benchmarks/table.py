"""Whether a large table slows anything: `python -m benchmarks.table --ended 5000000`; one JSON object.

Draining, claiming and the first page of the log are measured with an empty table, and again beside so many
ended notifications of the same organization, whose content was removed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from uuid import UUID, uuid4

from benchmarks import sinks, stage
from devtools.processes import Children

SIZE = 2000
CHUNK = 100_000
# Ended one second apart, the newest just now.
ENDED = """
INSERT INTO notifications_notification SELECT made.*
FROM (SELECT n AS row FROM notifications_notification n LIMIT 1) one,
    (SELECT g, now() - make_interval(secs => g) AS at FROM generate_series(%s, %s) g) moment,
    jsonb_populate_record(one.row, jsonb_build_object(
        'id', lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
            || '7000a' || right(md5(g::text), 15),
        'status', 'accepted', 'attempts', 1, 'sealed_body', NULL, 'content_removed_at', at,
        'message_date', at, 'next_at', at, 'created_at', at, 'started_at', at,
        'accepted_at', at, 'ended_at', at,
        'message_id', '<' || g || '.0123456789@organization-0.example>'
    )) made
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ended", type=int, default=5_000_000)
    parser.add_argument("--count", type=int, default=2000)
    options = parser.parse_args()
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailroom-bench-")))
        port, _ = stack.enter_context(sinks.best_sink())
        children = stack.enter_context(Children())
        stage.set_up(stage.environment(children, data=data, smtp_port=port))
        (organization_id,) = stage.make_organizations(1, host="127.0.0.1", port=port)
        drained(organization_id, 500)
        # Filling changes caches and disks, so both are measured on tables that were vacuumed just now.
        before = measure(organization_id, options.count)
        fill(organization_id, options.ended)
        after = measure(organization_id, options.count)
    ratios = {name: round(after[name] / before[name], 2) for name in before}
    figures = {
        "ended": options.ended,
        "count": options.count,
        "empty": before,
        "full": after,
        "ratio": ratios,
    }
    print(json.dumps(figures))  # noqa: T201  # the point


def measure(organization_id: UUID, count: int) -> dict[str, float]:
    """Give milliseconds of each thing, so that a larger figure is a slower one."""
    from django.db import connections  # noqa: PLC0415  # after `set_up`

    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE notifications_notification")
    drains = [drained(organization_id, count) for _ in range(3)]
    return {
        "drain_ms_per_mail": round(min(drains) * 1000, 3),
        "claim_ms": round(middle(lambda: claimed(organization_id)) * 1000, 2),
        "page_ms": round(middle(lambda: first_page(organization_id)) * 1000, 2),
    }


def middle(work: Callable[[], float]) -> float:
    """Give the median of many."""
    return median(work() for _ in range(30))


def drained(organization_id: UUID, count: int) -> float:
    """Queue so many and send them from this process; gives the seconds for one."""
    from notifications.drain import turn  # noqa: PLC0415  # after `set_up`

    stage.queue_rows(organization_id, count, size=SIZE)
    begun = time.perf_counter()
    while turn(organization_id).more:
        pass
    return (time.perf_counter() - begun) / count


def claimed(organization_id: UUID) -> float:
    """Claim a batch of fifty and give it back; gives the seconds of the claim."""
    from mailsettings.ways import way_out  # noqa: PLC0415
    from notifications import slots  # noqa: PLC0415
    from notifications.delivery.claiming import release, take  # noqa: PLC0415
    from orgs.tenancy import tenant  # noqa: PLC0415

    stage.queue_rows(organization_id, 60, size=SIZE)
    way, token = way_out(organization_id), uuid4()
    begun = time.perf_counter()
    taken = take(way, token=token, limit=50)
    seconds = time.perf_counter() - begun
    if taken.batch is not None:
        release(taken.batch, taken.batch.rows)
    with tenant(organization_id):
        slots.leave(way, token)
    drained(organization_id, 1)
    return seconds


def first_page(organization_id: UUID) -> float:
    """Read the first page of the log; gives the seconds."""
    from notifications.asked import Asked  # noqa: PLC0415
    from notifications.listing import Listing  # noqa: PLC0415
    from orgs.models import Organization  # noqa: PLC0415
    from orgs.tenancy import tenant  # noqa: PLC0415

    begun = time.perf_counter()
    with tenant(organization_id):
        listing = Listing(Organization.objects.get(pk=organization_id), Asked())
        assert listing.lines  # noqa: S101  # reads them
        assert listing.tabs  # noqa: S101
    return time.perf_counter() - begun


def fill(organization_id: UUID, ended: int) -> None:
    """Store so many ended notifications."""
    from django.db import connections  # noqa: PLC0415

    from orgs.tenancy import tenant  # noqa: PLC0415

    for first in range(0, ended, CHUNK):
        with tenant(organization_id), connections["default"].cursor() as cursor:
            cursor.execute(ENDED, [first, min(first + CHUNK, ended) - 1])


if __name__ == "__main__":
    main()
