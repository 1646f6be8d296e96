"""Deliver one batch that was claimed by hand; workers take whole turns (`notifications.drain`)."""

from __future__ import annotations

from mailsettings.ways import Way
from notifications.delivery.claiming import Batch
from notifications.delivery.line import Pace
from notifications.delivery.marking import SettingsChanged
from notifications.delivery.sending import Turn


def deliver(batch: Batch, way: Way) -> Pace:
    """Send a batch; rows nothing was done for go back to the queue."""
    turn = Turn(way, batch.token)
    try:
        turn.send(batch)
    except SettingsChanged:
        return Pace.ON
    finally:
        turn.end()
    return turn.course.pace
