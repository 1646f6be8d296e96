"""The calendar of secrets: told 60, 30, 14, 7 and 1 days before the end, each step once (CIR-12, NEW-5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from mailsettings.models import Connection, StoredSecret
from mailsettings.secret_slots import rotating
from orgs import events
from orgs.models import Event
from orgs.tenancy import OrganizationKey

KIND = "secret.expiring"
DAYS_BEFORE = (1, 7, 14, 30, 60)
# From here on the screens say so.
SOON = 60


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """When the current secret of a connection expires; `refused` on that day at the latest it had."""

    on: date
    refused: bool = False
    # A next one that was tested and lasts longer is in its place.
    covered: bool = False

    def days_left(self, today: date | None = None) -> int:
        """Give the days that are left, by UTC; negative once it has expired."""
        days = (self.on - (today or timezone.now().date())).days
        return min(days, -1) if self.refused else days

    @property
    def is_soon(self) -> bool:
        """Say whether it is worth a word."""
        return self.days_left() <= SOON


def expiry_of(connection: Connection, secrets: Iterable[StoredSecret]) -> Expiry | None:
    """Give when the current secret of a connection expires, by its stored ones; None when nobody said."""
    spec = rotating(connection)
    if spec is None:
        return None
    mine = {row.is_next: row for row in secrets if row.field == spec.name}
    typed = connection.settings.get(getattr(spec.marker, "expiry", ""))
    day = date.fromisoformat(typed) if typed else None
    current, waiting = mine.get(False), mine.get(True)
    refused = current.expires_on if current else None
    on = min(one for one in (day, refused) if one is not None) if day or refused else None
    if on is None:
        return None
    covered = waiting is not None and waiting.tested_at is not None and (waiting.expires_on or on) > on
    return Expiry(on=on, refused=refused is not None, covered=covered)


def expiries(organization: OrganizationKey) -> dict[UUID, Expiry]:
    """Give the calendar of an organization by connection, inside its tenant()."""
    secrets = defaultdict(list)
    for secret in StoredSecret.objects.of(organization).defer("blob"):
        secrets[secret.connection_id].append(secret)
    rows = dated(Connection.objects.of(organization))
    found = {row.pk: expiry_of(row, secrets[row.pk]) for row in rows}
    return {key: expiry for key, expiry in found.items() if expiry is not None}


def dated(rows: QuerySet[Connection]) -> QuerySet[Connection]:
    """Pick the connections of whose secrets it is known when they expire."""
    secrets = StoredSecret.objects.using(rows.db).filter(connection=OuterRef("pk"), expires_on__isnull=False)
    return rows.filter(Q(settings__secret_expires_on__gt="") | Exists(secrets))


def remind(organization_id: UUID, today: date) -> int:
    """Write the reminders that are due, inside the organization's tenant(); gives how many.

    A day on which nothing ran loses nothing: the next run writes the step the secret is in by then.
    Nobody is reminded of a secret whose next one is there and works.
    """
    written = 0
    calendar = expiries(organization_id)
    for connection in Connection.objects.of(organization_id).filter(enabled=True, pk__in=calendar):
        expiry = calendar[connection.pk]
        step = reached_step(expiry.days_left(today))
        if step is None or expiry.covered:
            continue
        detail = {"connection": connection.name, "expires_on": expiry.on.isoformat(), "days": step}
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
