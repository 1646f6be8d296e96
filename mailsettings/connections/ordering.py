"""The verbs of the order: move, make primary, use as a backup or not, and who comes at the very end."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from mailsettings.connections.forms import subject_of
from mailsettings.connections.services import NotPossible, alter, change_mail
from mailsettings.models import Connection, Rank
from mailsettings.order import make_primary, number, ordered
from mailsettings.services import locked_settings, raise_version
from orgs.models import User


def move(*, connection: Connection, up: bool, seen: int | None, user: User | None) -> Connection:
    """Move a connection one place up or down, inside tenant(); gives the one that came up for it.

    Args:
        connection: which one.
        up: towards the first place, or away from it.
        seen: the place it had on the page; None does not check.
        user: who moves it.

    Raises:
        NotPossible: it is not where the page showed it, it stands at the end already, or nothing could be
            sent through the one that would come first.
    """
    mail = locked_settings(connection.organization_id)
    rows = ordered(connection.organization_id)
    here = next((at for at, row in enumerate(rows) if row.pk == connection.pk), None)
    if here is None or seen not in {None, here + 1}:
        raise NotPossible(_("The order changed since you opened this page. Look again."))
    risen = rows[here] if up else rows[here + 1] if here + 1 < len(rows) else None
    if risen is None or risen.rank == Rank.PRIMARY:
        raise NotPossible(_("%(name)s cannot move further.") % {"name": connection.name})
    above = here - 1 if up else here
    if above <= 0:
        # One that comes first is the primary one, also where there was none before.
        put_first(connection=risen, user=user)
        return risen
    rows[above], rows[above + 1] = rows[above + 1], rows[above]
    number(rows)
    raise_version(mail, smtp_enabled=mail.smtp_enabled, user=user)
    return risen


def put_first(*, connection: Connection, user: User | None) -> None:
    """Make a connection the primary one, inside tenant().

    Raises:
        NotPossible: nothing can be sent through it yet.
    """
    require_ready(connection)
    alter(connection, make_primary, user)
    number(ordered(connection.organization_id))


def choose_rank(*, connection: Connection, rank: Rank, user: User | None) -> bool:
    """Let a connection be a backup, or only be used by rules, inside tenant(); says whether that changed.

    Raises:
        NotPossible: it is the primary one, or nothing can be sent through it yet.
    """
    locked_settings(connection.organization_id)
    now = Connection.objects.of(connection.organization_id).filter(pk=connection.pk)
    before = now.values_list("rank", flat=True).first()
    if before == Rank.PRIMARY:
        raise NotPossible(
            _("%(name)s is the primary connection. Make another one primary first.")
            % {"name": connection.name}
        )
    if before == rank:
        return False
    if rank == Rank.BACKUP:
        require_ready(connection)

    def change(row: Connection) -> None:
        row.rank = rank

    alter(connection, change, user)
    return True


def end_with_default_mailer(*, organization_id: UUID, wanted: bool, user: User | None) -> bool:
    """Agree, or no longer, that the default mailer sends what no connection could, inside tenant().

    Returns:
        Whether that changed.
    """
    return change_mail(organization_id, user, default_mailer_last=wanted)


def require_ready(connection: Connection) -> None:
    """See that something can be sent through a connection.

    Raises:
        NotPossible: its account is not connected.
    """
    if not subject_of(connection.organization, connection).may_send(connection.settings):
        raise NotPossible(_("Connect the account of %(name)s first.") % {"name": connection.name})
