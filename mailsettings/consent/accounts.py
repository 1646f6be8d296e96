"""The connected account of a connection: find it, confirm what it sends as, take it away."""

from __future__ import annotations

from mailsettings.models import (
    AccountState,
    ConnectedAccount,
    Connection,
    ConnectionToken,
    ConsentRequest,
)
from mailsettings.services import locked_settings, raise_version, release_hold
from mailsettings.token_rows import open_token, token_destination
from mailsettings.vault import typed_settings
from mailsettings.versions import record_first_version, record_version
from orgs.models import User
from providers import Token, provider


def account_row(connection: Connection) -> ConnectedAccount | None:
    """Give the account of a connection, if one was connected."""
    return ConnectedAccount.objects.of(connection.organization_id).filter(connection=connection).first()


def token_row(connection: Connection) -> ConnectionToken | None:
    """Give the row of a connection's tokens, if it has one."""
    return ConnectionToken.objects.of(connection.organization_id).filter(connection=connection).first()


def stored_token(connection: Connection) -> Token | None:
    """Give what may be renewed for the settings as they are now; None when it has to be connected again."""
    row = token_row(connection)
    if row is None:
        return None
    chosen = provider(connection.provider)
    place = token_destination(chosen, typed_settings(chosen, connection.settings, {}))
    token = open_token(row, place=place, with_access=row.version == connection.version)
    return token if token is not None and token.refresh else None


def works(connection: Connection, account: ConnectedAccount) -> bool:
    """Say whether an account is in use: connected, with tokens for what the settings name now."""
    return account.state == AccountState.CONNECTED and stored_token(connection) is not None


def same_address(one: str, other: str) -> bool:
    """Compare two addresses without their case."""
    return one.strip().casefold() == other.strip().casefold()


def confirm_send_as(*, connection: Connection) -> bool:
    """Keep the admin's word that the connected account may send as the Sender email (WPM-30)."""
    accounts = ConnectedAccount.objects.of(connection.organization_id).filter(connection=connection)
    return bool(accounts.filter(send_as_confirmed=False).update(send_as_confirmed=True))


def disconnect(*, connection: Connection, user: User) -> Token | None:
    """Remove account and tokens everywhere; app, secret and settings stay (WPM-49).

    Returns:
        The token that was removed, for giving it back to the provider.
    """
    mail = locked_settings(connection.organization_id)
    token = stored_token(connection)
    for model in (ConnectionToken, ConnectedAccount):
        model.objects.of(connection.organization_id).filter(connection=connection).delete()
    ConsentRequest.objects.of(connection.organization_id).filter(connection=connection, used_at=None).delete()
    change_version(connection, user)
    raise_version(mail, smtp_enabled=mail.smtp_enabled, user=user)
    return token


def change_version(connection: Connection, user: User) -> None:
    """Save a connection under a new version: no process finds an old token in its memory (C-OAU-7)."""
    record_first_version(connection)
    connection.version += 1
    connection.verified_at = None
    connection.updated_by = user
    release_hold(connection)
    connection.save()
    record_version(connection, (), user)
