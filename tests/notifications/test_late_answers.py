"""An answer that comes late is told of the way it came from, not of the one that took the message since."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from notifications.delivery import claim, recover, settle
from notifications.delivery.outcome import Outcome
from notifications.models import AttemptOutcome
from orgs.models import Organization
from tests.notifications.stories import attempts, change, connect, queue, way

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reachable")]

FACTS = {"host": "relay.platform.internal", "username": "platform"}


@pytest.mark.control("C-DEL-11")
def test_a_late_answer_of_the_default_mailer_stays_the_platforms_when_another_way_has_the_message(
    contoso: Organization, settings: Any
) -> None:
    settings.DEFAULT_MAILER_URL = "smtp://user:secret@127.0.0.1:2525?from=platform@mailroom.example"
    row = queue(contoso)
    slow = claim(way(contoso))
    assert slow
    change(row, lease_until=timezone.now() - timedelta(seconds=1))
    assert recover(contoso.pk) == 1
    connect(contoso)
    quick = claim(way(contoso))
    assert quick
    said = Outcome(result=AttemptOutcome.REFUSED, started_at=timezone.now(), code="auth_failed", facts=FACTS)
    settle(slow.rows[0], slow.token, said, doubtful="resend")
    [attempt] = attempts(row)
    first, second = slow.rows[0], quick.rows[0]
    assert (first.via_default_mailer, second.via_default_mailer) == (True, False)
    assert attempt.facts == {}
    assert (attempt.way_name, attempt.provider) == (first.way_name, first.provider)
    assert first.way_name != second.way_name
