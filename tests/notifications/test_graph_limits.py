"""What one mailbox takes: requests at a time, messages a minute, bytes in five, over all workers (WPM-5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

import pytest
from django.utils import timezone

from mailsettings.models import MailSettings
from notifications import slots
from notifications.delivery.line import RHYTHMS
from notifications.drain import turn
from notifications.limits import GRAPH, preset, requests_wanted
from notifications.models import ConnectionSlot, Status
from orgs.models import Organization
from orgs.tenancy import tenant
from sandbox.inbox import Inbox
from tests import factories
from tests.notifications.graph_mail import pass_time, send_by_graph
from tests.notifications.stories import accepted, at_once, change, eventually, limit, queue, states, way
from tests.plugin_sandbox import Sandbox, account_values, smtp_values
from tests.plugin_worker import StartWorker

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE, LIMIT = 60.0, 60


class Clock:
    """The database's clock, moved on by the test; knows when each mail arrived by it."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox, self._begun = inbox, timezone.now()
        self._moves: list[tuple[datetime, float]] = []

    def move(self, seconds: float) -> None:
        """Let time pass for everything that counts in minutes."""
        self._moves.append((timezone.now(), seconds))
        pass_time(seconds)

    def most_in_a_minute(self) -> int:
        """Count the fullest of all rolling minutes."""
        moments = sorted(self._by_this_clock(mail.at) for mail in self._inbox)
        return max(_within(moments, begin) for begin in moments)

    def _by_this_clock(self, moment: datetime) -> float:
        moved = sum(seconds for when, seconds in self._moves if when <= moment)
        return (moment - self._begun).total_seconds() + moved


def wait_for_accepted(organization: Organization, number: int) -> None:
    """Wait until worker processes had so many accepted."""
    eventually(lambda: accepted(organization) >= number, seconds=60)
    assert accepted(organization) == number


def _within(moments: Sequence[float], begin: float) -> int:
    return sum(begin <= moment < begin + MINUTE for moment in moments)


@pytest.mark.feature("WPM-5")
def test_no_rolling_minute_holds_more_than_sixty_and_none_is_lost(
    contoso: Organization, sandbox: Sandbox
) -> None:
    """Three workers take turns while mail keeps coming, every ten seconds of the moved clock."""
    send_by_graph(contoso, sandbox, per_minute=LIMIT)
    clock = Clock(sandbox.inbox)
    arriving = [25, 0, 50, 10, 0, 40, 5, 20, *[0] * 10]
    waited = 0
    for number in arriving:
        for _ in range(number):
            queue(contoso)
        at_once(*[lambda: turn(contoso.pk)] * 3)
        waited = max(waited, states(contoso).get(Status.QUEUED, 0))
        clock.move(10)
    assert states(contoso) == {Status.ACCEPTED: sum(arriving)}
    assert len({mail.id for mail in sandbox.inbox}) == sum(arriving) == 150
    assert waited >= 30, "there was a surplus, and it waited"
    assert 55 <= clock.most_in_a_minute() <= LIMIT


@pytest.mark.slow
@pytest.mark.feature("WPM-5")
def test_two_worker_processes_keep_sixty_a_minute_and_four_at_a_time(
    contoso: Organization, sandbox: Sandbox, start_worker: StartWorker
) -> None:
    microsoft = send_by_graph(contoso, sandbox, per_minute=LIMIT)
    microsoft.graph.seconds = 0.01
    clock = Clock(sandbox.inbox)
    for _ in range(2 * LIMIT + 10):
        queue(contoso)
    for _process in range(2):
        start_worker()
    for wanted in (LIMIT, 2 * LIMIT, 2 * LIMIT + 10):
        wait_for_accepted(contoso, wanted)
        assert len(sandbox.inbox) == wanted
        clock.move(61)
    assert clock.most_in_a_minute() == LIMIT
    assert microsoft.graph.busiest <= 4
    assert {one.status for one in microsoft.requests} == {202}


