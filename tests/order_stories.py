"""The three connections of mock-up 05, and what stories about their order do again and again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from mailsettings.models import AccountState, ConnectedAccount, Connection, MailSettings, Rank
from mailsettings.order import ordered
from mailsettings.ways import mail_settings
from orgs.models import Organization
from orgs.tenancy import tenant

M365, RELAY, GMAIL = "Contoso Microsoft 365", "Contoso relay", "Marketing Gmail"


def make_connection(organization: Organization, name: str, place: int, **columns: Any) -> Connection:
    """Make a connection of Custom SMTP without asking any server."""
    typed = {"sender_email": f"{name.lower().replace(' ', '.')}@contoso.com", "host": "relay.contoso.com"}
    values = {
        "provider": "smtp",
        "rank": Rank.ADDITIONAL,
        "settings": {**typed, "port": 587, "tls_option": "starttls"},
        "verified_at": timezone.now(),
        "last_success_at": timezone.now() - timedelta(days=2, minutes=5),
        **columns,
    }
    return Connection.objects.create(organization=organization, name=name, place=place, **values)


def three_connections(organization: Organization) -> None:
    """Make the connections of mock-up 05 and switch SMTP on."""
    now = timezone.now()
    with tenant(organization):
        mail_settings(organization.pk)
        MailSettings.objects.of(organization).update(smtp_enabled=True)
        expires = (now + timedelta(days=41)).date().isoformat()
        graph = {"sender_email": "notifications@contoso.com", "secret_expires_on": expires}
        make_connection(
            organization,
            M365,
            1,
            provider="graph",
            rank=Rank.PRIMARY,
            settings={**graph, "client_id": "c", "access_url": "https://login.microsoftonline.com/t"},
            last_success_at=now - timedelta(minutes=2, seconds=5),
        )
        make_connection(organization, RELAY, 2, rank=Rank.BACKUP)
        news = {"sender_email": "news@contoso.com", "service": "google", "method": "connect"}
        gmail = make_connection(
            organization, GMAIL, 3, provider="oauth_smtp", settings={**news, "client_id": "c"}
        )
        ConnectedAccount.objects.create(
            organization=organization,
            connection=gmail,
            email="news@contoso.com",
            state=AccountState.NEEDS_RECONNECT,
            failed_code="token_reconnect",
            failed_at=now - timedelta(hours=5, minutes=5),
            connected_at=now - timedelta(days=90),
        )


def order(organization: Organization) -> list[tuple[str, str]]:
    """Read the order: name and rank of each connection."""
    with tenant(organization):
        return [(row.name, row.rank) for row in ordered(organization.pk)]


def named(organization: Organization, name: str) -> Connection:
    """Read a connection by its name."""
    with tenant(organization):
        return Connection.objects.of(organization).get(name=name)
