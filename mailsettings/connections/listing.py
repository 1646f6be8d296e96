"""The list of connections: place, chips and facts of each (mock-up 05)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _

from mailsettings.advice import advise, facts
from mailsettings.models import AccountState, ConnectedAccount, Connection, MailSettings, Rank
from mailsettings.vault import typed_settings
from orgs.models import Organization
from providers import Provider, provider

SOON = 60


@dataclass(frozen=True, kw_only=True)
class Line:
    """One connection as the list shows it."""

    connection: Connection
    provider: Provider
    place: int
    identity: str
    state: str  # ok, warn, bad, off
    word: str
    trouble: str
    days_left: int | None
    may_move_up: bool
    may_disable: bool

    @property
    def tone(self) -> str:
        """The colour of the state."""
        return "" if self.state == "off" else self.state

    @property
    def icon(self) -> str:
        """The symbol beside the state."""
        return {"ok": "check", "warn": "alert-triangle", "bad": "x"}.get(self.state, "unlink")

    @property
    def expiry_tone(self) -> str:
        """The colour of the secret's days."""
        return "t-bad" if self.days_left is not None and self.days_left < 0 else "t-warn"

    @property
    def expires_soon(self) -> bool:
        """Say whether the secret's days are worth a word."""
        return self.days_left is not None and self.days_left <= SOON


def lines(organization: Organization, mail: MailSettings) -> list[Line]:
    """List the connections: the primary one first, the others by name."""
    rows = list(Connection.objects.of(organization).select_related("updated_by").order_by("name"))
    rows.sort(key=lambda row: (row.rank != Rank.PRIMARY, row.name.lower()))
    accounts = {row.connection_id: row for row in ConnectedAccount.objects.of(organization)}
    return [line(row, place, accounts.get(row.pk), mail) for place, row in enumerate(rows, 1)]


def line(row: Connection, place: int, account: ConnectedAccount | None, mail: MailSettings) -> Line:
    """Say how one connection stands."""
    chosen = provider(row.provider)
    settings = typed_settings(chosen, row.settings, {})
    state, word = standing(row, chosen, account)
    identity = chosen.identity(settings)
    expires = row.settings.get("secret_expires_on")
    trouble = advise(row.held_code, facts(chosen, settings)).title if row.held_code else ""
    return Line(
        connection=row,
        provider=chosen,
        place=place,
        identity=(account.email if account else "")
        or settings.sender_email
        or (identity[0][1] if identity else ""),
        state=state,
        word=word,
        trouble=trouble,
        days_left=(date.fromisoformat(expires) - timezone.now().date()).days if expires else None,
        may_move_up=row.rank != Rank.PRIMARY,
        may_disable=row.rank != Rank.PRIMARY or not mail.smtp_enabled,
    )


def standing(row: Connection, chosen: Provider, account: ConnectedAccount | None) -> tuple[str, str]:
    """Give the tone and the word of a connection's health."""
    if not row.enabled:
        return "off", _("Disabled")
    if chosen.needs_consent and account is None:
        return "off", _("Not connected")
    if account is not None and account.state != AccountState.CONNECTED:
        return "bad", str(AccountState(account.state).label)
    if row.held_code:
        return "bad", _("Paused")
    if row.verified_at is None:
        return "warn", _("Not verified")
    return "ok", _("Healthy")
