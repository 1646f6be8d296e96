"""The course a turn takes: what an error means for it, and for the message that met it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from mailsettings.ways import Way
from notifications.delivery.claiming import Batch
from notifications.delivery.line import Line, Pace
from notifications.delivery.outcome import from_error, passed_on
from notifications.delivery.troubles import is_about_the_message, is_fault_of_its_own, note_well, take_in
from notifications.delivery.window import Window
from notifications.models import Notification
from providers import ProviderError


class Course:
    """Whether a turn goes on along its way, and how many messages it brought out."""

    def __init__(self, way: Way, *, is_backed: Callable[[], bool]) -> None:
        """Begin well; `is_backed` says whether another way may take over from this one."""
        self.way, self.line = way, Line(way)
        self.pace, self.sent = Pace.ON, 0
        self._is_backed = is_backed
        # Messages the other side took since it last broke off.
        self._smooth = 0

    def after_error(
        self, error: ProviderError, row: Notification, window: Window, batch: Batch, started_at: datetime
    ) -> None:
        """Two questions: is it transient, is it the connection's fault (architecture §5)."""
        if not error.connection_fault and not error.outcome_unknown:
            window.add(row, from_error(error, started_at))
            return
        self.line.close()
        try:
            if self.pace is not Pace.ON:
                # One of several that were under way together: the first of them has said it for all.
                return
            if error.outcome_unknown and self._smooth:
                # One answer was lost among many that came: the next message finds out whether it was more.
                self._smooth = 0
                return
            self.break_off(error, batch)
        finally:
            self._keep(error, row, window, started_at)

    def break_off(self, error: ProviderError, batch: Batch) -> None:
        """Hang up, and let the connection or its lane rest."""
        self.line.close()
        self.pace = Pace.REST
        self.pace = take_in(error, self.way, batch)

    def passes_on(self, error: ProviderError, row: Notification) -> bool:
        """Say whether another way takes the message over at once: it has not left, and may go there."""
        may_fall = row.route_id is None or row.route_falls_back
        return self.pace is Pace.DOWN and is_fault_of_its_own(error) and may_fall and self._is_backed()

    def note_sent(self, batch: Batch) -> None:
        """Note a message that the other side took."""
        self._smooth += 1
        if not self.sent:
            note_well(self.way, batch)
        self.sent += 1

    def _keep(self, error: ProviderError, row: Notification, window: Window, started_at: datetime) -> None:
        """Keep what the fault of a connection means for the message that met it."""
        if self.passes_on(error, row):
            window.add(row, passed_on(error, started_at))
        elif is_about_the_message(error):
            window.add(row, from_error(error, started_at))
        else:
            window.return_unsent(row)
