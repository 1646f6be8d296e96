"""Deliver: speak to the provider for a batch, through one session, and settle each message."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum, auto

from django.db.models import F, Value
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from mailsettings.holds import hold, note_success
from mailsettings.ways import Way, open_session, still_current
from notifications import lanes
from notifications.content import ContentRemoved
from notifications.delivery.claiming import Batch, lease_time, release
from notifications.delivery.letter import sender_facts, write_letter
from notifications.delivery.outcome import Outcome, from_error, from_receipt, unsent
from notifications.delivery.recovery import give_back
from notifications.delivery.settling import NO_LEASE, settle
from notifications.models import IN_HAND, Notification, Status
from notifications.process import stopping
from orgs.sealing import SealBroken
from orgs.tenancy import tenant
from providers import Message, MessageInvalid, ProviderError, Session, Stage, Trace

logger = logging.getLogger(__name__)

# One batch keeps a session no longer than this; then other lanes have their turn.
BATCH_SECONDS = 20.0
# From here on a broken line may be this message's doing, so it steps aside with a pause of its own.
ABOUT_THE_MESSAGE = (Stage.RECIPIENT, Stage.MESSAGE, Stage.ACCEPTED)
# A server that does not talk this many times in a row is a matter for people.
FAILURES_BEFORE_HOLD = 5


class Withdrawn(Exception):
    """The row is no longer ours to send: cancelled, or the lease ran out."""


class SettingsChanged(Exception):
    """The organization's settings were saved since the batch was claimed."""


class Pace(Enum):
    """Whether the lane goes on."""

    ON = auto()
    REST = auto()


class Line:
    """The one open session of a batch, opened when first needed and again after it broke."""

    def __init__(self, way: Way) -> None:
        self.way = way
        self._session: Session | None = None

    def session(self) -> Session:
        """Give the open session."""
        if self._session is None:
            self._session = open_session(self.way, Trace())
        return self._session

    def close(self) -> None:
        """Hang up; a line that is broken already may say so, which changes nothing."""
        session, self._session = self._session, None
        if session is not None:
            session.close()


def margin() -> timedelta:
    """Give the part of a lease that must be left before a message is handed over."""
    return min(timedelta(seconds=10), lease_time() / 4)


def marker(row: Notification, batch: Batch, *, way: Way | None) -> Callable[[], None]:
    """Make the step that commits `transmitting` just before the content leaves (guard 3).

    A test passes no way: it tries values whether or not they are the saved ones.
    """

    def before_transmit() -> None:
        with tenant(batch.organization_id):
            if way is not None and not still_current(way):
                raise SettingsChanged
            mine = Notification.objects.of(batch.organization_id).filter(
                pk=row.pk, lease_token=batch.token, status=Status.LEASED, lease_until__gt=Now() + margin()
            )
            if not mine.update(status=Status.TRANSMITTING, lease_until=Now() + lease_time()):
                raise Withdrawn

    return before_transmit


def deliver(batch: Batch, way: Way) -> Pace:
    """Send a batch; rows nothing was done for go back to the queue."""
    left = deque(batch.rows)
    line = Line(way)
    deadline = time.monotonic() + min(BATCH_SECONDS, lease_time().total_seconds() / 3)
    pace, praised = Pace.ON, False
    try:
        while left and pace is Pace.ON and not stopping.is_set() and time.monotonic() < deadline:
            row = left.popleft()
            try:
                pace, sent = _send(row, batch, line)
            except SettingsChanged:
                left.appendleft(row)
                break
            if sent and not praised:
                praised = True
                note_success(way)
                lanes.note_sent(way)
    finally:
        line.close()
        release(batch, tuple(left))
    return pace


def _send(row: Notification, batch: Batch, line: Line) -> tuple[Pace, bool]:
    """Send one message and settle it; tells how the lane goes on and whether the provider took it."""
    started_at = timezone.now()
    try:
        message = write_letter(row, line.way)
    except (ContentRemoved, SealBroken, MessageInvalid) as error:
        settle(row, batch.token, _unsendable(error, started_at), doubtful=line.way.doubtful)
        return Pace.ON, False
    try:
        outcome = _transmit(row, batch, line, message, started_at)
    except Withdrawn:
        line.close()
        return Pace.ON, False
    except SettingsChanged:
        raise
    except ProviderError as error:
        error.facts.update(sender_facts(message, line.way))
        return _after_error(error, row, batch, line, started_at), False
    except Exception:
        # The one boundary of the worker: whatever broke, the row is not left to its lease.
        logger.exception("Sending notification %s broke off.", row.pk)
        give_back(row, batch.token, doubtful=line.way.doubtful)
        raise
    settle(row, batch.token, outcome, doubtful=line.way.doubtful)
    return Pace.ON, True


def _transmit(row: Notification, batch: Batch, line: Line, message: Message, started_at: datetime) -> Outcome:
    before_transmit = marker(row, batch, way=line.way)
    return from_receipt(line.session().send(message, before_transmit=before_transmit), started_at)


def _after_error(
    error: ProviderError, row: Notification, batch: Batch, line: Line, started_at: datetime
) -> Pace:
    """Two questions: is it transient, is it the connection's fault (architecture §5)."""
    if not error.connection_fault and not error.outcome_unknown:
        settle(row, batch.token, from_error(error, started_at), doubtful=line.way.doubtful)
        return Pace.ON
    line.close()
    if error.outcome_unknown or (error.transient and error.stage in ABOUT_THE_MESSAGE):
        settle(row, batch.token, from_error(error, started_at), doubtful=line.way.doubtful)
    else:
        hand_back(row, batch)
    if not error.transient:
        hold(line.way, error)
        lanes.show_held(batch.organization_id, code=error.code, reason=error.reply, way=line.way)
    elif lanes.pause(line.way, error) >= FAILURES_BEFORE_HOLD:
        hold(line.way, error)
    return Pace.REST


def hand_back(row: Notification, batch: Batch) -> None:
    """Queue a row again that the connection, not the message, kept from leaving: no attempt is burned."""
    with tenant(batch.organization_id):
        Notification.objects.of(batch.organization_id).filter(
            pk=row.pk, lease_token=batch.token, status__in=IN_HAND
        ).update(status=Status.QUEUED, claims=Greatest(F("claims") - 1, Value(0)), **NO_LEASE)


def _unsendable(error: Exception, started_at: datetime) -> Outcome:
    if isinstance(error, MessageInvalid):
        code, reply = ("sender_refused" if error.field == "sender" else "message_invalid"), error.text
    else:
        code, reply = "content_unreadable", ""
    return unsent(code, reply, started_at)
