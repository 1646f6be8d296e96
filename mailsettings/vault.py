"""Secrets of connections: sealed when typed, unsealed only for their destination (C-CRY-2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone

from mailsettings.models import Connection, StoredSecret
from orgs.models import User
from orgs.sealing import destination, seal, unseal
from providers import FieldSpec, Provider, SecretText, Settings, specs
from providers import values as field_values


def plain_values(settings: Settings) -> dict[str, object]:
    """Give the settings without their secrets, ready for a JSON column."""
    values: dict[str, object] = {}
    for field in fields(settings):
        value = getattr(settings, field.name)
        if not isinstance(value, SecretText):
            values[field.name] = value.isoformat() if isinstance(value, date) else value
    return values


def typed_settings(
    provider: Provider, values: Mapping[str, object], secrets: Mapping[str, SecretText]
) -> Settings:
    """Rebuild the typed settings from a JSON column and unsealed secrets; no rule is checked again."""
    chosen: dict[str, Any] = {}
    for spec in specs(provider.settings_type):
        if spec.secret:
            chosen[spec.name] = secrets.get(spec.name, SecretText(""))
        elif spec.name in values:
            value = values[spec.name]
            is_date = spec.type is date and isinstance(value, str)
            chosen[spec.name] = date.fromisoformat(str(value)) if is_date else value
        elif spec.required:
            # Gained by the provider after the values were saved: empty on the page, and never sent with.
            chosen[spec.name] = spec.type()
    return provider.settings_type(**chosen)


def secret_names(provider: Provider) -> tuple[str, ...]:
    """Name the secret fields a provider declares."""
    return tuple(spec.name for spec in specs(provider.settings_type) if spec.secret)


def applies(spec: FieldSpec, settings: Settings) -> bool:
    """Say whether a field counts under these settings, such as a password only with authentication on."""
    return field_values.applies(spec, vars(settings))


def seal_secret(
    secret: SecretText,
    *,
    organization_id: UUID,
    record_id: UUID,
    provider: Provider,
    name: str,
    settings: Settings,
) -> bytes:
    """Seal one typed secret for the destination its settings name."""
    return secret.sealed_by(
        lambda clear: seal(
            clear,
            organization_id=organization_id,
            record_id=record_id,
            field=f"{provider.key}.{name}",
            destination=destination(*provider.destination(settings)),
        )
    )


def unseal_secret(
    blob: bytes | memoryview[int],
    *,
    organization_id: UUID,
    record_id: UUID,
    provider: Provider,
    name: str,
    settings: Settings,
) -> SecretText:
    """Unseal one secret for the destination `settings` name.

    Raises:
        SealBroken: the blob belongs to another record, field or destination, or was altered.
    """
    clear = unseal(
        bytes(blob),
        organization_id=organization_id,
        record_id=record_id,
        field=f"{provider.key}.{name}",
        destination=destination(*provider.destination(settings)),
    )
    return SecretText(clear.decode())


def store_secret(
    connection: Connection,
    *,
    provider: Provider,
    name: str,
    secret: SecretText,
    settings: Settings,
    user: User | None,
) -> None:
    """Seal a secret into its connection's row, replacing the earlier one."""
    spec = next(spec for spec in specs(provider.settings_type) if spec.name == name)
    StoredSecret.objects.of(connection.organization_id).update_or_create(
        organization_id=connection.organization_id,
        connection=connection,
        field=name,
        is_next=False,
        defaults={
            "blob": seal_secret(
                secret,
                organization_id=connection.organization_id,
                record_id=connection.id,
                provider=provider,
                name=name,
                settings=settings,
            ),
            "hint": secret.hint() if getattr(spec.marker, "generated", False) else "",
            "expires_on": None,
            "tested_at": None,
            "saved_at": timezone.now(),
            "saved_by": user,
        },
    )


def connection_secrets(
    connection: Connection, provider: Provider, settings: Settings, *, typed: Collection[str] = ()
) -> dict[str, SecretText]:
    """Unseal the current secrets of a connection that `settings` use, for the destination they name.

    Those typed anew are left alone: they may go elsewhere than the stored ones.

    Raises:
        SealBroken: one of them was not stored for this record, field or destination.
    """
    counting = {
        spec.name for spec in specs(provider.settings_type) if spec.secret and applies(spec, settings)
    }
    rows = StoredSecret.objects.of(connection.organization_id).filter(
        connection=connection, field__in=counting - set(typed), is_next=False
    )
    return {
        row.field: unseal_secret(
            row.blob,
            organization_id=connection.organization_id,
            record_id=connection.id,
            provider=provider,
            name=row.field,
            settings=settings,
        )
        for row in rows
    }
