"""Rows on their way through one session: marked window by window, ahead of what is being sent."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from mailsettings.ways import Way
from notifications.content import ContentRemoved
from notifications.delivery.claiming import Batch
from notifications.delivery.letter import write_letter
from notifications.delivery.line import RHYTHMS
from notifications.delivery.marking import SettingsChanged
from notifications.delivery.recovery import give_back
from notifications.delivery.window import Window, fresh_seconds, keep_back, safe_seconds
from notifications.models import Notification
from orgs.sealing import SealBroken
from providers import Message, MessageInvalid

# Messages written in a row, and their content in bytes.
SOME, SOME_BYTES = 25, 300_000


class Stale(Exception):
    """The marker of a message is too old: its lease may end while the other side takes its time."""


@dataclass(eq=False)
class Try:
    """A marked row; it `left` from the moment its content may be on the wire."""

    row: Notification
    marked_at: float
    started_at: datetime
    left: bool = False


class Stream(Iterator[Message]):
    """Hands out messages of marked rows, and knows which of them left without an answer."""

    def __init__(
        self,
        rows: deque[Notification],
        window: Window,
        batch: Batch,
        *,
        way: Way,
        goes_on: Callable[[], bool],
    ) -> None:
        self._rows, self._window, self._batch, self._way = rows, window, batch, way
        self._goes_on = goes_on
        self._fresh, self._safe = fresh_seconds(), safe_seconds()
        self._marked: deque[Try] = deque()
        self._written: deque[tuple[Try, Message]] = deque()
        # Handed out and not answered yet, in order, by the identity of their messages.
        self._ahead: dict[int, Try] = {}
        # Handed out last: if writing it breaks something, it is the cause.
        self._suspect: Try | None = None
        self._changed = False
        self._begun, self._answered = time.monotonic(), 0

    @property
    def has_more(self) -> bool:
        """Say whether there is something left to hand out."""
        return not self._changed and bool(self._written or self._marked or self._rows)

    def letters(self) -> Iterator[Message]:
        """Give the messages, as long as the turn goes on and the marks are fresh; they are asked of this."""
        self._begun, self._answered = time.monotonic(), 0
        return self

    def __length_hint__(self) -> int:
        """Tell how many are written already, so that a wire that looks ahead does not wait for more."""
        return len(self._written)

    def __next__(self) -> Message:
        self._suspect = None
        while self._goes_on() and (self._written or self._write_some()):
            one, message = self._written.popleft()
            if time.monotonic() - one.marked_at > self._fresh:
                self._window.return_unsent(one.row)
                continue
            one.started_at = timezone.now()
            self._suspect = one
            self._ahead[id(message)] = one
            self._window.hand_out(one.row)
            return message
        raise StopIteration

    def _write_some(self) -> bool:
        """Write the next few messages in a row, which is quicker than one now and then; False at the end."""
        while not self._written and (self._marked or self._mark()):
            room = SOME_BYTES
            while self._marked and room > 0 and len(self._written) < SOME:
                one = self._suspect = self._marked.popleft()
                room -= one.row.size
                try:
                    self._written.append((one, write_letter(one.row, self._way)))
                except (ContentRemoved, SealBroken, MessageInvalid) as error:
                    keep_back(one.row, error, self._window, timezone.now(), way=self._way)
                self._suspect = None
        return bool(self._written)

    def leave(self) -> None:
        """Note that the content of the first message that has not left is about to leave.

        Raises:
            Stale: it may not.
        """
        one = next((one for one in self._ahead.values() if not one.left), None)
        if one is None:
            return
        if time.monotonic() - one.marked_at > self._safe:
            raise Stale
        one.left = True
        self._window.count()

    def tried(self, message: Message) -> Try:
        """Give the try that an answer belongs to; whatever was handed out until now is well written."""
        if self._suspect in self._ahead.values():
            self._suspect = None
        return self._ahead[id(message)]

    def answered(self, message: Message) -> None:
        """Note that what came of a message is kept."""
        self._answered += 1
        del self._ahead[id(message)]

    @property
    def is_under_way(self) -> bool:
        """Say whether a message left whose answer is still to come."""
        return any(one.left for one in self._ahead.values())

    def rewind(self) -> None:
        """Take back what was handed out in vain, after the session ended."""
        self._marked.extendleft(reversed((*self._ahead.values(), *self._unasked())))
        self._ahead.clear()
        self._written.clear()

    def _unasked(self) -> list[Try]:
        return [one for one, _ in self._written]

    def end(self, *, smoothly: bool) -> None:
        """Give back every marked row of which nothing left."""
        if smoothly:
            self._note_rhythm()
        # Some are still ahead only where something broke that nobody expected.
        ahead = list(self._ahead.values())
        if self._suspect is not None and self._suspect not in ahead:
            ahead.append(self._suspect)
        doubted = [one for one in ahead if one.left or one is self._suspect]
        unsent = [one for one in (*ahead, *self._unasked(), *self._marked) if one not in doubted]
        self._window.return_unsent(*(one.row for one in unsent))
        self._ahead.clear()
        self._written.clear()
        self._marked.clear()
        for one in doubted:
            give_back(one.row, self._batch.token, doubtful=self._way.doubtful)

    def check(self) -> None:
        """Tell why the rest did not go.

        Raises:
            SettingsChanged: the organization's settings were saved meanwhile.
        """
        if self._changed:
            raise SettingsChanged

    def _mark(self) -> bool:
        """Record what was sent and mark the next rows; False when there are none that may leave."""
        self._note_rhythm()
        while self._rows and not self._changed:
            size = RHYTHMS.window(self._way.connection_id, most=settings.DELIVERY_WINDOW)
            rows = [self._rows.popleft() for _ in range(min(size, len(self._rows)))]
            try:
                passed = self._window.commit(rows)
            except SettingsChanged:
                # Said at the end: what is under way still gets its answer.
                self._rows.extendleft(reversed(rows))
                self._changed = True
                break
            # The wire's rhythm alone says how many go together: a slow disk wants more of them, not fewer.
            now, marked_at = timezone.now(), time.monotonic()
            self._begun = marked_at
            self._marked.extend(Try(row, marked_at, now) for row in rows if row.pk in passed)
            if self._marked:
                return True
        return False

    def _note_rhythm(self) -> None:
        if self._answered:
            seconds = time.monotonic() - self._begun
            RHYTHMS.note(self._way.connection_id, seconds / self._answered)
        self._begun, self._answered = time.monotonic(), 0
