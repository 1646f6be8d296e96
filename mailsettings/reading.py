"""From a stored connection to a way, as far as its values and its secrets allow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from mailsettings.consent.standing import with_sender
from mailsettings.models import Connection, MailSettings
from mailsettings.secret_swap import swap_on_its_day
from mailsettings.vault import connection_secrets, typed_settings
from mailsettings.way import NoWayOut, Way
from orgs import audit
from orgs.sealing import SealBroken
from providers import Provider, provider, specs


def finish(
    connection: Connection, mail: MailSettings, *, user_id: UUID, is_default_mailer: bool = False
) -> Way:
    """Turn a connection's row into a way, inside its owner's tenant().

    A secret whose day has come makes room for the next one first. The way keeps the version of the settings
    it was planned by: where that was a save of this organization, its plan is read again before mail leaves.

    Raises:
        NoWayOut: a secret cannot be read; the connection is then held and the fact audited.
    """
    if swap_on_its_day(connection):
        connection.refresh_from_db()
    chosen = provider(connection.provider)
    require_complete(chosen, connection.settings)
    bare = typed_settings(chosen, connection.settings, {})
    is_unreadable = False
    try:
        secrets = connection_secrets(connection, chosen, bare)
    except SealBroken:
        mark_unreadable(connection)
        secrets, is_unreadable = {}, True
    return Way(
        user_id=user_id,
        owner_id=connection.organization_id,
        connection_id=connection.id,
        name=connection.name,
        provider=chosen,
        settings=with_sender(chosen, typed_settings(chosen, connection.settings, secrets), connection),
        version=connection.version,
        settings_version=mail.version,
        stored=json.dumps(connection.settings),
        is_default_mailer=is_default_mailer,
        held_code=connection.held_code,
        held_until=connection.probe_at,
        entitled=mail.organization.custom_mail,
        doubtful=mail.doubtful,
        is_unreadable=is_unreadable,
    )


def mail_settings(organization_id: UUID) -> MailSettings:
    """Give the organization's row of mail settings, made when it is first needed."""
    return MailSettings.objects.of(organization_id).get_or_create(organization_id=organization_id)[0]


def with_a_sender(way: Way) -> Way:
    """Let a way pass that knows whose address mail is sent as.

    Raises:
        NoWayOut: it is the connected account's, and none is connected.
    """
    if not way.settings.sender_email:
        raise NoWayOut("not_connected", _("No account is connected."))
    return way


def require_complete(chosen: Provider, values: Mapping[str, object]) -> None:
    """See that stored values have everything the provider declares today.

    Raises:
        NoWayOut: the provider gained a setting after they were saved.
    """
    for spec in specs(chosen.settings_type):
        if spec.required and not spec.secret and spec.name not in values:
            label = {"label": spec.marker.label}
            raise NoWayOut("settings_incomplete", _("%(label)s is missing. Fill it in and save.") % label)


def mark_unreadable(connection: Connection) -> None:
    """Hold a connection whose secret does not open, and say so once in the audit trail (C-CRY-2)."""
    now = timezone.now()
    connection.held_code, connection.held_since = "secret_unreadable", connection.held_since or now
    # No probe can help: only a person who types the secret again.
    connection.probe_at = None
    changed = (
        Connection.objects.of(connection.organization_id)
        .filter(pk=connection.pk)
        .exclude(held_code="secret_unreadable")
        .update(held_code="secret_unreadable", held_since=connection.held_since, probe_at=None)
    )
    if changed:
        audit.record(
            organization=connection.organization_id,
            actor=None,
            action="secret.unreadable",
            subject=connection.name,
        )
