"""Drop: held mail is cancelled step by step, and nothing else is (NEW-6)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.delivery.dropping import drop
from notifications.drain import drain
from notifications.models import Notification, Status
from notifications.sequences import enqueue_sequence
from orgs.models import Organization
from sandbox.smtp import SmtpServer
from tests.notifications.stories import change, connect_to, look, queue

pytestmark = [pytest.mark.feature("NEW-6"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def broken(contoso: Organization, server: SmtpServer) -> Organization:
    """An organization with a wrong password."""
    connect_to(contoso, server, password="wrong")
    return contoso


def test_a_drop_goes_in_steps_and_says_what_is_left(broken: Organization) -> None:
    rows: list[Notification] = [queue(broken) for _ in range(4)]
    drain(broken.pk)
    first = drop(broken.pk, timezone.now(), at_once=1, seconds=-1)
    assert (first.count, first.complete) == (1, False)
    rest = drop(broken.pk, timezone.now(), at_once=2)
    assert (rest.count, rest.complete) == (3, True)
    assert {look(row).status for row in rows} == {Status.CANCELLED}


def test_mail_that_is_not_held_is_never_dropped(contoso: Organization, server: SmtpServer) -> None:
    connect_to(contoso, server)
    row = queue(contoso)
    change(row, created_at=timezone.now() - timedelta(days=2))
    assert drop(contoso.pk, timezone.now()).count == 0
    drain(contoso.pk)
    assert look(row).status == Status.ACCEPTED


def test_dropping_part_of_a_sequence_lets_the_rest_go_on(broken: Organization) -> None:
    messages = [{"to": "reader@example.com", "subject": f"Part {n}", "text": "x"} for n in range(2)]
    first, second = enqueue_sequence(organization=broken, messages=messages)
    change(first, created_at=timezone.now() - timedelta(days=2))
    drain(broken.pk)
    assert drop(broken.pk, timezone.now() - timedelta(days=1)).count == 1
    assert look(second).next_at <= timezone.now()
