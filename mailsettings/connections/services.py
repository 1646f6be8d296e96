"""The verbs of the list of connections; saving one is `mailsettings.services`'."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.utils.translation import gettext as _

from mailsettings.connections.forms import subject_of
from mailsettings.models import Connection, ConnectionVersion, MailSettings, Rank
from mailsettings.services import Saved, make_primary, raise_version, save_connection
from mailsettings.vault import typed_settings
from mailsettings.ways import mail_settings
from orgs.models import Organization, User
from providers import provider


class NotPossible(Exception):
    """This connection cannot be changed like that now; the text says why."""


def is_in_use(connection: Connection, mail: MailSettings) -> bool:
    """Say whether real mail goes out through it."""
    return mail.smtp_enabled and connection.rank == Rank.PRIMARY


def put_first(*, organization: Organization, connection: Connection, user: User | None) -> None:
    """Make a connection the primary one, inside tenant().

    Raises:
        NotPossible: nothing can be sent through it yet.
    """
    subject = subject_of(organization, connection)
    if not subject.may_send:
        raise NotPossible(_("Connect the account of %(name)s first.") % {"name": connection.name})

    alter(connection, make_primary, user)


def switch(*, connection: Connection, enabled: bool, user: User | None) -> None:
    """Switch a connection on or off, inside tenant().

    Raises:
        NotPossible: real mail goes out through it.
    """
    if not enabled and is_in_use(connection, mail_settings(connection.organization_id)):
        raise NotPossible(
            _("%(name)s is the primary connection. Make another one primary first.")
            % {"name": connection.name}
        )

    def change(row: Connection) -> None:
        row.enabled = enabled

    alter(connection, change, user)


def alter(connection: Connection, change: Callable[[Connection], None], user: User | None) -> None:
    """Change a locked row, and let every worker read the settings again."""
    mail = locked_settings(connection.organization_id)
    row = Connection.objects.of(connection.organization_id).select_for_update().get(pk=connection.pk)
    change(row)
    row.updated_by = user
    row.save()
    raise_version(mail, smtp_enabled=mail.smtp_enabled, user=user)


def remove(*, connection: Connection, user: User | None) -> None:
    """Remove a connection with its secrets, tokens and versions, inside tenant(); its mail waits."""
    mail = locked_settings(connection.organization_id)
    connection.delete()
    raise_version(mail, smtp_enabled=mail.smtp_enabled, user=user)


def restore(*, connection: Connection, version: ConnectionVersion, user: User | None) -> Saved:
    """Bring back the settings of an earlier version; secrets are the stored ones (COG-27).

    Raises:
        SecretNeeded: the stored secrets are for another destination than this version names.
        NameTaken: another connection took the name it had.
    """
    organization = connection.organization
    chosen = provider(version.provider)
    return save_connection(
        organization=organization,
        chosen=chosen,
        settings=typed_settings(chosen, version.settings, {}),
        typed={},
        user=user,
        expected_version=locked_settings(organization.pk).version,
        connection=connection,
        name=version.name,
        activate=False,
    )


def locked_settings(organization_id: UUID) -> MailSettings:
    """Lock the organization's mail settings, so that changes follow each other."""
    rows = MailSettings.objects.of(organization_id).select_for_update()
    return rows.get_or_create(organization_id=organization_id)[0]
