"""The list of connections: place, chips and facts of each (mock-up 05)."""

from __future__ import annotations

from dataclasses import dataclass

from mailsettings.connections.standing import Standing, faults, standing
from mailsettings.expiry import Expiry, expiries
from mailsettings.models import ConnectedAccount, Connection, Rank
from mailsettings.order import ordered
from mailsettings.vault import typed_settings
from orgs.models import Organization
from providers import Provider, Settings, provider


@dataclass(frozen=True, kw_only=True)
class Line:
    """One connection as the list shows it."""

    connection: Connection
    provider: Provider
    place: int
    identity: str
    sender: str
    standing: Standing
    expiry: Expiry | None
    may_move_up: bool
    may_move_down: bool

    @property
    def is_primary(self) -> bool:
        """Say whether mail tries it first."""
        return self.connection.rank == Rank.PRIMARY

    @property
    def is_backup(self) -> bool:
        """Say whether mail may leave through it when the ones before it fail."""
        return self.connection.rank == Rank.BACKUP

    @property
    def may_change_rank(self) -> bool:
        """Say whether it can become a backup, or stop being one."""
        ready = not self.standing.wants_account or self.is_backup
        return self.connection.enabled and not self.is_primary and ready

    @property
    def rank_tone(self) -> str:
        """The colour of the rank."""
        return "info" if self.is_primary else "line"

    @property
    def expiry_tone(self) -> str:
        """The colour of the secret's days; none when the next one is ready."""
        if self.expiry is None or self.expiry.covered:
            return ""
        return "t-bad" if self.expiry.days_left() < 0 else "t-warn"


def lines(organization: Organization) -> list[Line]:
    """List the connections of an organization in their order."""
    rows = ordered(organization.pk)
    accounts = {row.connection_id: row for row in ConnectedAccount.objects.of(organization)}
    met, calendar = faults(organization), expiries(organization)
    made = []
    for place, row in enumerate(rows, 1):
        chosen = provider(row.provider)
        settings = typed_settings(chosen, row.settings, {})
        account = accounts.get(row.pk)
        made.append(
            Line(
                connection=row,
                provider=chosen,
                place=place,
                identity=identity(chosen, settings, account),
                sender=settings.sender_email or (account.email if account else ""),
                standing=standing(row, chosen, account, met.get(row.pk)),
                expiry=calendar.get(row.pk),
                # The first of a list without a primary one can still become it.
                may_move_up=row.rank != Rank.PRIMARY,
                may_move_down=place < len(rows),
            )
        )
    return made


def line_of(connection: Connection) -> Line:
    """Say how one connection stands among the others."""
    return next(one for one in lines(connection.organization) if one.connection.pk == connection.pk)


def sender_of(connection: Connection) -> str:
    """Give the address mail is sent from when it leaves through a connection; empty while nobody knows."""
    return line_of(connection).sender


def identity(chosen: Provider, settings: Settings, account: ConnectedAccount | None) -> str:
    """Name what tells a connection from others of its kind: the account, the server or the sender."""
    host = getattr(settings, "host", "") if chosen.key == "smtp" else ""
    if account is not None and account.email:
        return account.email
    return f"{host}:{vars(settings)['port']}" if host else settings.sender_email
