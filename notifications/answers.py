"""The verb for callers that need the answer at once: send_now (COG-46)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

from notifications.models import ENDED, Notification, Status
from notifications.services import enqueue
from orgs.models import Organization
from orgs.tenancy import TenancyError, current_organization_id, tenant

LONGEST_SECONDS = 60.0
FIRST_LOOK, LONGEST_LOOK = 0.02, 0.5


class Answer(Enum):
    """What waiting came to."""

    SENT = "sent"
    NOT_SENT = "not_sent"
    # The server's answer was "later", or was lost: the engine, or a person, goes on with it.
    PUT_OFF = "put_off"
    # Nobody answered within the time; the message is tracked and sent all the same.
    STILL_TRACKED = "still_tracked"


@dataclass(frozen=True, kw_only=True)
class Waited:
    """A message after the wait, as its row stood then."""

    row: Notification
    answer: Answer


def send_now(*, organization: Organization | UUID, seconds: float = 30.0, **message: Any) -> Waited:
    """Queue one message and wait for its first answer; workers send it, as always.

    An interface over HTTP answers 200 for SENT, 202 for PUT_OFF, 504 with the id for STILL_TRACKED, and 502
    for NOT_SENT; where the caller switched "stop on error" off, NOT_SENT is a 200 that says `failed`
    (COG-40). The asynchronous way is `enqueue` alone: 202 with the id before any server is spoken to.

    Args:
        organization: whose message.
        seconds: how long to wait, at most a minute; the message is not called back afterwards.
        message: what `enqueue` takes.

    Raises:
        orgs.tenancy.TenancyError: called inside a transaction, where no worker could see the message.
        providers.MessageInvalid: as `enqueue`; nothing is queued.
    """
    refuse_inside()
    return wait_for(enqueue(organization=organization, **message), seconds)


def wait_for(row: Notification, seconds: float) -> Waited:
    """Wait until a queued message has an answer, no longer than `seconds`, at most a minute.

    Raises:
        orgs.tenancy.TenancyError: called inside a transaction.
    """
    refuse_inside()
    # In this order a number that is none waits no longer either.
    deadline = time.monotonic() + min(LONGEST_SECONDS, seconds)
    pause = FIRST_LOOK
    while True:
        with tenant(row.organization_id):
            current = Notification.objects.of(row.organization_id).get(pk=row.pk)
        answer = answer_of(current)
        left = deadline - time.monotonic()
        if answer is not Answer.STILL_TRACKED or left <= 0:
            return Waited(row=current, answer=answer)
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_LOOK)


def answer_of(row: Notification) -> Answer:
    """Read the answer out of a row."""
    if row.status == Status.ACCEPTED:
        return Answer.SENT
    if row.status in ENDED:
        return Answer.NOT_SENT
    if row.status == Status.UNCERTAIN or row.attempts:
        return Answer.PUT_OFF
    return Answer.STILL_TRACKED


def refuse_inside() -> None:
    """Refuse to wait inside tenant()."""
    if current_organization_id() is not None:
        raise TenancyError("Waiting for a message inside tenant() would wait for ever: leave it first.")
