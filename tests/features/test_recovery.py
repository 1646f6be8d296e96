"""Workers die: what they held goes on within a lease, and their sessions block nobody for longer."""

from __future__ import annotations

import os
import time

import pytest

from notifications.models import ConnectionSlot, Notification, Status, WorkerHeartbeat
from orgs.models import Organization
from orgs.tenancy import tenant
from sandbox.smtp import SmtpServer
from tests import factories
from tests.notifications.stories import eventually, queue
from tests.plugin_sandbox import Sandbox, smtp_values
from tests.plugin_worker import StartWorker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
# What `worker_environment` gives to the workers of stories.
LEASE_SECONDS = 3.0


@pytest.fixture
def server(contoso: Organization, sandbox: Sandbox) -> SmtpServer:
    """Contoso's mail server, which takes its time."""
    running = sandbox.smtp()
    running.rules.delay("dot", 0.1)
    factories.connection(contoso, "smtp", smtp_values(running))
    return running


def held_by(organization: Organization, pid: int) -> int:
    """Count the rows a worker process holds."""
    with tenant(organization):
        return Notification.objects.of(organization).filter(leased_by__contains=f":{pid}:").count()


@pytest.mark.control("C-DEL-1", "C-DEL-3")
def test_what_a_dead_worker_held_goes_on_within_its_lease_and_ten_seconds(
    contoso: Organization, server: SmtpServer, start_worker: StartWorker
) -> None:
    workers = [start_worker(), start_worker()]
    eventually(lambda: WorkerHeartbeat.objects.count() == 2, seconds=60)
    for number in range(120):
        queue(contoso, subject=f"Mail {number}")
    dead = eventually(lambda: next((one for one in workers if held_by(contoso, one.pid)), None), seconds=30)
    dead.kill()
    dead.wait(10)
    with tenant(contoso):
        lost = list(
            Notification.objects.of(contoso)
            .filter(leased_by__contains=f":{dead.pid}:")
            .values_list("pk", flat=True)
        )
    assert lost
    killed_at = time.monotonic()
    eventually(lambda: not held_by(contoso, dead.pid), seconds=60)
    slots = ConnectionSlot.objects.using("owner")
    assert time.monotonic() - killed_at < LEASE_SECONDS + 10
    eventually(lambda: not rest(contoso), seconds=60)
    with tenant(contoso):
        rows = Notification.objects.of(contoso)
        assert set(rows.filter(pk__in=lost).values_list("status", flat=True)) == {Status.ACCEPTED}
    assert len({mail.message_id for mail in server.inbox}) == 120
    # Nobody's session is blocked by the dead one's.
    eventually(lambda: not slots.exists())
    os.kill(next(one.pid for one in workers if one is not dead), 0)


def rest(organization: Organization) -> int:
    """Count what is not accepted yet."""
    with tenant(organization):
        return Notification.objects.of(organization).exclude(status=Status.ACCEPTED).count()
