"""Doorbells to the workers by way of the broker; they may be lost, doubled or late (architecture §5)."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from celery import current_app
from django.db import connections, transaction

from orgs.tenancy import ALIAS

logger = logging.getLogger(__name__)

DRAIN = "notifications.tasks.drain"
# A frozen broker costs one second; afterwards nobody waits for it again for this long.
BREAKER_SECONDS = 30.0

counts: Counter[str] = Counter()


class Breaker:
    """Keeps a process from waiting for a broker that just did not answer."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._open_until = 0.0

    def allows(self) -> bool:
        """Say whether the broker may be asked."""
        with self._lock:
            return time.monotonic() >= self._open_until

    def open(self) -> None:
        """Ask nobody for a while."""
        with self._lock:
            self._open_until = time.monotonic() + self._seconds

    def close(self) -> None:
        """Ask again at once."""
        with self._lock:
            self._open_until = 0.0


breaker = Breaker(BREAKER_SECONDS)


@dataclass(frozen=True)
class Hint:
    """One ring for the lanes of one organization; equal hints of a transaction are rung once."""

    organization_id: UUID

    @property
    def arguments(self) -> list[str]:
        """Give the id, and nothing else (C-CRY-9): a worker looks which lanes are due."""
        return [str(self.organization_id)]

    def __call__(self) -> None:
        """Publish; failing is normal and only counted, since the sweep finds the row anyway."""
        if not breaker.allows():
            counts["skipped"] += 1
            return
        try:
            current_app.send_task(DRAIN, args=self.arguments, ignore_result=True, retry=False)
        except Exception as error:  # noqa: BLE001  # the mail is stored: nothing a doorbell does may harm its page
            counts["failed"] += 1
            breaker.open()
            logger.warning(
                "The broker took no hint (%s); the sweep of the workers sends the mail.", type(error).__name__
            )
        else:
            counts["published"] += 1


def ring(organization_id: UUID) -> None:
    """Wake a worker for an organization once the transaction is committed."""
    connection = connections[ALIAS]
    hint = Hint(organization_id)
    if any(hook == hint for _, hook, *_ in connection.run_on_commit):
        return
    transaction.on_commit(hint, using=ALIAS)
