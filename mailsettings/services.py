"""The verbs of mail settings: save a connection, switch SMTP off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from mailsettings.consent.wanted import wants_account
from mailsettings.destinations import SecretNeeded, changed_destination, missing_secrets
from mailsettings.models import Connection, ConnectionToken, MailSettings, Rank, StoredSecret
from mailsettings.models.tokens import TYPED_TOKENS
from mailsettings.names import NameTaken, changed_labels, free_name, require_free_name
from mailsettings.order import make_primary, next_place
from mailsettings.vault import plain_values, store_secret, typed_settings
from mailsettings.versions import record_first_version, record_version
from orgs.models import Organization, User
from providers import Provider, SecretText, Settings


class StaleSettings(Exception):
    """Somebody saved these settings after the page was opened."""


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What a save did: the connection, and the labels of what changed, for the audit trail."""

    connection: Connection
    changed: tuple[str, ...]
    created: bool

    @property
    def action(self) -> str:
        """The word of the audit trail."""
        return "connection.created" if self.created else "connection.changed"


def connection_for(organization: Organization, provider_key: str) -> Connection | None:
    """Find the saved connection a provider's fields belong to: each method keeps its own (HIR-26)."""
    rows = Connection.objects.of(organization).filter(provider=provider_key)
    return rows.filter(rank=Rank.PRIMARY).first() or rows.order_by("created_at").first()


def locked_settings(organization_id: UUID) -> MailSettings:
    """Lock the organization's row of mail settings, which every change does first, inside tenant()."""
    rows = MailSettings.objects.of(organization_id).select_for_update()
    return rows.get_or_create(organization_id=organization_id)[0]


def settings_at(organization: Organization, expected_version: int) -> MailSettings:
    """Lock the organization's mail settings for a save of what a page showed.

    Raises:
        StaleSettings: it is no longer at `expected_version`.
    """
    mail = locked_settings(organization.pk)
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
    connection: Connection | None = None,
    name: str | None = None,
    activate: bool = True,
) -> Saved:
    """Save the settings of one connection; to activate it makes it the primary one and switches SMTP on.

    Args:
        organization: whose settings; the caller is inside its tenant().
        chosen: the provider.
        settings: parsed values; what its secret fields hold does not matter.
        typed: the secrets typed now; the others stay as stored.
        user: who saves.
        expected_version: the version of the mail settings the page was opened with.
        verified: a test of exactly these values passed.
        connection: the one to change; None is the provider's own, or a new one when `name` is given.
        name: its name from now on; None keeps it, or makes one of the provider's label.
        activate: whether real mail uses it from now on.

    Raises:
        StaleSettings: somebody saved meanwhile.
        SecretNeeded: a stored secret would go to a destination it was not typed for.
        NameTaken: another connection has this name.
    """
    mail = settings_at(organization, expected_version)
    if connection is not None:
        # What was read before the lock may be somebody's past.
        connection = Connection.objects.of(organization).filter(pk=connection.pk).first()
        if connection is None:
            raise StaleSettings
    elif name is None:
        connection = connection_for(organization, chosen.key)
    errors = missing_secrets(connection, chosen, settings, typed)
    if errors:
        raise SecretNeeded(errors)
    require_free_name(organization, name, connection)
    created = connection is None
    changed = changed_labels(connection, chosen, settings, typed, name)
    connection = connection or Connection(
        organization=organization,
        name=name or free_name(organization, chosen),
        rank=Rank.ADDITIONAL,
        place=next_place(organization.pk),
    )
    if not created:
        _prepare_change(connection, chosen, settings, typed)
    if created or changed:
        connection.version = 1 if created else connection.version + 1
        connection.verified_at = timezone.now() if verified else None
    connection.name = name or connection.name
    connection.provider, connection.settings = chosen.key, plain_values(settings)
    connection.updated_by = user
    release_hold(connection)
    if activate:
        make_primary(connection)
    connection.save()
    for field, secret in typed.items():
        store_secret(connection, provider=chosen, name=field, secret=secret, settings=settings, user=user)
    if created or changed:
        record_version(connection, tuple(typed), user)
    switched = [_("SMTP enabled")] if activate and not mail.smtp_enabled else []
    raise_version(mail, smtp_enabled=mail.smtp_enabled or activate, user=user)
    return Saved(connection=connection, changed=(*switched, *changed), created=created)


def _prepare_change(
    connection: Connection, chosen: Provider, settings: Settings, typed: Mapping[str, SecretText]
) -> None:
    """Drop what may not outlive the change, and keep the state before the first change that is recorded."""
    organization_id = connection.organization_id
    record_first_version(connection)
    tokens = ConnectionToken.objects.of(organization_id).filter(connection=connection)
    if changed_destination(chosen, typed_settings(chosen, connection.settings, {}), settings):
        # What was typed for the old destination may never be sent to the new one.
        StoredSecret.objects.of(organization_id).filter(connection=connection).delete()
        tokens.delete()
    elif wants_account(chosen, connection.settings) != wants_account(chosen, vars(settings)):
        # The other method's refresh token is another grant's.
        tokens.delete()
    elif typed.keys() & TYPED_TOKENS:
        # A token that was typed counts from now on, not the one an earlier one was traded for.
        tokens.delete()
    elif typed:
        # A new secret proves itself with a token of its own (CIR-12); the grant behind it outlives it.
        tokens.update(access=None, access_expires_at=None)


def release_hold(connection: Connection) -> None:
    """Let mail try this connection again, since a person changed it; the caller saves the row."""
    connection.held_code = connection.held_reply = ""
    connection.held_since = connection.probe_at = None
    connection.held_probes = 0


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
    mail = settings_at(organization, expected_version)
    raise_version(mail, smtp_enabled=False, user=user)
    return mail.smtp_enabled


__all__ = [
    "NameTaken",
    "Saved",
    "StaleSettings",
    "connection_for",
    "locked_settings",
    "raise_version",
    "release_hold",
    "save_connection",
    "switch_off",
]
