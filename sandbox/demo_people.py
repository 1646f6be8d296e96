"""The demo's people who consent, and its plain OAuth 2.0 clients; worth nothing outside the sandbox."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.google import OAuthServer
from sandbox.microsoft import Microsoft


@dataclass(frozen=True, kw_only=True)
class PersonCase:
    """Somebody who can sign in at the sandbox's Microsoft, and what comes of it."""

    email: str
    name: str
    outcome: str
    tenant: str = ""  # empty: the one of the address
    is_enabled: bool = True
    is_assigned: bool = True
    needs_approval: bool = False
    refusal: int = 0


@dataclass(frozen=True, kw_only=True)
class ClientCase:
    """One set of values for "Google / Generic OAuth2 SMTP" and what comes of it."""

    label: str
    outcome: str
    username: str = "notifications@fabrikam.com"
    client_id: str = "mailroom.apps.sandbox.example"
    client_secret: str = "sandbox~plain-client-secret-of-the-demo"
    refresh_token: str = ""  # set: the legacy method


PEOPLE = (
    PersonCase(email="notifications@contoso.com", name="Contoso Notifications", outcome="Works."),
    PersonCase(
        email="notifications@outlook.com",
        name="Personal Notifications",
        outcome="A personal account: works where common or consumers may sign in.",
        tenant="consumers",
    ),
    PersonCase(
        email="approval@contoso.com",
        name="Needs approval",
        outcome="AADSTS90094: an administrator has to consent first. The link for that works, too.",
        needs_approval=True,
    ),
    PersonCase(
        email="unassigned@contoso.com",
        name="Not assigned",
        outcome="AADSTS50105: the application is for assigned people only.",
        is_assigned=False,
    ),
    PersonCase(
        email="guarded@contoso.com",
        name="Guarded",
        outcome="AADSTS53003: a Conditional Access policy blocks it.",
        refusal=53003,
    ),
    PersonCase(
        email="disabled@contoso.com",
        name="Disabled",
        outcome="AADSTS50057: the account is disabled.",
        is_enabled=False,
    ),
)
CLIENTS = (
    ClientCase(label="Client credentials", outcome="Works."),
    ClientCase(
        label="Legacy refresh token",
        outcome="Works, with the method OAuth2 (legacy).",
        refresh_token="1//0sandbox-refresh-token-of-the-demo",
    ),
    ClientCase(
        label="Wrong secret",
        outcome="invalid_client: the Client Secret is not the one of this client.",
        client_secret="sandbox~not-the-secret-of-this-client",
    ),
    ClientCase(
        label="Revoked refresh token",
        outcome="invalid_grant: what was allowed has been taken back.",
        refresh_token="1//0sandbox-refresh-token-that-was-revoked",
    ),
    ClientCase(
        label="Mailbox of somebody else",
        outcome="A token comes, then 535 5.7.3: it does not open this mailbox.",
        username="finance@fabrikam.com",
    ),
)


def furnish_people(microsoft: Microsoft) -> None:
    """Register the people who consent."""
    for case in PEOPLE:
        account = microsoft.add_account(case.email, tenant=case.tenant or None, name=case.name)
        account.enabled, account.assigned = case.is_enabled, case.is_assigned
        account.needs_approval, account.refusal = case.needs_approval, case.refusal
    microsoft.entra.sign_in.signed_in = PEOPLE[0].email


def furnish_clients(server: OAuthServer) -> None:
    """Register the plain OAuth 2.0 clients and the refresh token that works."""
    usual, legacy = CLIENTS[0], CLIENTS[1]
    server.add_client(usual.client_id, usual.client_secret, mailboxes=[usual.username])
    server.refresh_token(usual.client_id, usual.username, token=legacy.refresh_token)
