"""The next secret takes over without a gap: by hand, on its day, or when the current one is over (NEW-5)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.utils import timezone

from mailsettings.models import Connection, ConnectionToken, MailSettings, StoredSecret
from mailsettings.secret_slots import declared, open_next, rotating, slot, slots
from mailsettings.services import locked_settings, raise_version, release_hold
from mailsettings.vault import seal_secret
from mailsettings.versions import record_first_version, record_version
from mailsettings.way import Way
from orgs import audit, events
from orgs.models import User
from orgs.sealing import SealBroken
from orgs.tenancy import tenant
from providers import ProviderError

# The event and the audit entry of a swap; why it came is one of the words below.
SWAPPED = "secret.swapped"
BY_HAND, BY_DATE, REFUSED = "by_hand", "by_date", "refused"
# What the token endpoint says of a secret that has expired (AADSTS7000222).
EXPIRED = "token_secret_expired"


class NoNextSecret(Exception):
    """There is no next secret that could take over."""


def rescue(way: Way, error: ProviderError) -> bool:
    """Let the next secret take over from one that was refused as expired. Call it outside any tenant().

    That it has expired is remembered either way, so that the calendar shows it.

    Returns:
        Whether the way is worth reading again: the next secret is in its place, or somebody saved meanwhile.
    """
    if error.code != EXPIRED or way.connection_id is None:
        return False
    with tenant(way.owner_id):
        mail, connection = locked(way.owner_id, way.connection_id)
        if connection is None or connection.version != way.version:
            return True
        note_refused(connection)
        return by_itself(connection, mail, REFUSED)


def swap_on_its_day(connection: Connection) -> bool:
    """Let a tested next secret take over when the day of the current one has come, inside tenant().

    Returns:
        Whether the connection is to be read again.
    """
    spec = rotating(connection)
    day = connection.settings.get(getattr(spec.marker, "expiry", "")) if spec else None
    today = timezone.now().date()
    if not day or date.fromisoformat(day) > today:
        return False
    waiting = slot(connection, is_next=True)
    if waiting is None or waiting.tested_at is None:
        return False
    mail, current = locked(connection.organization_id, connection.pk)
    if current is None or current.version != connection.version:
        return True
    return by_itself(current, mail, BY_DATE)


def swap_due(organization_id: UUID) -> int:
    """Let every next secret take over whose day has come, inside tenant(); gives how many did."""
    rows = Connection.objects.of(organization_id).filter(secrets__is_next=True)
    return sum(swap_on_its_day(connection) for connection in rows)


def by_itself(connection: Connection, mail: MailSettings, reason: str) -> bool:
    """Swap in the name of the system, unless the next secret would be refused as well."""
    waiting = slot(connection, is_next=True)
    if waiting is None or waiting.expires_on is None or waiting.expires_on <= timezone.now().date():
        return False
    try:
        take_over(connection, mail, reason=reason, user=None)
    except NoNextSecret:
        return False
    audit.record(
        organization=connection.organization_id,
        actor=None,
        action=SWAPPED,
        subject=connection.name,
        detail={"reason": reason},
    )
    return True


def take_over(connection: Connection, mail: MailSettings, *, reason: str, user: User | None) -> None:
    """Put the next secret in the place of the current one: a save like any other, told by one event.

    The caller has locked both rows, inside tenant(), and writes the audit entry.

    Raises:
        NoNextSecret: there is none, or the one there is does not open; that one is removed then.
    """
    spec = rotating(connection)
    if spec is None:
        raise NoNextSecret
    rows = slots(connection.organization_id, connection.pk).filter(field=spec.name)
    # Whoever removes it at this moment is waited for, so that the current one is not given up for nothing.
    waiting = rows.select_for_update().filter(is_next=True).first()
    if waiting is None:
        raise NoNextSecret
    try:
        blob = sealed_as_current(connection, waiting)
    except SealBroken:
        forget_unreadable(connection, waiting)
        raise NoNextSecret from None
    record_first_version(connection)
    rows.filter(is_next=False).delete()
    rows.filter(pk=waiting.pk).update(is_next=False, expires_on=None, blob=blob)
    expiry = waiting.expires_on.isoformat() if waiting.expires_on else None
    connection.settings = {**connection.settings, getattr(spec.marker, "expiry", ""): expiry}
    connection.version += 1
    connection.verified_at = waiting.tested_at
    connection.updated_by = user or connection.updated_by
    release_hold(connection)
    connection.save()
    record_version(connection, (spec.name,), user)
    # The new secret proves itself with a token of its own; the grant behind it outlives it.
    tokens = ConnectionToken.objects.of(connection.organization_id).filter(connection=connection)
    tokens.update(access=None, access_expires_at=None)
    raise_version(mail, smtp_enabled=mail.smtp_enabled, user=user or mail.updated_by)
    events.emit(
        organization=connection.organization_id,
        kind=SWAPPED,
        subject_id=connection.pk,
        detail={"connection": connection.name, "reason": reason, "expires_on": expiry},
    )


def sealed_as_current(connection: Connection, waiting: StoredSecret) -> bytes:
    """Seal a next secret anew, for the other slot.

    Raises:
        SealBroken: it does not open.
    """
    chosen, settings = declared(connection)
    return seal_secret(
        open_next(connection, waiting),
        organization_id=connection.organization_id,
        record_id=connection.pk,
        provider=chosen,
        name=waiting.field,
        settings=settings,
    )


def forget_unreadable(connection: Connection, waiting: StoredSecret) -> None:
    """Remove a next secret that does not open, and say so in the audit trail (C-CRY-2)."""
    slots(connection.organization_id, connection.pk).filter(pk=waiting.pk).delete()
    audit.record(
        organization=connection.organization_id,
        actor=None,
        action="secret.unreadable",
        subject=connection.name,
        detail={"next": True},
    )


def note_refused(connection: Connection) -> None:
    """Remember the first day the current secret was refused as expired."""
    current = slot(connection, is_next=False)
    if current is not None and current.expires_on is None:
        rows = slots(connection.organization_id, connection.pk)
        rows.filter(pk=current.pk).update(expires_on=timezone.now().date())


def locked(organization_id: UUID, connection_id: UUID) -> tuple[MailSettings, Connection | None]:
    """Lock what a swap changes, the mail settings first as every save does."""
    mail = locked_settings(organization_id)
    rows = Connection.objects.of(organization_id).select_for_update()
    return mail, rows.filter(pk=connection_id).first()
