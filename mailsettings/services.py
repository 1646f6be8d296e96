"""The verbs of mail settings: save, switch off, keep a draft, save a draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from mailsettings.models import Connection, Draft, MailSettings, Rank, StoredSecret
from mailsettings.vault import (
    SealBroken,
    draft_secrets,
    plain_values,
    seal_draft_secrets,
    store_secret,
    typed_settings,
)
from orgs.models import Organization, User
from providers import FieldSpec, Provider, SecretText, Settings, provider, specs

# An unsaved form is kept this long, so that "Back to Emails" and "Save these settings" work.
DRAFT_LIFE = timedelta(hours=24)


class StaleSettings(Exception):
    """Somebody saved these settings after the page was opened."""


class SecretNeeded(Exception):
    """A stored secret may not be sent to the destination the new values name (C-CRY-3)."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        """Keep one message per secret field."""
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


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


def changed_destination(chosen: Provider, old: Settings, new: Settings) -> str:
    """Name (by label) the first destination field that differs; empty when none does."""
    if chosen.destination(old) == chosen.destination(new):
        return ""
    labels = {spec.name: spec.marker.label for spec in specs(chosen.settings_type)}
    for name in chosen.destination_fields:
        if getattr(old, name) != getattr(new, name):
            return labels[name]
    return labels[chosen.destination_fields[0]]


def missing_secrets(
    connection: Connection | None, chosen: Provider, settings: Settings, typed: Mapping[str, SecretText]
) -> dict[str, str]:
    """Tell which secrets must be typed: none stored, or stored for another destination.

    Returns:
        Field name → sentence; empty when everything needed is there.
    """
    wanted = [
        spec
        for spec in specs(chosen.settings_type)
        if spec.secret and spec.name not in typed and not spec.marker.optional and applies(spec, settings)
    ]
    if not wanted:
        return {}
    stored = stored_secrets(connection)
    errors: dict[str, str] = {}
    for spec in wanted:
        words = {"label": spec.marker.label}
        if connection is None or spec.name not in stored:
            errors[spec.name] = _("Enter the %(label)s.") % words
            continue
        old = typed_settings(chosen, connection.settings, {})
        field = changed_destination(chosen, old, settings)
        if field:
            errors[spec.name] = _(
                "Enter the %(label)s again. You changed %(field)s, so the saved one is not reused."
            ) % (words | {"field": field})
        elif connection.held_code == "secret_unreadable":
            errors[spec.name] = _("Enter the %(label)s again. The saved one cannot be read.") % words
    return errors


def applies(spec: FieldSpec, settings: Settings) -> bool:
    """Say whether a field counts under these settings, such as a password only with authentication on."""
    if spec.marker.only_if is None:
        return True
    name, value = spec.marker.only_if
    return bool(getattr(settings, name) == value)


def stored_secrets(connection: Connection | None) -> dict[str, StoredSecret]:
    """Give the stored secrets of a connection by field name."""
    if connection is None:
        return {}
    rows = StoredSecret.objects.of(connection.organization_id).filter(connection=connection)
    return {row.field: row for row in rows}


def lock_settings(organization: Organization, expected_version: int) -> MailSettings:
    """Lock the organization's row of mail settings for a save.

    Raises:
        StaleSettings: it is no longer at `expected_version`.
    """
    MailSettings.objects.of(organization).get_or_create(organization_id=organization.pk)
    mail = MailSettings.objects.of(organization).select_for_update().get()
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


def make_draft(
    *,
    organization: Organization,
    chosen: Provider,
    settings: Settings,
    typed: Mapping[str, SecretText],
    user: User | None,
    base_version: int,
) -> Draft:
    """Keep the values on a screen as a sealed draft, for a test.

    Raises:
        SecretNeeded: a secret is neither typed nor stored for this destination.
    """
    connection = connection_for(organization, chosen.key)
    errors = missing_secrets(connection, chosen, settings, typed)
    if errors:
        raise SecretNeeded(errors)
    draft = Draft(
        organization=organization,
        connection=connection,
        provider=chosen.key,
        settings=plain_values(settings),
        base_version=base_version,
        created_by=user,
    )
    draft.sealed = seal_draft_secrets(draft, chosen, settings, typed)
    draft.save(force_insert=True)
    return draft


def draft_typed(draft: Draft, chosen: Provider, settings: Settings) -> dict[str, SecretText]:
    """Give the secrets typed for a draft, as far as they may go to the destination `settings` name."""
    try:
        return draft_secrets(draft, chosen, settings)
    except SealBroken:
        return {}


def save_draft(*, draft: Draft, user: User | None) -> Saved:
    """Save what a draft tried, so that nobody types a secret twice.

    Raises:
        StaleSettings: somebody saved other settings since the draft was made.
        SecretNeeded: a secret the draft relied on is gone.
    """
    chosen = provider(draft.provider)
    settings = typed_settings(chosen, draft.settings, {})
    return save_connection(
        organization=draft.organization,
        chosen=chosen,
        settings=settings,
        typed=draft_typed(draft, chosen, settings),
        user=user,
        expected_version=draft.base_version,
        verified=draft.passed_at is not None,
    )


def is_same_as_saved(draft: Draft) -> bool:
    """Say whether a draft tries exactly what is saved and in use: no new secret, same values."""
    connection = draft.connection
    return (
        connection is not None
        and not draft.sealed
        and connection.rank == Rank.PRIMARY
        and connection.settings == draft.settings
    )


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


def forget_old_drafts(*, organization: Organization) -> int:
    """Remove drafts past their life; gives how many. Called by the pruning of each organization."""
    rows = Draft.objects.of(organization).filter(created_at__lt=timezone.now() - DRAFT_LIFE)
    return rows.delete()[0]


__all__ = [
    "DRAFT_LIFE",
    "Saved",
    "SecretNeeded",
    "StaleSettings",
    "connection_for",
    "make_draft",
    "save_connection",
    "save_draft",
    "switch_off",
]
