"""The page says when a queue will finish, and it comes true (NEW-13)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from notifications.drain import turn
from notifications.estimates import estimate
from orgs.models import Organization, User
from sandbox.inbox import Inbox
from sandbox.smtp import SmtpServer
from tests.notifications.stories import connect_to, queue

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.mark.feature("NEW-13")
def test_the_page_names_the_end_of_a_queue_within_a_quarter(
    contoso: Organization,
    server: SmtpServer,
    inbox: Inbox,
    owner: User,
    client_of: Callable[[User], Client],
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr("notifications.delivery.sending.TURN_SECONDS", 2.0)
    connect_to(contoso, server)
    server.rules.delay("dot", 0.04)
    for _ in range(120):
        queue(contoso)
    # A steady run: one turn after the other, as one worker takes them.
    assert turn(contoso.pk).more
    told = estimate(contoso.pk)
    assert told.seconds
    page = client_of(owner).get(reverse("notifications:deliveries", args=[contoso.slug])).content.decode()
    assert re.search(rf"{told.waiting}\s+messages\s+wait", page)
    assert "This queue finishes" in page
    begun = time.monotonic()
    while len(inbox) < 120:
        turn(contoso.pk)
    took = time.monotonic() - begun
    assert told.seconds == pytest.approx(took, rel=0.25)
