"""The verbs of the list of connections; saving one is `mailsettings.services`'."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.utils.translation import gettext as _

from mailsettings.models import Connection, ConnectionVersion, MailSettings, Rank
from mailsettings.services import Saved, locked_settings, raise_version, save_connection
from mailsettings.vault import typed_settings
from mailsettings.ways import mail_settings
from orgs.models import User
from providers import provider


class NotPossible(Exception):
    """This connection cannot be changed like that now; the text says why."""


def is_in_use(connection: Connection, mail: MailSettings) -> bool:
    """Say whether real mail goes out through it."""
    return mail.smtp_enabled and connection.rank == Rank.PRIMARY


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
    """Change a locked row, and let every worker read the settings again.

    Raises:
        NotPossible: it was removed meanwhile.
    """
    mail = locked_settings(connection.organization_id)
    row = (
        Connection.objects.of(connection.organization_id).select_for_update().filter(pk=connection.pk).first()
    )
    if row is None:
        raise NotPossible(_("%(name)s was removed meanwhile.") % {"name": connection.name})
    change(row)
    row.updated_by = user
    row.save()
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


def change_mail(organization_id: UUID, user: User | None, **columns: object) -> bool:
    """Change columns of the mail settings inside tenant(), and let every worker read them again.

    Returns:
        Whether that changed anything.
    """
    mail = locked_settings(organization_id)
    if all(getattr(mail, name) == value for name, value in columns.items()):
        return False
    MailSettings.objects.of(organization_id).filter(pk=mail.pk).update(**columns)
    raise_version(mail, smtp_enabled=mail.smtp_enabled, user=user)
    return True
