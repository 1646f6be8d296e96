"""What the screens say about a connected account: who it is, what it may do, and how it fares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from mailsettings.advice import Advice, advise, facts
from mailsettings.consent.accounts import account_row, same_address, stored_token, token_row
from mailsettings.consent.addresses import ADMIN_STATE, may_return, redirect_uri
from mailsettings.destinations import missing_secrets
from mailsettings.egress import egress
from mailsettings.models import AccountState, ConnectedAccount, Connection
from mailsettings.vault import typed_settings
from providers import Choice, CloudPick, Flag, Permission, Pick, Provider, Settings, specs

# Markers whose values stand on the screen as they were chosen; nothing typed is judged here.
CHOSEN: Final = (Choice, CloudPick, Flag, Pick)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One permission: what it is for, and whether it was granted (None: nobody was asked yet)."""

    permission: Permission
    granted: bool | None

    @property
    def name(self) -> str:
        """The permission without the address of its resource."""
        return short_scope(self.permission.scope)

    @property
    def label(self) -> str:
        """What it is for."""
        return _(self.permission.label)


@dataclass(frozen=True, kw_only=True)
class AccountPanel:
    """Everything the account's part of a page shows; `state` is empty while nobody is connected."""

    connection: Connection | None
    provider: Provider
    account: ConnectedAccount | None
    state: str
    lines: tuple[Line, ...]
    redirect_uri: str
    admin_consent_url: str
    hint: str
    renewed_at: datetime | None
    other_sender: str
    advice: Advice | None

    @property
    def service(self) -> str:
        """Who asks for the permissions."""
        return (
            "Google" if self.provider.consent and self.provider.consent.callback == "google" else "Microsoft"
        )

    @property
    def sign_in_host(self) -> str:
        """The host the button leads to, as far as it is known."""
        return urlsplit(self.admin_consent_url).netloc

    @property
    def missing(self) -> str:
        """The permissions that were not granted."""
        return ", ".join(map(short_scope, self.account.missing_scopes)) if self.account else ""


def account_panel(
    chosen: Provider, connection: Connection | None, current: Mapping[str, object] | None = None
) -> AccountPanel | None:
    """Read the account's part of a page, inside the organization's tenant(); None for other providers.

    Args:
        chosen: the provider on the screen.
        connection: the saved connection, if there is one.
        current: what is chosen on the screen now, by name of the setting; it decides what is asked for.
    """
    if chosen.consent is None:
        return None
    settings = shown_settings(chosen, connection, current or {})
    if not chosen.consent.permissions(settings):
        return None
    account = account_row(connection) if connection else None
    state = state_of(connection, account)
    row = token_row(connection) if connection and account else None
    back = redirect_uri(chosen.consent)
    differs = (
        connection is not None
        and account is not None
        and not account.send_as_confirmed
        and not same_address(account.email, str(connection.settings.get("sender_email", "")))
    )
    return AccountPanel(
        connection=connection,
        provider=chosen,
        account=account,
        state=state,
        lines=lines_of(chosen.consent.permissions(settings), account),
        redirect_uri=back,
        admin_consent_url=chosen.consent.admin_consent_url(settings, back, ADMIN_STATE, egress=egress())
        if getattr(settings, "client_id", "")
        else "",
        hint=why_not_yet(chosen, connection),
        renewed_at=row.renewed_at if row else None,
        other_sender=connection.settings.get("sender_email", "") if connection and differs else "",
        advice=ended_advice(chosen, settings, account) if state == AccountState.NEEDS_RECONNECT else None,
    )


def shown_settings(
    chosen: Provider, connection: Connection | None, current: Mapping[str, object]
) -> Settings:
    """Give the saved settings with what is chosen on the screen now; nothing secret in them."""
    values = dict(connection.settings) if connection else {}
    for spec in specs(chosen.settings_type):
        options = getattr(spec.marker, "options", None)
        known = options is None or current.get(spec.name) in {option.value for option in options}
        if isinstance(spec.marker, CHOSEN) and spec.name in current and known:
            values[spec.name] = current[spec.name]
    return typed_settings(chosen, values, {})


def state_of(connection: Connection | None, account: ConnectedAccount | None) -> str:
    """Say how an account stands; one whose tokens do not fit the settings any more must be reconnected."""
    if connection is None or account is None:
        return ""
    if account.state == AccountState.CONNECTED and stored_token(connection) is None:
        return AccountState.NEEDS_RECONNECT
    return account.state


def lines_of(permissions: tuple[Permission, ...], account: ConnectedAccount | None) -> tuple[Line, ...]:
    """Put what was granted beside what is asked for."""
    if account is None:
        return tuple(Line(permission=one, granted=None) for one in permissions)
    missing = {short_scope(one).lower() for one in account.missing_scopes}
    granted = {short_scope(one).lower() for one in account.scopes}
    # Nobody echoes these: the refresh token proves the one, name and address of the account the others.
    granted |= {"offline_access", "openid", "profile", "email"}
    return tuple(
        Line(permission=one, granted=set(short_scope(one.scope).lower().split()) <= granted - missing)
        for one in permissions
    )


def why_not_yet(chosen: Provider, connection: Connection | None) -> str:
    """Say what has to be done before an account can be connected (WPM-2, WPM-26); empty when nothing."""
    if not may_return():
        return _(
            "Connecting an account needs a public address that starts with https. "
            "Ask the operator of this platform to set one."
        )
    if connection is None:
        return _("Save the Client ID and the Client Secret first. Then connect the account.")
    saved = typed_settings(chosen, connection.settings, {})
    if missing_secrets(connection, chosen, saved, {}):
        return _("Save the Client Secret first. Then connect the account.")
    return ""


def ended_advice(chosen: Provider, settings: Settings, account: ConnectedAccount | None) -> Advice:
    """Explain why an account has to be connected again."""
    if account is None or not account.failed_code:
        return advise("not_connected", facts(chosen, settings))
    return advise(
        account.failed_code,
        facts(chosen, settings, account=account.email) | account.failed_facts,
        reply_code=account.failed_facts.get("provider_code", ""),
        reply=account.failed_reply,
    )


def short_scope(scope: str) -> str:
    """Give the name of a permission without the address of its resource."""
    return scope.rstrip("/").rpartition("/")[2]
