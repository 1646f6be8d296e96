"""Redis is frozen, emptied, away, and back: mail is late by two sweeps at most, and no page waits (I14)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import reverse

from notifications import hints
from notifications.models import WorkerHeartbeat
from notifications.worker import ROUND_SECONDS
from orgs.models import Organization, User
from sandbox.smtp import SmtpServer
from tests import factories
from tests.notifications.stories import eventually, rewire
from tests.plugin_sandbox import Sandbox, smtp_values
from tests.plugin_worker import StartWorker
from tests.redis_server import RedisServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
# Two sweeps, each up to a fifth late, and the time a message takes.
LATEST = 2 * ROUND_SECONDS * 1.2 + 2


@pytest.fixture
def broker() -> Iterator[RedisServer]:
    """A Redis of this story, which web and worker use."""
    from django.conf import settings  # noqa: PLC0415  # the product's own, past the fixture's copy

    server = RedisServer()
    server.start()
    rewire(server.address)
    hints.breaker.close()
    hints.counts.clear()
    yield server
    rewire(settings.REDIS_URL)
    hints.breaker.close()
    server.kill()


@pytest.fixture
def server(contoso: Organization, sandbox: Sandbox) -> SmtpServer:
    """Contoso's mail server."""
    running = sandbox.smtp()
    factories.connection(contoso, "smtp", smtp_values(running))
    return running


class Writer:
    """Somebody who writes messages on the page, and looks at the clock."""

    def __init__(self, browser: Client, organization: Organization, server: SmtpServer) -> None:
        self._page = reverse("notifications:compose", args=[organization.slug])
        self._browser, self._server, self._written = browser, server, 0

    def write(self) -> float:
        """Send the form; gives the seconds the answer took."""
        self._written += 1
        typed = {"to": "reader@example.com", "subject": "Hi", "text": "Hello", "priority": "normal"}
        begun = time.monotonic()
        assert self._browser.post(self._page, typed).status_code == 302
        return time.monotonic() - begun

    def arrived(self) -> float:
        """Wait until all that was written has arrived; gives the seconds it took."""
        begun = time.monotonic()
        self._server.inbox.wait_for(self._written, timeout=60)
        return time.monotonic() - begun


@pytest.mark.control("C-DEL-14", "C-DEL-1")
def test_whatever_happens_to_redis_mail_goes_on_and_pages_do_not_wait(
    contoso: Organization,
    owner: User,
    client_of: Callable[[User], Client],
    server: SmtpServer,
    broker: RedisServer,
    start_worker: StartWorker,
) -> None:
    worker = start_worker(broker.address)
    eventually(WorkerHeartbeat.objects.exists, seconds=40)
    writer = Writer(client_of(owner), contoso, server)
    writer.write()
    writer.arrived()
    assert hints.counts["published"] == 1, "the worker was rung for"

    broker.freeze()
    assert writer.write() < 2.0, "one publish waits for a second at most"
    assert max(writer.write() for _ in range(5)) < 1.0, "the breaker lets nobody else wait"
    assert (hints.counts["failed"], hints.counts["skipped"]) == (1, 5)
    assert writer.arrived() < LATEST
    broker.thaw()

    hints.breaker.close()
    for _ in range(5):
        writer.write()
        broker.flush()
    assert writer.arrived() < LATEST

    broker.kill()
    assert max(writer.write() for _ in range(3)) < 1.0
    assert writer.arrived() < LATEST

    broker.start()
    hints.breaker.close()
    assert writer.write() < 1.0
    assert writer.arrived() < LATEST
    assert worker.poll() is None, "the worker outlived it all"
    assert hints.counts["failed"] == 2
    assert len({mail.message_id for mail in server.inbox}) == len(server.inbox)
