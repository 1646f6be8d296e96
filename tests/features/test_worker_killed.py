"""A worker dies in the middle of its work: nothing is lost, and nearly nothing arrives twice."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings as product

from notifications import hints
from notifications.models import DeliveryAttempt, Notification, Status, WorkerHeartbeat
from orgs.models import Organization
from orgs.tenancy import tenant
from sandbox.smtp import SmtpServer
from tests import factories
from tests.notifications.stories import all_accepted, eventually, queue, rewire
from tests.plugin_sandbox import Sandbox, smtp_values
from tests.plugin_worker import StartWorker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def server(contoso: Organization, sandbox: Sandbox) -> SmtpServer:
    """Contoso's mail server; it takes its time, so that a worker is always in the middle of something."""
    running = sandbox.smtp()
    running.rules.delay("dot", 0.02)
    factories.connection(contoso, "smtp", smtp_values(running))
    return running


def test_a_killed_worker_loses_nothing(
    contoso: Organization, server: SmtpServer, start_worker: StartWorker
) -> None:
    for number in range(200):
        queue(contoso, subject=f"Mail {number}")
    first = start_worker()
    server.inbox.wait_for(40, timeout=40)
    os.kill(first.pid, signal.SIGKILL)
    first.wait(10)
    assert not all_accepted(contoso)
    start_worker()
    eventually(lambda: all_accepted(contoso), seconds=60)
    copies = Counter(mail.message_id for mail in server.inbox)
    assert len(copies) == 200
    # Only what was between its marker and our record may have left twice: one window for each session.
    assert sum(copies.values()) - 200 <= product.DELIVERY_SESSIONS * product.DELIVERY_WINDOW / 2
    assert max(copies.values()) <= 2
    with tenant(contoso):
        rows = Notification.objects.of(contoso)
        tried = DeliveryAttempt.objects.of(contoso)
        assert sum(rows.values_list("attempts", flat=True)) == tried.count()
        assert not rows.exclude(lease_token=None).exists()


def test_a_worker_asked_to_stop_gives_back_what_it_holds(
    contoso: Organization, server: SmtpServer, start_worker: StartWorker
) -> None:
    for number in range(200):
        queue(contoso, subject=f"Mail {number}")
    worker = start_worker()
    server.inbox.wait_for(20, timeout=40)
    worker.terminate()
    assert worker.wait(25) == 0
    with tenant(contoso):
        states = Counter(Notification.objects.of(contoso).values_list("status", flat=True))
    assert set(states) == {Status.ACCEPTED, Status.QUEUED}
    assert states[Status.ACCEPTED] == len(server.inbox) >= 20
    assert not WorkerHeartbeat.objects.exists()


@pytest.fixture
def broker() -> Iterator[str]:
    """A database of the real broker that only this test uses."""
    address = product.REDIS_URL.rpartition("/")[0] + "/11"
    wire = redis.Redis.from_url(address)
    wire.flushdb()
    rewire(address)
    # An earlier test may have met a broker that was away.
    hints.breaker.close()
    yield address
    rewire(product.REDIS_URL)
    wire.flushdb()
    wire.close()


@pytest.mark.feature("NEW-1")
def test_a_hint_wakes_a_worker_at_once(
    contoso: Organization, server: SmtpServer, start_worker: StartWorker, broker: str
) -> None:
    start_worker(broker)
    eventually(WorkerHeartbeat.objects.exists, seconds=30)
    queue(contoso, subject="first")
    server.inbox.wait_for(1, timeout=20)
    # The net comes every five seconds; ten messages one after the other are only this quick by hints.
    started = time.monotonic()
    for number in range(10):
        queue(contoso, subject=f"Mail {number}")
        server.inbox.wait_for(number + 2, timeout=10)
    assert time.monotonic() - started < 15
