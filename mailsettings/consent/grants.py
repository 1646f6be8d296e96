"""What came of a trip: kept when it fits, else explained; what worked before goes on until then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from django.db.models import F
from django.utils import timezone

from mailsettings.consent.accounts import account_row, change_version, same_address, works
from mailsettings.consent.trips import Trip
from mailsettings.domain.rule import Blocked
from mailsettings.models import (
    AccountState,
    ConnectedAccount,
    Connection,
    ConnectionToken,
    ConsentRequest,
    MailSettings,
)
from mailsettings.order import make_primary
from mailsettings.services import locked_settings, raise_version
from mailsettings.token_rows import token_columns, token_destination
from orgs.models import User
from providers import Account, Granted, ProviderError, Token

# Why a trip did not pass, beyond what the provider itself refuses.
OTHER_ACCOUNT: Final = "other_account"
PERMISSION_MISSING: Final = "permission_missing"
OVERTAKEN: Final = "settings_changed"
SENDER_POLICY: Final = "sender_policy"
REPLY_LIMIT: Final = 600


def keep_grant(
    *, trip: Trip, granted: Granted, user: User, blocked: Blocked | None = None
) -> ConnectedAccount | None:
    """Take over what was granted when it fits; an earlier account stays in use until then (HIR-12).

    Called inside the organization's tenant().

    Returns:
        The connected account; None when the trip did not pass, which its row then explains.
    """
    mail = locked_settings(trip.connection.organization_id)
    rows = Connection.objects.of(trip.connection.organization_id).select_for_update()
    connection = rows.filter(pk=trip.connection.pk, version=trip.request.version).first()
    if connection is None:
        fail_trip(trip.request, OVERTAKEN)
        return None
    account = account_row(connection)
    if not may_send(trip, granted.account, account):
        facts = {"account": granted.account.email, "sender": trip.settings.sender_email}
        fail_trip(trip.request, OTHER_ACCOUNT, facts=facts)
        return None
    if blocked is not None:
        # The DMARC policy of the sender's domain forbids it (HIR-23).
        facts = {"account": granted.account.email, "sender": trip.settings.sender_email}
        told = {"title": blocked.title, "text": blocked.text}
        fail_trip(trip.request, SENDER_POLICY, facts=facts | told)
        return None
    if granted.missing:
        fail_trip(trip.request, PERMISSION_MISSING, facts={"missing": ", ".join(granted.missing)})
        if account is None or not works(connection, account):
            ConnectionToken.objects.of(connection.organization_id).filter(connection=connection).delete()
            _write_account(connection, granted, user, state=AccountState.PERMISSION_MISSING)
        return None
    return _connect(connection, mail, trip, granted, user)


def _connect(
    connection: Connection, mail: MailSettings, trip: Trip, granted: Granted, user: User
) -> ConnectedAccount:
    """Store account and tokens under a new version of the connection."""
    if not connection.settings.get("sender_email"):
        connection.settings = {**connection.settings, "sender_email": granted.account.email}
    if trip.request.activate:
        make_primary(connection)
    change_version(connection, user)
    token = granted.token
    # The mail server wants to know whose token it is (XOAUTH2).
    told = {"account": granted.account.email, **token.claims}
    _write_tokens(connection, trip, replace(token, claims=told))
    raise_version(mail, smtp_enabled=mail.smtp_enabled or trip.request.activate, user=user)
    return _write_account(connection, granted, user, state=AccountState.CONNECTED)


def _write_tokens(connection: Connection, trip: Trip, token: Token) -> None:
    rows = ConnectionToken.objects.of(connection.organization_id)
    row = rows.get_or_create(
        organization_id=connection.organization_id,
        connection=connection,
        defaults={"version": connection.version},
    )[0]
    place = token_destination(trip.provider, trip.settings)
    rows.filter(pk=row.pk).update(
        version=connection.version,
        generation=F("generation") + 1,
        lease=None,
        lease_until=None,
        **token_columns(row, token, place=place, with_access=True),
    )


def _write_account(
    connection: Connection, granted: Granted, user: User, *, state: AccountState
) -> ConnectedAccount:
    who = granted.account
    return ConnectedAccount.objects.of(connection.organization_id).update_or_create(
        organization_id=connection.organization_id,
        connection=connection,
        defaults={
            "state": state,
            "name": who.name[:200],
            "email": who.email[:320],
            "subject": who.subject[:100],
            "tenant": who.tenant[:100],
            "scopes": list(granted.scopes),
            "missing_scopes": list(granted.missing),
            "send_as_confirmed": not same_address(who.email, connection.settings["sender_email"]),
            "failed_code": "",
            "failed_reply": "",
            "failed_facts": {},
            "failed_at": None,
            "connected_at": timezone.now(),
            "connected_by": user,
        },
    )[0]


def may_send(trip: Trip, who: Account, account: ConnectedAccount | None) -> bool:
    """Say whether an account is the intended sender, or was declared to send as it (C-OAU-5)."""
    sender = trip.settings.sender_email
    if not sender or same_address(sender, who.email):
        return True
    declared = account is not None and account.send_as_confirmed and account.subject == who.subject
    # An account that tells no address is nobody's choice.
    return declared or bool(who.email and same_address(trip.request.sends_as, who.email))


def fail_trip(
    request: ConsentRequest, code: str, *, reply: str = "", facts: Mapping[str, str] | None = None
) -> None:
    """Write on a trip why it did not pass, for its page."""
    request.failed_code, request.failed_reply = code, reply[:REPLY_LIMIT]
    request.failed_facts = dict(facts or {})
    request.save(update_fields=["failed_code", "failed_reply", "failed_facts"])


def fail_with(request: ConsentRequest, error: ProviderError) -> None:
    """Write on a trip what the provider refused."""
    told = {"provider_code": error.provider_code, "host": error.host, **error.facts}
    fail_trip(
        request, error.code, reply=error.reply, facts={name: text for name, text in told.items() if text}
    )
