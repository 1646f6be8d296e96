"""Secrets that expire: told 60, 30, 14, 7 and 1 days before, each step once (CIR-12)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from mailsettings.models import Connection
from orgs import events
from orgs.models import Event

KIND = "secret.expiring"
DAYS_BEFORE = (1, 7, 14, 30, 60)


def remind(organization_id: UUID, today: date) -> int:
    """Write the reminders that are due, inside the organization's tenant(); gives how many.

    A day on which nothing ran loses nothing: the next run writes the step the secret is in by then.
    """
    written = 0
    rows = Connection.objects.of(organization_id).filter(enabled=True, settings__secret_expires_on__gt="")
    for connection in rows:
        expires_on = date.fromisoformat(connection.settings["secret_expires_on"])
        step = reached_step((expires_on - today).days)
        if step is None:
            continue
        detail = {"connection": connection.name, "expires_on": expires_on.isoformat(), "days": step}
        told = Event.objects.of(organization_id).filter(
            kind=KIND, subject_id=connection.pk, detail__expires_on=detail["expires_on"], detail__days=step
        )
        if not told.exists():
            events.emit(organization=organization_id, kind=KIND, subject_id=connection.pk, detail=detail)
            written += 1
    return written


def reached_step(days_left: int) -> int | None:
    """Give the step a secret with so many days left is in; None while there is time, 0 when expired."""
    if days_left < 0:
        return 0
    return next((step for step in DAYS_BEFORE if days_left <= step), None)
