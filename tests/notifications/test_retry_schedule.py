"""When mail is tried again: by the schedule, with jitter, and never in step (I13)."""

from __future__ import annotations

from datetime import timedelta
from statistics import pstdev
from typing import Any

import pytest
from django.utils import timezone

from notifications.backoff import MESSAGE_LONGEST, lane_pause, message_pause
from notifications.drain import drain
from notifications.models import DeliveryAttempt, Notification
from orgs.models import Organization
from orgs.tenancy import tenant
from sandbox.smtp import SmtpServer
from tests.notifications.stories import at_once, connect_to, make_due, queue

SCHEDULE = (1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240)


@pytest.mark.control("C-DEL-13")
@pytest.mark.parametrize(("attempt", "minutes"), list(enumerate(SCHEDULE, start=1)))
def test_pauses_double_up_to_four_hours_with_half_of_them_left_to_chance(attempt: int, minutes: int) -> None:
    pauses = [message_pause(attempts=attempt).total_seconds() / 60 for _ in range(300)]
    assert minutes * 0.5 <= min(pauses) <= max(pauses) <= minutes * 1.5
    # Spread over the whole width, not in a few steps.
    assert len({round(pause, 4) for pause in pauses}) > 250
    assert pstdev(pauses) > minutes * 0.2


@pytest.mark.control("C-DEL-13")
def test_nobody_comes_before_the_moment_asked_for_nor_all_at_it() -> None:
    told = [message_pause(attempts=1, retry_after=600.0).total_seconds() for _ in range(300)]
    assert 600 <= min(told) < max(told) <= 660
    assert message_pause(attempts=60) <= MESSAGE_LONGEST * 1.5
    rests = [lane_pause(failures=1).total_seconds() for _ in range(300)]
    assert 5 <= min(rests) < max(rests) <= 15


@pytest.mark.django_db(transaction=True)
@pytest.mark.control("C-DEL-13", "C-DEL-8")
def test_two_workers_put_mail_off_by_the_schedule_and_not_in_step(
    contoso: Organization, server: SmtpServer, reachable: Any
) -> None:
    connect_to(contoso, server)
    for _ in range(60):
        queue(contoso, to="busy@example.com")
    for attempt, minutes in ((1, 1), (2, 2), (3, 4)):
        at_once(*[lambda: drain(contoso.pk)] * 2)
        now = timezone.now()
        with tenant(contoso):
            rows = Notification.objects.of(contoso)
            moments = list(rows.values_list("next_at", flat=True))
            tries = DeliveryAttempt.objects.of(contoso).filter(number=attempt)
            pauses = [one.next_at - one.finished_at for one in tries if one.next_at and one.finished_at]
            assert set(rows.values_list("status", "attempts")) == {("queued", attempt)}
        assert len(pauses) == len(set(moments)) == 60
        width = timedelta(minutes=minutes)
        assert width * 0.5 <= min(pauses) <= max(pauses) <= width * 1.5
        # In no second do more come back than chance would have it.
        seconds = [int((moment - now).total_seconds()) for moment in moments]
        assert max(seconds.count(second) for second in set(seconds)) <= 12
        make_due(contoso)
