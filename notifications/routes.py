"""The way of each organization, remembered for moments: every use checks that it is still the one."""

from __future__ import annotations

import threading
import time
from uuid import UUID

from mailsettings.ways import Way, way_out

# The database refuses a way whose connection changed when its slot is taken, and settings at the marker.
KEPT_SECONDS = 5.0
LIMIT = 1000

_ways: dict[UUID, tuple[float, Way]] = {}
_lock = threading.Lock()


def way_now(organization_id: UUID) -> Way:
    """Give the way for real mail of an organization.

    Raises:
        NoWayOut: nothing can send for this organization now.
    """
    with _lock:
        read_at, kept = _ways.get(organization_id, (float("-inf"), None))
    if kept is not None and time.monotonic() - read_at < KEPT_SECONDS:
        return kept
    way = way_out(organization_id)
    if not way.held_code:
        with _lock:
            if len(_ways) >= LIMIT:
                _ways.clear()
            _ways[organization_id] = (time.monotonic(), way)
    return way


def forget_way(organization_id: UUID) -> None:
    """Read it again next time."""
    with _lock:
        _ways.pop(organization_id, None)
