"""An answer that comes late is told of the way it came from, not of the one that took the message since."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from notifications.delivery import claim, recover, settle
from notifications.delivery.outcome import Outcome
from notifications.models import AttemptOutcome, Notification, Status
from orgs.models import Organization
from tests.notifications.stories import attempts, change, connect, look, queue, way

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reachable")]

FACTS = {"host": "relay.platform.internal", "username": "platform"}


def answered_late(
    organization: Organization, settings: Any, **said: Any
) -> tuple[Notification, Notification]:
    """Let the default mailer answer when the own connection has the message; gives both claims."""
    settings.DEFAULT_MAILER_URL = "smtp://user:secret@127.0.0.1:2525?from=platform@mailroom.example"
    row = queue(organization)
    slow = claim(way(organization))
    assert slow
    change(row, lease_until=timezone.now() - timedelta(seconds=1))
    assert recover(organization.pk) == 1
    connect(organization)
    quick = claim(way(organization))
    assert quick
    first, second = slow.rows[0], quick.rows[0]
    assert (first.via_default_mailer, second.via_default_mailer) == (True, False)
    assert first.way_name != second.way_name
    settle(first, slow.token, Outcome(started_at=timezone.now(), facts=FACTS, **said), doubtful="resend")
    return first, second


@pytest.mark.control("C-DEL-11")
def test_a_late_answer_of_the_default_mailer_stays_the_platforms_when_another_way_has_the_message(
    contoso: Organization, settings: Any
) -> None:
    first, second = answered_late(contoso, settings, result=AttemptOutcome.REFUSED, code="auth_failed")
    [attempt] = attempts(first)
    assert attempt.facts == {}
    assert (attempt.way_name, attempt.provider) == (first.way_name, first.provider)
    assert look(first).way_name == second.way_name


@pytest.mark.control("C-DEL-11")
def test_a_message_that_was_taken_late_is_said_to_have_left_the_way_it_left(
    contoso: Organization, settings: Any
) -> None:
    taken = {"result": AttemptOutcome.ACCEPTED, "accepted": ("reader@example.com",)}
    first, _second = answered_late(contoso, settings, **taken)
    row = look(first)
    assert row.status == Status.ACCEPTED
    assert (row.via_default_mailer, row.way_name, row.connection_id) == (True, first.way_name, None)