@pytest.mark.slow
@pytest.mark.feature("WPM-5")
def test_a_worker_sends_a_thousand_a_minute_by_graph(
    contoso: Organization, sandbox: Sandbox, start_worker: StartWorker
) -> None:
    """Graph takes a tenth of a second for each; `python -m benchmarks.graph` gives the figures."""
    microsoft = send_by_graph(contoso, sandbox)
    microsoft.graph.seconds = 0.1
    for _ in range(200):
        queue(contoso)
    start_worker()
    wait_for_accepted(contoso, 200)
    moments = sorted(mail.at for mail in sandbox.inbox)
    assert 200 / (moments[-1] - moments[0]).total_seconds() * MINUTE >= 1000


def test_a_session_counts_for_as_many_as_it_has_under_way(contoso: Organization, sandbox: Sandbox) -> None:
    send_by_graph(contoso, sandbox)
    chosen, first, second = way(contoso), uuid4(), uuid4()
    with tenant(contoso):
        assert slots.enter(chosen, first, wanted=50).at_once == 4
        assert slots.enter(chosen, second, wanted=50).permits == 0
    limit(contoso, sessions=6)
    with tenant(contoso):
        assert slots.enter(chosen, second, wanted=50).at_once == 2
        slots.leave(chosen, first)
        assert slots.enter(chosen, second, wanted=50).at_once == 4
        assert slots.enter(chosen, uuid4(), wanted=50).at_once == 2
    assert sum(slot.requests for slot in ConnectionSlot.objects.using("owner").all()) == 6


def test_where_a_copy_may_never_leave_twice_sessions_share_the_requests(
    contoso: Organization, sandbox: Sandbox
) -> None:
    microsoft = send_by_graph(contoso, sandbox)
    microsoft.graph.seconds = 0.05
    with tenant(contoso):
        MailSettings.objects.of(contoso).update(doubtful="hold")
    for _ in range(24):
        queue(contoso)
    # Known as slow, so that no session claims them all.
    RHYTHMS.note(way(contoso).connection_id, 2.0)
    at_once(*[lambda: turn(contoso.pk)] * 6)
    assert requests_wanted(way(contoso)) == 1
    assert 2 <= microsoft.graph.busiest <= 4
    assert accepted(contoso) == len(sandbox.inbox) == 24


def test_the_limits_of_graph_hold_for_accounts_that_send_by_it(
    contoso: Organization, sandbox: Sandbox
) -> None:
    server = sandbox.smtp()
    sandbox.microsoft()
    factories.connection(contoso, "microsoft_account", account_values(sender_email="a@contoso.com"))
    assert preset(way(contoso)) == GRAPH
    factories.connection(contoso, "microsoft_account", account_values(server, sender_email="a@contoso.com"))
    assert (preset(way(contoso)).sessions, preset(way(contoso)).upload) == (3, 0)
    factories.connection(contoso, "smtp", smtp_values(server))
    assert preset(way(contoso)).upload == 0


@pytest.mark.feature("WPM-5")
def test_no_five_minutes_hold_more_uploads_than_a_mailbox_takes(
    contoso: Organization, sandbox: Sandbox
) -> None:
    """Each of these is taken for 56 MB on the wire, of 150 MB."""
    send_by_graph(contoso, sandbox)
    for _ in range(5):
        change(queue(contoso), size=30_000_000)
    at_once(*[lambda: turn(contoso.pk)] * 3)
    assert accepted(contoso) == 2
    waiting = turn(contoso.pk)
    assert waiting.wait is not None
    assert 280 < waiting.wait <= 300
    assert states(contoso) == {Status.ACCEPTED: 2, Status.QUEUED: 3}
    pass_time(200)
    turn(contoso.pk)
    assert accepted(contoso) == 2
    for wanted in (4, 5):
        pass_time(301)
        turn(contoso.pk)
        assert accepted(contoso) == wanted
    assert not ConnectionSlot.objects.using("owner").exists()


def test_what_alone_is_more_than_five_minutes_hold_goes_when_nothing_else_has(
    contoso: Organization, sandbox: Sandbox
) -> None:
    send_by_graph(contoso, sandbox)
    change(queue(contoso, priority="high"), size=1_000_000)
    change(queue(contoso), size=140_000_000)
    turn(contoso.pk)
    assert states(contoso) == {Status.ACCEPTED: 1, Status.QUEUED: 1}
    pass_time(301)
    turn(contoso.pk)
    assert states(contoso) == {Status.ACCEPTED: 2}
