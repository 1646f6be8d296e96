"""Whether a connection with consent may send now, and what happens when its consent ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from django.utils import timezone

from mailsettings.models import AccountState, ConnectedAccount, Connection, ConnectionToken
from mailsettings.way import Way
from orgs import events
from orgs.models import TenantQuerySet
from orgs.tenancy import tenant
from providers import Provider, ProviderError, Settings, Stage, Trace, failure

# Refusals of a renewal that only a person can mend, by connecting again (microsoft.md §6, class R).
ENDS_CONSENT: Final = frozenset(
    {
        "token_reconnect",
        "token_expired",
        "token_consent_missing",
        "token_user_unknown",
        "token_user_disabled",
        "token_grant_refused",
    }
)
REPLY_LIMIT = 600


def with_sender(chosen: Provider, settings: Settings, connection: Connection | None) -> Settings:
    """Give settings whose empty Sender email is the address of the connected account (WPM-30).

    Called inside the organization's tenant(); with nobody connected it stays empty.
    """
    if settings.sender_email or connection is None or not chosen.needs_consent:
        return settings
    account = ConnectedAccount.objects.of(connection.organization_id).filter(connection=connection).first()
    return replace(settings, sender_email=account.email) if account else settings


def require_consent(way: Way, trace: Trace) -> None:
    """See, before anything is contacted, that an account may be used for this way.

    Raises:
        providers.ProviderError: not_connected, permission_missing, or why the account must be reconnected.
    """
    if not way.provider.needs_consent:
        return
    with tenant(way.owner_id):
        fault = consent_fault(way)
    if fault is not None:
        raise trace.fail(fault)


def consent_fault(way: Way) -> ProviderError | None:
    """Say why the account of a way may not be used, inside tenant(way.owner_id); None when it may."""
    account = _accounts(way).first()
    if account is None:
        return failure("not_connected", stage=Stage.TOKEN)
    if account.state == AccountState.PERMISSION_MISSING:
        facts = {"missing": ", ".join(account.missing_scopes), "account": account.email}
        return failure("permission_missing", stage=Stage.TOKEN, facts=facts)
    if account.state == AccountState.NEEDS_RECONNECT:
        return failure(
            account.failed_code or "token_reconnect",
            stage=Stage.TOKEN,
            reply=account.failed_reply,
            provider_code=account.failed_facts.get("provider_code", ""),
            facts={**account.failed_facts, "account": account.email},
        )
    return None if _has_refresh_token(way) else failure("not_connected", stage=Stage.TOKEN)


def end_consent(way: Way, error: ProviderError) -> None:
    """Mark the account as one to reconnect and hold its connection; told once (WPM-42, WPM-48).

    Other refusals, and other kinds of connection, are left to whoever met them.
    """
    connection_id = way.tokens_of
    ends = way.provider.needs_consent and not error.transient and error.code in ENDS_CONSENT
    if not ends or connection_id is None:
        return
    now = timezone.now()
    with tenant(way.owner_id):
        ended = (
            _accounts(way)
            .filter(state=AccountState.CONNECTED)
            .update(
                state=AccountState.NEEDS_RECONNECT,
                failed_code=error.code,
                failed_reply=error.reply[:REPLY_LIMIT],
                failed_facts={**error.facts, "provider_code": error.provider_code},
                failed_at=now,
            )
        )
        if not ended:
            return
        # No probe can help: only a person who connects again.
        Connection.objects.of(way.owner_id).filter(pk=connection_id).update(
            held_code=error.code, held_reply=error.reply[:REPLY_LIMIT], held_since=now, probe_at=None
        )
        events.emit(
            organization=way.owner_id,
            kind="connection.needs_reconnect",
            subject_id=connection_id,
            detail={"code": error.code, "connection": way.name},
        )


def _accounts(way: Way) -> TenantQuerySet[ConnectedAccount]:
    rows = ConnectedAccount.objects.of(way.owner_id)
    return rows.filter(connection_id=way.tokens_of) if way.tokens_of else rows.none()


def _has_refresh_token(way: Way) -> bool:
    rows = ConnectionToken.objects.of(way.owner_id).filter(refresh__isnull=False)
    return way.tokens_of is not None and rows.filter(connection_id=way.tokens_of).exists()
