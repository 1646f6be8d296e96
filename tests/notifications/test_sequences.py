"""Stop on error: messages that go one after the other, and stop when one fails (COG-40)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from notifications.delivery import expire
from notifications.drain import drain
from notifications.models import Notification, Status
from notifications.sequences import enqueue_sequence
from notifications.services import TransitionRefused, cancel, retry
from notifications.timeline import timeline
from orgs.models import Organization
from orgs.tenancy import tenant
from providers import MessageInvalid
from sandbox.inbox import Inbox
from tests.notifications.stories import change, look, make_due

pytestmark = pytest.mark.django_db


def sequence(organization: Organization, *recipients: str, **options: Any) -> list[Notification]:
    messages = [{"to": f"{one}@example.com", "subject": one} for one in recipients]
    return enqueue_sequence(organization=organization, messages=messages, text="Hello", **options)


def states(rows: list[Notification]) -> list[str]:
    return [look(row).status for row in rows]


@pytest.mark.feature("COG-40")
def test_after_the_first_failure_the_rest_is_cancelled_and_the_page_says_why(
    ready: Organization, inbox: Inbox
) -> None:
    rows = sequence(ready, "first", "unknown", "third", "fourth")
    while drain(ready.pk):
        pass
    assert states(rows) == [Status.ACCEPTED, Status.FAILED, Status.CANCELLED, Status.CANCELLED]
    assert look(rows[2]).last_code == "stopped_after_error"
    assert (
        timeline(look(rows[2]), [])[-1].text
        == "An earlier message of the same sequence failed, so this one was not sent."
    )
    assert [mail.subject for mail in inbox] == ["first"]


@pytest.mark.feature("COG-40")
def test_without_it_all_are_tried(ready: Organization, inbox: Inbox) -> None:
    rows = sequence(ready, "first", "unknown", "third", stop_on_error=False)
    drain(ready.pk)
    assert states(rows) == [Status.ACCEPTED, Status.FAILED, Status.ACCEPTED]


def test_one_that_is_put_off_holds_the_others_back(ready: Organization, inbox: Inbox) -> None:
    rows = sequence(ready, "greylisted", "second", "third")
    drain(ready.pk)
    assert states(rows) == [Status.QUEUED] * 3
    assert not inbox
    change(rows[0], next_at=timezone.now())
    while drain(ready.pk):
        pass
    assert states(rows) == [Status.ACCEPTED] * 3
    assert [mail.subject for mail in inbox] == ["greylisted", "second", "third"]


def test_a_cancelled_one_lets_the_next_go_and_an_expired_one_stops_them(ready: Organization) -> None:
    rows = sequence(ready, "first", "second", "third")
    cancel(ready.pk, rows[0].pk)
    assert look(rows[1]).next_at <= timezone.now()
    change(rows[1], expires_at=timezone.now() - timedelta(seconds=1))
    expire(ready.pk)
    assert states(rows) == [Status.CANCELLED, Status.EXPIRED, Status.CANCELLED]
    make_due(ready)
    assert drain(ready.pk) is False


@pytest.mark.feature("COG-40")
def test_nobody_wakes_a_sleeping_one_before_its_turn(ready: Organization, inbox: Inbox) -> None:
    rows = sequence(ready, "greylisted", "second", "third")
    drain(ready.pk)
    with pytest.raises(TransitionRefused, match="one before it"):
        retry(ready.pk, rows[1].pk)
    while drain(ready.pk):
        pass
    assert states(rows) == [Status.QUEUED] * 3
    # The one they wait for may be brought forward.
    retry(ready.pk, rows[0].pk)
    while drain(ready.pk):
        pass
    assert [mail.subject for mail in inbox] == ["greylisted", "second", "third"]


@pytest.mark.feature("COG-40")
def test_a_sleeping_one_may_be_cancelled_and_the_others_keep_their_order(
    ready: Organization, inbox: Inbox
) -> None:
    rows = sequence(ready, "greylisted", "second", "third")
    drain(ready.pk)
    cancel(ready.pk, rows[1].pk)
    assert look(rows[2]).next_at > timezone.now() + timedelta(hours=1), "still asleep"
    change(rows[0], next_at=timezone.now())
    while drain(ready.pk):
        pass
    assert states(rows) == [Status.ACCEPTED, Status.CANCELLED, Status.ACCEPTED]
    assert [mail.subject for mail in inbox] == ["greylisted", "third"]


@pytest.mark.feature("COG-40")
def test_a_failed_one_tried_again_by_hand_does_not_bring_the_stopped_ones_back(ready: Organization) -> None:
    rows = sequence(ready, "first", "unknown", "third")
    while drain(ready.pk):
        pass
    retry(ready.pk, rows[1].pk)
    assert states(rows) == [Status.ACCEPTED, Status.QUEUED, Status.CANCELLED]


def test_a_message_that_cannot_be_sent_queues_none(ready: Organization) -> None:
    with pytest.raises(MessageInvalid):
        sequence(ready, "first", "not an address")
    with tenant(ready):
        assert not Notification.objects.of(ready).exists()
