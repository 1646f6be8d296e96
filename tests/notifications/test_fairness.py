"""One organization's long queue or dead server is nobody else's business (I12, NEW-13)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from notifications.answers import Answer, wait_for
from notifications.models import Notification, Status
from orgs.models import Organization
from orgs.tenancy import tenant
from sandbox.inbox import Inbox
from sandbox.smtp import SmtpServer
from sandbox.tls import Authority
from tests.notifications.crowds import fill
from tests.notifications.stories import PASSWORD, connect_to, queue

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
Ring = Callable[[Organization], None]
MANY = 100_000


@pytest.fixture
def next_door(authority: Authority, reachable: Any) -> Iterator[SmtpServer]:
    """The mail server of another organization, which takes its time."""
    running = SmtpServer(Inbox(None), mode="starttls", authority=authority, users={"user": PASSWORD})
    running.rules.delay("dot", 0.25)
    running.start()
    reachable(running.port)
    yield running
    running.stop()


def p95(organization: Organization, ring: Ring, *, messages: int = 8) -> float:
    """Send single messages as password resets come; gives how long nearly all of them waited at most."""
    waits = []
    for number in range(messages):
        begun = time.monotonic()
        row = queue(organization, subject=f"Reset {number}")
        ring(organization)
        assert wait_for(row, 30).answer is Answer.SENT
        waits.append(time.monotonic() - begun)
    return sorted(waits)[int(messages * 0.95)]


@pytest.mark.control("C-DEL-12")
@pytest.mark.feature("NEW-13")
def test_100000_queued_rows_or_a_dead_server_do_not_double_anothers_wait(
    contoso: Organization, fabrikam: Organization, server: SmtpServer, next_door: SmtpServer, ring: Ring
) -> None:
    connect_to(contoso, server)
    connect_to(fabrikam, next_door)
    server.rules.delay("dot", 0.02)
    alone = p95(fabrikam, ring)
    for number in range(250):
        queue(contoso, subject=f"Newsletter {number}")
    fill(contoso, MANY)
    ring(contoso)
    server.inbox.wait_for(5, timeout=20)
    beside_many = p95(fabrikam, ring)
    with tenant(contoso):
        rows = Notification.objects.of(contoso)
        assert rows.filter(status=Status.QUEUED).count() > MANY * 0.9, "they waited all the while"
    # Now Contoso's server takes connections and says nothing.
    server.rules.clear().delay("greeting", 60.0)
    connect_to(contoso, server)
    before = len(server.sessions)
    ring(contoso)
    while len(server.sessions) == before:
        time.sleep(0.05)
    beside_dead = p95(fabrikam, ring)
    server.stop()
    assert len(next_door.inbox) == 24
    assert beside_many <= 2 * alone, (alone, beside_many)
    assert beside_dead <= 2 * alone, (alone, beside_dead)
