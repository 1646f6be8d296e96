"""The verbs of mail settings: save a connection, switch SMTP off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from mailsettings.destinations import SecretNeeded, changed_destination, missing_secrets
from mailsettings.models import Connection, MailSettings, Rank, StoredSecret
from mailsettings.vault import plain_values, store_secret, typed_settings
from orgs.models import Organization, User
from providers import Provider, SecretText, Settings, specs


class StaleSettings(Exception):
    """Somebody saved these settings after the page was opened."""


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What a save did: the connection, and the labels of what changed, for the audit trail."""

    connection: Connection
    changed: tuple[str, ...]
    created: bool


def connection_for(organization: Organization, provider_key: str) -> Connection | None:
    """Find the saved connection a provider's fields belong to: each method keeps its own (HIR-26)."""
    rows = Connection.objects.of(organization).filter(provider=provider_key)
    return rows.filter(rank=Rank.PRIMARY).first() or rows.order_by("created_at").first()


def lock_settings(organization: Organization, expected_version: int) -> MailSettings:
    """Lock the organization's row of mail settings for a save.

    Raises:
        StaleSettings: it is no longer at `expected_version`.
    """
    rows = MailSettings.objects.of(organization).select_for_update()
    mail = rows.get_or_create(organization_id=organization.pk)[0]
    if mail.version != expected_version:
        raise StaleSettings
    return mail


def save_connection(
    *,
    organization: Organization,
    chosen: Provider,
    settings: Settings,
    typed: Mapping[str, SecretText],
    user: User | None,
    expected_version: int,
    verified: bool = False,
) -> Saved:
    """Save the settings of one provider, make it the primary connection and switch SMTP on.

    Args:
        organization: whose settings; the caller is inside its tenant().
        chosen: the provider.
        settings: parsed values; what its secret fields hold does not matter.
        typed: the secrets typed now; the others stay as stored.
        user: who saves.
        expected_version: the version of the mail settings the page was opened with.
        verified: a test of exactly these values passed.

    Raises:
        StaleSettings: somebody saved meanwhile.
        SecretNeeded: a stored secret would go to a destination it was not typed for.
    """
    mail = lock_settings(organization, expected_version)
    connection = connection_for(organization, chosen.key)
    errors = missing_secrets(connection, chosen, settings, typed)
    if errors:
        raise SecretNeeded(errors)
    created = connection is None
    if connection and changed_destination(chosen, typed_settings(chosen, connection.settings, {}), settings):
        # What was typed for the old destination may never be sent to the new one.
        StoredSecret.objects.of(organization).filter(connection=connection).delete()
    changed = changed_labels(connection, chosen, settings, typed)
    connection = connection or Connection(organization=organization, name=free_name(organization, chosen))
    now = timezone.now()
    if created or changed:
        connection.version = 1 if created else connection.version + 1
        connection.verified_at = now if verified else None
    connection.provider, connection.settings = chosen.key, plain_values(settings)
    connection.held_code = connection.held_reply = ""
    connection.held_since = connection.probe_at = None
    connection.held_probes = 0
    connection.updated_by = user
    Connection.objects.of(organization).filter(rank=Rank.PRIMARY).exclude(pk=connection.pk).update(
        rank=Rank.ADDITIONAL
    )
    connection.rank, connection.enabled = Rank.PRIMARY, True
    connection.save()
    for name, secret in typed.items():
        store_secret(connection, provider=chosen, name=name, secret=secret, settings=settings, user=user)
    switched = [] if mail.smtp_enabled else [_("SMTP enabled")]
    raise_version(mail, smtp_enabled=True, user=user)
    return Saved(connection=connection, changed=(*switched, *changed), created=created)


def raise_version(mail: MailSettings, *, smtp_enabled: bool, user: User | None) -> None:
    """Store the switch and make every worker read the settings again."""
    MailSettings.objects.of(mail.organization_id).filter(pk=mail.pk).update(
        smtp_enabled=smtp_enabled, version=F("version") + 1, updated_at=timezone.now(), updated_by=user
    )


def switch_off(*, organization: Organization, user: User | None, expected_version: int) -> bool:
    """Go back to the system default mailer; every saved connection is kept.

    Returns:
        Whether the switch was on before.

    Raises:
        StaleSettings: somebody saved meanwhile.
    """
    mail = lock_settings(organization, expected_version)
    raise_version(mail, smtp_enabled=False, user=user)
    return mail.smtp_enabled


def changed_labels(
    connection: Connection | None, chosen: Provider, settings: Settings, typed: Mapping[str, SecretText]
) -> tuple[str, ...]:
    """Name by label what differs from the saved connection; secrets by name only."""
    new = plain_values(settings)
    old = connection.settings if connection else {}
    return tuple(
        spec.marker.label
        for spec in specs(chosen.settings_type)
        if (spec.name in typed if spec.secret else old.get(spec.name) != new.get(spec.name))
    )


def free_name(organization: Organization, chosen: Provider) -> str:
    """Give a new connection its provider's name, numbered when that is taken."""
    taken = {name.lower() for name in Connection.objects.of(organization).values_list("name", flat=True)}
    name, number = chosen.label, 1
    while name.lower() in taken:
        number += 1
        name = f"{chosen.label} {number}"
    return name
