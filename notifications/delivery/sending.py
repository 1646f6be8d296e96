"""Deliver: speak to the provider for batch after batch, through one session, and settle each message."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from mailsettings.models import Doubtful
from mailsettings.ways import Way
from notifications import slots
from notifications.content import ContentRemoved
from notifications.delivery.claiming import Batch, lease_time, release
from notifications.delivery.course import Course
from notifications.delivery.letter import sender_facts, write_letter
from notifications.delivery.line import RHYTHMS, Pace
from notifications.delivery.marking import SettingsChanged, Withdrawn, marker
from notifications.delivery.outcome import from_receipt, passed_on
from notifications.delivery.recovery import give_back
from notifications.delivery.stream import Stale, Stream
from notifications.delivery.window import Window, keep_back, patiently
from notifications.models import Notification
from notifications.process import stopping
from orgs.sealing import SealBroken
from orgs.tenancy import tenant
from providers import Answer, MessageInvalid, ProviderError

logger = logging.getLogger(__name__)

# One turn keeps a session no longer than this; then other lanes have theirs.
TURN_SECONDS = 4.0
# A way that stands in for another looks more often whether that one is well again.
STAND_IN_SECONDS = 1.0


class Turn:
    """One session's worth of work for one lane."""

    def __init__(self, way: Way, token: UUID, *, is_backed: Callable[[], bool] = lambda: False) -> None:
        self.way, self.token = way, token
        self.course = Course(way, is_backed=is_backed)
        self._line = self.course.line
        self._started = time.monotonic()
        longest = STAND_IN_SECONDS if way.took_over else TURN_SECONDS
        self._deadline = self._started + min(longest, lease_time().total_seconds() / 3)
        self._holds_slot, self._per_minute = False, 0

    def goes_on(self) -> bool:
        """Say whether there is time and reason for another message."""
        return self.course.pace is Pace.ON and not stopping.is_set() and time.monotonic() < self._deadline

    def batch_size(self) -> int:
        """Give how many messages fit into the rest of the turn."""
        return RHYTHMS.batch(self.way.connection_id, seconds=self._deadline - time.monotonic())

    def send(self, batch: Batch) -> None:
        """Send a batch as far as the turn goes; rows nothing was done for go back to the queue.

        Raises:
            SettingsChanged: the organization's settings were saved meanwhile.
        """
        self._holds_slot, self._per_minute = True, batch.per_minute
        left, window, begun = deque(batch.rows), Window(batch, self.way), timezone.now()
        try:
            while left and self.goes_on():
                if self.way.doubtful == Doubtful.HOLD or settings.DELIVERY_WINDOW == 1:
                    self._alone(left, window, batch)
                else:
                    self._stream(left, window, batch)
        except ProviderError as error:
            self.course.break_off(error, batch)
            if left and self.course.passes_on(error, left[0]):
                window.add(left.popleft(), passed_on(error, begun))
        finally:
            window.commit()
            patiently(lambda: release(batch, tuple(left)))

    def end(self) -> None:
        """Hang up and give the slot back."""
        self._line.close()
        if self._holds_slot:
            seconds = time.monotonic() - self._started
            with tenant(self.way.user_id):
                slots.leave(
                    self.way, self.token, sent=self.course.sent, seconds=seconds, per_minute=self._per_minute
                )

    def _alone(self, left: deque[Notification], window: Window, batch: Batch) -> None:
        """Send one message, marked between its recipients and its content."""
        begun, row = time.monotonic(), left.popleft()
        try:
            self._try(row, window, batch, marker(row, batch, way=self.way))
        except SettingsChanged:
            left.appendleft(row)
            raise
        finally:
            window.commit()
        if self.course.pace is Pace.ON:
            RHYTHMS.note(self.way.connection_id, time.monotonic() - begun)

    def _stream(self, left: deque[Notification], window: Window, batch: Batch) -> None:
        """Send what is left, each message marked with its window before it leaves."""
        stream = Stream(left, window, batch, way=self.way, goes_on=self.goes_on)
        try:
            while stream.has_more and self.goes_on():
                # Before anything is marked: a server that is away costs no marks.
                session = self._line.session()
                sending = session.send_many(
                    stream.letters(),
                    before_transmit=stream.leave,
                    at_once=batch.at_once,
                    goes_on=self.goes_on,
                )
                with closing(sending) as answers:
                    self._take_in(answers, stream, window, batch)
        finally:
            stream.end(smoothly=self.course.pace is Pace.ON)
        stream.check()

    def _take_in(self, answers: Iterator[Answer], stream: Stream, window: Window, batch: Batch) -> None:
        """Keep what each message came to, until all have an answer or the session ends."""
        try:
            for answer in answers:
                one = stream.tried(answer.message)
                if answer.receipt is not None:
                    window.add(one.row, from_receipt(answer.receipt, one.started_at))
                    self.course.note_sent(batch)
                elif answer.error is not None:
                    answer.error.facts.update(sender_facts(answer.message, self.way))
                    self.course.after_error(answer.error, one.row, window, batch, one.started_at)
                stream.answered(answer.message)
                # What is under way beside it is still answered, over connections of its own.
                if not self._line.is_open and not stream.is_under_way:
                    stream.rewind()
                    return
        except Stale:
            self._line.close()
            stream.rewind()

    def _try(
        self, row: Notification, window: Window, batch: Batch, before_transmit: Callable[[], None]
    ) -> None:
        """Send one message, and keep what it came to."""

        def mark() -> None:
            before_transmit()
            window.count()

        started_at = timezone.now()
        try:
            message = write_letter(row, self.way)
            window.hand_out(row)
            outcome = from_receipt(self._line.session().send(message, before_transmit=mark), started_at)
        except (ContentRemoved, SealBroken, MessageInvalid) as error:
            keep_back(row, error, window, started_at, way=self.way)
        except Withdrawn:
            self._line.close()
        except SettingsChanged:
            raise
        except ProviderError as error:
            error.facts.update(sender_facts(message, self.way))
            self.course.after_error(error, row, window, batch, started_at)
        except Exception:
            # The one boundary of the worker: whatever broke, the row is not left to its lease.
            logger.exception("Sending notification %s broke off.", row.pk)
            give_back(row, batch.token, doubtful=self.way.doubtful)
            raise
        else:
            window.add(row, outcome)
            self.course.note_sent(batch)
