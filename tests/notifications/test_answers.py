"""Asynchronous and synchronous sending: an id at once, or the server's answer (COG-46)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from notifications.answers import Answer, send_now, wait_for
from notifications.models import Status
from orgs.models import Organization
from orgs.tenancy import TenancyError, tenant
from sandbox.inbox import Inbox
from sandbox.smtp import SmtpServer
from tests.notifications.stories import connect_to, look, queue

pytestmark = pytest.mark.django_db(transaction=True)
MESSAGE: dict[str, Any] = {"to": "reader@example.com", "subject": "Hello", "text": "Hello"}


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody rings here."""
    monkeypatch.setattr("notifications.worker.ROUND_SECONDS", 0.3)


@pytest.mark.slow
@pytest.mark.feature("COG-46")
def test_an_id_comes_at_once_and_the_answer_after_the_servers_own(
    ready: Organization, server: SmtpServer, inbox: Inbox, ring: object
) -> None:
    # A process' first message opens its connections.
    wait_for(queue(ready), 10)
    before = len(server.sessions)
    server.rules.delay("dot", 5.0)
    started = time.monotonic()
    row = queue(ready)
    assert time.monotonic() - started < 0.3
    assert len(server.sessions) == before, "nobody spoke to the server yet"
    waited = wait_for(row, 0.3)
    assert time.monotonic() - started < 1.5
    assert (waited.answer, waited.row.pk) == (Answer.STILL_TRACKED, row.pk)
    waited = wait_for(row, 20)
    assert 4.9 < time.monotonic() - started < 8
    assert (waited.answer, waited.row.status, len(inbox)) == (Answer.SENT, Status.ACCEPTED, 2)


@pytest.mark.feature("COG-46", "COG-40")
@pytest.mark.parametrize(
    ("to", "answer", "status"),
    [
        ("reader@example.com", Answer.SENT, Status.ACCEPTED),
        ("unknown@example.com", Answer.NOT_SENT, Status.FAILED),
        ("busy@example.com", Answer.PUT_OFF, Status.QUEUED),
    ],
)
def test_a_synchronous_call_tells_what_the_server_said(
    ready: Organization, ring: object, to: str, answer: Answer, status: Status
) -> None:
    waited = send_now(organization=ready, seconds=15, to=to, subject="Hello", text="Hello")
    assert (waited.answer, waited.row.status) == (answer, status)
    assert answer is Answer.SENT or waited.row.last_reply[:1] in {"4", "5"}


@pytest.mark.feature("NEW-7")
def test_a_lost_answer_is_put_off_never_called_sent(
    contoso: Organization, server: SmtpServer, ring: object
) -> None:
    connect_to(contoso, server, doubtful="hold")
    server.rules.drop_after_dot(times=1)
    waited = send_now(organization=contoso, seconds=15, **MESSAGE)
    assert (waited.answer, waited.row.status) == (Answer.PUT_OFF, Status.UNCERTAIN)


@pytest.mark.feature("COG-46")
def test_without_a_worker_it_says_that_it_is_still_tracked(ready: Organization) -> None:
    started = time.monotonic()
    waited = send_now(organization=ready, seconds=0.2, **MESSAGE)
    assert 0.2 <= time.monotonic() - started < 1
    assert waited.answer is Answer.STILL_TRACKED
    assert look(waited.row).status == Status.QUEUED


def test_nobody_waits_inside_a_transaction(ready: Organization) -> None:
    row = queue(ready)
    with tenant(ready), pytest.raises(TenancyError):
        wait_for(row, 1)
    with tenant(ready), pytest.raises(TenancyError):
        send_now(organization=ready, **MESSAGE)
