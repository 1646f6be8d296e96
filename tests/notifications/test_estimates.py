"""When a queue will finish, from real counters (NEW-13)."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone

from notifications import slots
from notifications.drain import drain
from notifications.estimates import estimate
from notifications.lanes import NEVER
from notifications.models import Lane
from orgs.models import Organization
from orgs.tenancy import tenant
from sandbox.smtp import SmtpServer
from tests.mailsettings.routing_stories import extra
from tests.notifications.stories import change, connect_to, queue, way

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ready(contoso: Organization, server: SmtpServer) -> Organization:
    """An organization that has sent one message."""
    connect_to(contoso, server)
    queue(contoso)
    drain(contoso.pk)
    return contoso


def lane(organization: Organization, **columns: Any) -> Lane:
    with tenant(organization):
        if columns:
            Lane.objects.of(organization).update(**columns)
        return Lane.objects.of(organization).get()


def report(organization: Organization, *, sent: int, seconds: float, per_minute: int = 0) -> None:
    with tenant(organization):
        slots.leave(way(organization), uuid4(), sent=sent, seconds=seconds, per_minute=per_minute)


@pytest.mark.feature("NEW-13")
def test_the_estimate_follows_what_was_really_sent(ready: Organization) -> None:
    assert estimate(ready.pk).seconds == 0.0
    for _ in range(30):
        queue(ready)
    # A steady run: 40 messages in each of twelve seconds, whoever sends them.
    lane(ready, counted_since=timezone.now() - timedelta(seconds=12), counted=440)
    report(ready, sent=40, seconds=1.0)
    told = estimate(ready.pk)
    assert told.waiting == 30
    assert told.rate == pytest.approx(40, rel=0.05)
    assert told.seconds == pytest.approx(0.75, rel=0.05)
    assert told.finishes_at
    assert told.oldest_due


def test_a_rate_never_exceeds_what_the_connection_takes(ready: Organization) -> None:
    lane(ready, counted_since=None)
    report(ready, sent=30, seconds=1.0, per_minute=30)
    assert lane(ready).rate == pytest.approx(0.5)


def test_the_slowest_connection_decides_when_mail_leaves_by_several(ready: Organization) -> None:
    relay = extra(ready, "Contoso relay")
    lane(ready, rate=10.0, rated_at=timezone.now())
    for number in range(30):
        row = queue(ready)
        if number < 10:
            change(row, route=relay, route_falls_back=False)
    assert estimate(ready.pk).seconds is None, "nobody knows how quick the relay is"
    with tenant(ready):
        own = Lane.objects.create(
            organization=ready, connection_id=relay.pk, used_at=NEVER, rate=2.0, rated_at=timezone.now()
        )
    told = estimate(ready.pk)
    assert (told.waiting, told.rate, told.seconds) == (30, 12.0, 5.0)
    with tenant(ready):
        Lane.objects.of(ready).filter(pk=own.pk).update(held_code="auth_failed")
    assert (estimate(ready.pk).rate, estimate(ready.pk).seconds) == (10.0, None)


def test_nobody_guesses_for_a_held_lane_or_from_old_figures(ready: Organization) -> None:
    row = queue(ready)
    assert estimate(ready.pk).rate
    lane(ready, held_code="auth_failed")
    assert estimate(ready.pk).seconds is None
    lane(ready, held_code="", rated_at=timezone.now() - timedelta(minutes=11))
    assert estimate(ready.pk).finishes_at is None
    change(row, next_at=timezone.now() + timedelta(hours=1))
    assert estimate(ready.pk).waiting == 0


def test_queue_status_shows_when_a_queue_finishes(ready: Organization) -> None:
    lane(ready, rate=2.0, rated_at=timezone.now())
    for _ in range(10):
        queue(ready)
    out = StringIO()
    call_command("queue_status", stdout=out)
    assert "finishes in" in out.getvalue()
    assert " 5 s" in out.getvalue()
    out = StringIO()
    call_command("queue_status", "--json", stdout=out)
    assert '"finishes_in": 5.0' in out.getvalue()
