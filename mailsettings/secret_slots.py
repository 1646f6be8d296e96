"""The slot of a next secret, beside the current one: stored before that ends, and tested (NEW-5)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.utils import timezone

from mailsettings.models import Connection, StoredSecret
from mailsettings.vault import applies, seal_secret, typed_settings, unseal_secret
from orgs.models import TenantQuerySet, User
from providers import FieldSpec, Provider, SecretText, Settings, provider, specs

# Part of the sealed field's name: a blob of one slot opens in no other (C-CRY-2).
NEXT = "next"


class MovedOn(Exception):
    """The connection was saved since the page was opened: its secret may be for another destination now."""


def rotating(connection: Connection) -> FieldSpec | None:
    """Give the secret of a connection that expires and so has a next one; None where there is none."""
    chosen, settings = declared(connection)
    secrets = (spec for spec in specs(chosen.settings_type) if spec.secret and applies(spec, settings))
    return next((spec for spec in secrets if getattr(spec.marker, "expiry", "")), None)


def declared(connection: Connection) -> tuple[Provider, Settings]:
    """Give the provider of a connection and its settings without their secrets."""
    chosen = provider(connection.provider)
    return chosen, typed_settings(chosen, connection.settings, {})


def slot(connection: Connection, *, is_next: bool) -> StoredSecret | None:
    """Read one of the two slots of a connection's expiring secret, inside tenant()."""
    spec = rotating(connection)
    rows = slots(connection.organization_id, connection.pk)
    return rows.filter(field=spec.name, is_next=is_next).first() if spec else None


def slots(organization_id: UUID, connection_id: UUID) -> TenantQuerySet[StoredSecret]:
    """Find the stored secrets of a connection in either slot."""
    return StoredSecret.objects.of(organization_id).filter(connection_id=connection_id)


def store_next(
    *, connection: Connection, secret: SecretText, expires_on: date, version: int, user: User | None
) -> StoredSecret:
    """Keep a next secret, sealed for the destination of the current one, inside tenant().

    An earlier next one is replaced. The caller has locked the mail settings.

    Raises:
        MovedOn: the connection is no longer at `version`, which the page showed.
    """
    spec, (chosen, settings) = rotating(connection), declared(connection)
    if connection.version != version or spec is None:
        raise MovedOn
    drop_next(connection)
    return StoredSecret.objects.create(
        organization_id=connection.organization_id,
        connection=connection,
        field=spec.name,
        is_next=True,
        expires_on=expires_on,
        blob=seal_secret(
            secret,
            organization_id=connection.organization_id,
            record_id=connection.pk,
            provider=chosen,
            name=f"{spec.name}.{NEXT}",
            settings=settings,
        ),
        hint=secret.hint(),
        saved_at=timezone.now(),
        saved_by=user,
    )


def open_next(connection: Connection, row: StoredSecret) -> SecretText:
    """Unseal a next secret, for the destination its connection names now.

    Raises:
        SealBroken: it was stored for another destination or another slot, or was altered.
    """
    chosen, settings = declared(connection)
    return unseal_secret(
        row.blob,
        organization_id=connection.organization_id,
        record_id=connection.pk,
        provider=chosen,
        name=f"{row.field}.{NEXT}",
        settings=settings,
    )


def drop_next(connection: Connection) -> bool:
    """Remove the next secret, inside tenant(); says whether there was one."""
    rows = slots(connection.organization_id, connection.pk)
    return bool(rows.filter(is_next=True).delete()[0])
