"""A worker dies in the middle of its work: nothing is lost, and nearly nothing arrives twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis
from django.conf import settings as product
from django.db import connections

from notifications.delivery.claiming import SLOTS
from notifications.models import DeliveryAttempt, Notification, Status, WorkerHeartbeat
from orgs.models import Organization
from orgs.tenancy import tenant
from sandbox.inbox import Inbox
from sandbox.smtp import SmtpServer
from sandbox.tls import Authority
from tests.notifications.stories import PASSWORD, connect_to, eventually, queue, rewire

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ROOT = Path(product.BASE_DIR)
Start = Callable[..., "subprocess.Popen[bytes]"]
NOBODY = "redis://127.0.0.1:9/0"


def database_url(alias: str, *, user: str = "") -> str:
    """Spell the address of the tests' database, for another process."""
    database = connections[alias].settings_dict
    secret = f":{quote(database['PASSWORD'], safe='')}" if database["PASSWORD"] and not user else ""
    host = quote(database["HOST"], safe="")
    name = f"{user or database['USER']}{secret}"
    port = f"&port={database['PORT']}" if database["PORT"] else ""
    return f"postgres://{name}@/{database['NAME']}?host={host}{port}"


@pytest.fixture
def server(authority: Authority, settings: Any) -> Iterator[SmtpServer]:
    """A mail server that takes its time, so that a worker is always in the middle of something."""
    from mailsettings.egress import egress  # noqa: PLC0415

    running = SmtpServer(Inbox(None), mode="starttls", authority=authority, users={"user": PASSWORD})
    running.rules.delay("dot", 0.02)
    running.start()
    settings.EXTRA_CA_BUNDLE = str(authority.ca_file)
    settings.EGRESS_ALLOW_PORTS = (running.port,)
    egress.cache_clear()
    yield running
    running.stop()
    egress.cache_clear()


@pytest.fixture
def start(server: SmtpServer, tmp_path: Path, settings: Any) -> Iterator[Start]:
    """Start real workers, one process each, under the worker's own role."""
    started: list[subprocess.Popen[bytes]] = []
    role = "app_worker" if connections["default"].settings_dict["USER"] == "app_web" else ""
    environment = os.environ | {
        "DATABASE_URL": database_url("default", user=role),
        "DATABASE_SYSTEM_URL": database_url("system"),
        "DELIVERY_LEASE_SECONDS": "3",
        "EXTRA_CA_BUNDLE": settings.EXTRA_CA_BUNDLE,
        "EGRESS_ALLOW_PORTS": str(server.port),
        "EGRESS_ALLOW_CIDRS": "127.0.0.0/8",
    }
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "config",
        "worker",
        "--concurrency",
        "2",
        "-l",
        "WARNING",
    ]

    def run(broker: str = NOBODY) -> subprocess.Popen[bytes]:
        """Start a worker; without a word about its broker it lives without one."""
        log = (tmp_path / f"worker-{len(started)}.log").open("wb")
        with log:
            own = environment | {"REDIS_URL": broker}
            worker = subprocess.Popen(command, cwd=ROOT, env=own, stdout=log, stderr=log)  # noqa: S603
        started.append(worker)
        return worker

    yield run
    for worker in started:
        if worker.poll() is None:
            worker.kill()
        worker.wait(10)


def test_a_killed_worker_loses_nothing(contoso: Organization, server: SmtpServer, start: Start) -> None:
    connect_to(contoso, server)
    for number in range(200):
        queue(contoso, subject=f"Mail {number}")
    first = start()
    server.inbox.wait_for(40, timeout=40)
    os.kill(first.pid, signal.SIGKILL)
    first.wait(10)
    assert not all_accepted(contoso)
    start()
    eventually(lambda: all_accepted(contoso), seconds=60)
    copies = Counter(mail.message_id for mail in server.inbox)
    assert len(copies) == 200
    # Only what was between its final dot and our record may have left twice: one message for each session.
    assert sum(copies.values()) - 200 <= SLOTS
    assert max(copies.values()) <= 2
    with tenant(contoso):
        rows = Notification.objects.of(contoso)
        tried = DeliveryAttempt.objects.of(contoso)
        assert sum(rows.values_list("attempts", flat=True)) == tried.count()
        assert not rows.exclude(lease_token=None).exists()


def test_a_worker_asked_to_stop_gives_back_what_it_holds(
    contoso: Organization, server: SmtpServer, start: Start
) -> None:
    connect_to(contoso, server)
    for number in range(200):
        queue(contoso, subject=f"Mail {number}")
    worker = start()
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
    yield address
    rewire(product.REDIS_URL)
    wire.flushdb()
    wire.close()


@pytest.mark.feature("NEW-1")
def test_a_hint_wakes_a_worker_at_once(
    contoso: Organization, server: SmtpServer, start: Start, broker: str
) -> None:
    connect_to(contoso, server)
    start(broker)
    eventually(WorkerHeartbeat.objects.exists, seconds=30)
    queue(contoso, subject="first")
    server.inbox.wait_for(1, timeout=20)
    # The net comes every five seconds; ten messages one after the other are only this quick by hints.
    started = time.monotonic()
    for number in range(10):
        queue(contoso, subject=f"Mail {number}")
        server.inbox.wait_for(number + 2, timeout=10)
    assert time.monotonic() - started < 15


def all_accepted(organization: Organization) -> bool:
    """Say whether every notification has been accepted."""
    with tenant(organization):
        return not Notification.objects.of(organization).exclude(status=Status.ACCEPTED).exists()
