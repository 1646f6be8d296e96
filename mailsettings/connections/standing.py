"""How a connection stands: its chip, and what is wrong with it since when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from mailsettings.advice import advise, facts
from mailsettings.consent.wanted import wants_account
from mailsettings.models import AccountState, ConnectedAccount, Connection
from mailsettings.vault import typed_settings
from orgs.models import Organization
from providers import TRAITS, AuthenticationFailed, Provider

ICONS = {"ok": "check", "warn": "alert-triangle", "bad": "x"}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What keeps mail from leaving through a connection now, although nothing holds it."""

    code: str
    since: datetime | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


# Rooms above know what workers met: the faults of an organization's connections, asked inside its tenant().
FAULTS: list[Callable[[Organization], Mapping[UUID, Fault]]] = []


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A chip, and the words for what is wrong and since when."""

    state: str  # ok, warn, bad, off
    word: str
    trouble: str = ""
    since: datetime | None = None
    consent_ended: bool = False
    wants_account: bool = False

    @property
    def tone(self) -> str:
        """The colour of the chip."""
        return "" if self.state == "off" else self.state

    @property
    def icon(self) -> str:
        """The symbol of the chip."""
        return ICONS.get(self.state, "unlink")


def faults(organization: Organization) -> dict[UUID, Fault]:
    """Ask the rooms above what is wrong with the connections of an organization."""
    return {key: fault for ask in FAULTS for key, fault in ask(organization).items()}


def standing(
    row: Connection, chosen: Provider, account: ConnectedAccount | None, fault: Fault | None = None
) -> Standing:
    """Say how a connection stands."""
    wanting = wants_account(chosen, row.settings) and (
        account is None or account.state != AccountState.CONNECTED
    )
    if not row.enabled:
        return Standing(state="off", word=_("Disabled"), wants_account=wanting)
    if wanting:
        return _without_consent(row, chosen, account)
    if row.held_code:
        word = _("Sign-in failed") if is_sign_in(row.held_code) else _("Paused")
        told = title(row, chosen, row.held_code)
        return Standing(state="bad", word=word, trouble=told, since=row.held_since)
    if fault is not None:
        told = title(row, chosen, fault.code, fault.facts)
        return Standing(state="bad", word=_("Failing"), trouble=told, since=fault.since)
    is_new = row.verified_at is None
    return Standing(state="warn" if is_new else "ok", word=_("Not verified") if is_new else _("Healthy"))


def _without_consent(row: Connection, chosen: Provider, account: ConnectedAccount | None) -> Standing:
    """Say what became of the consent, if there ever was one."""
    if account is None:
        return Standing(state="off", word=_("Not connected"), wants_account=True)
    ended = account.state == AccountState.NEEDS_RECONNECT
    word = _("Sign-in failed") if ended else str(AccountState(account.state).label)
    code = account.failed_code or ("" if ended else "permission_missing")
    missing = {"missing": ", ".join(account.missing_scopes), "account": account.email}
    # Whoever reads "Consent ended" and "Reconnect" needs no third way to say it.
    said = code not in {"", "token_reconnect"}
    return Standing(
        state="bad",
        word=word,
        trouble=title(row, chosen, code, {**missing, **account.failed_facts}) if said else "",
        since=account.failed_at if ended else None,
        consent_ended=ended,
        wants_account=True,
    )


def title(row: Connection, chosen: Provider, code: str, more: Mapping[str, str] | None = None) -> str:
    """Name what is wrong with a connection in one short sentence."""
    known = facts(chosen, typed_settings(chosen, row.settings, {}))
    return advise(code, {**known, **(more or {})}).title


def is_sign_in(code: str) -> bool:
    """Say whether a code means that the other side did not let us in."""
    traits = TRAITS.get(code)
    return traits is not None and traits.kind is AuthenticationFailed
