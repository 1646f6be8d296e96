"""The mail loop of a worker: it sends without any broker, shows that it lives, and stops in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery

from notifications.models import Status, WorkerHeartbeat
from notifications.process import stopping, worker_name
from notifications.worker import MailLoop, MailLoopStep, add_worker_steps
from orgs.models import Organization
from sandbox.inbox import Inbox
from sandbox.smtp import SmtpServer
from tests.notifications.stories import connect_to, eventually, look, queue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def loop() -> Iterator[MailLoop]:
    """A running mail loop."""
    running = MailLoop()
    running.start()
    yield running
    stopping.set()
    running.join(10)
    running.stop()


def test_the_loop_sends_due_mail_without_a_hint(
    contoso: Organization, server: SmtpServer, inbox: Inbox, loop: MailLoop
) -> None:
    connect_to(contoso, server)
    row = queue(contoso)
    eventually(lambda: look(row).status == Status.ACCEPTED, seconds=15)
    assert len(inbox) == 1


@pytest.mark.feature("NEW-1")
def test_a_test_starts_within_about_a_second(
    contoso: Organization, server: SmtpServer, loop: MailLoop
) -> None:
    connect_to(contoso, server)
    started = time.monotonic()
    row = queue(contoso, kind="test")
    eventually(lambda: look(row).status == Status.ACCEPTED)
    assert time.monotonic() - started < 5


def test_the_heartbeat_comes_and_goes_with_the_worker(loop: MailLoop) -> None:
    eventually(lambda: WorkerHeartbeat.objects.filter(name=worker_name()).exists())
    stopping.set()
    loop.join(10)
    loop.stop()
    assert not WorkerHeartbeat.objects.exists()


def test_a_failing_tick_does_not_end_the_loop(
    contoso: Organization, server: SmtpServer, monkeypatch: pytest.MonkeyPatch, loop: MailLoop, caplog: Any
) -> None:
    connect_to(contoso, server)
    failed = threading.Event()

    def broken() -> None:
        failed.set()
        monkeypatch.undo()
        raise ZeroDivisionError

    monkeypatch.setattr("notifications.worker.organizations_with_tests", broken)
    assert failed.wait(10)
    row = queue(contoso, kind="test")
    eventually(lambda: look(row).status == Status.ACCEPTED)


def test_every_worker_gets_the_loop() -> None:
    app = Celery("probe", set_as_current=False)
    add_worker_steps(app)
    assert MailLoopStep in app.steps["worker"]
    assert MailLoopStep(None).loop is None
