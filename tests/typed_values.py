"""What an admin types for each provider, with the servers of the sandbox."""

from __future__ import annotations

from sandbox.google import OAuthServer
from sandbox.microsoft import Microsoft
from sandbox.smtp import SmtpServer

TENANT_ID = "5b8c21f0-6a3e-47d9-9f10-c2d4e6a8b013"
CLIENT_ID = "7d1f0c52-93ab-4c1e-b0a7-2f5e8c6a1d44"
CLIENT_SECRET = "Q~8mail-secret-of-the-tests-0123456789"
MAILBOX = "notifications@contoso.com"
ACCOUNT = "notifications@contoso.com"
OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET = "mailroom.apps.example.com", "GOCSPX-secret-of-the-tests-0123456789"
OAUTH_MAILBOX = "notifications@fabrikam.com"
USERNAME, PASSWORD = "notifications@fabrikam.com", "pass-of-the-tests"


def smtp_values(server: SmtpServer, **changes: object) -> dict[str, object]:
    """What an admin types for Custom SMTP with this server."""
    return {
        "sender_email": "notifications@fabrikam.com",
        "sender_name": "Fabrikam Notifications",
        "force_sender": "on",
        "host": "127.0.0.1",
        "port": str(server.port),
        "tls_option": {"plain": "none"}.get(server.mode, server.mode),
        "authentication": "on" if server.users else "",
        "plain_confirmed": "on" if server.mode == "plain" else "",
        "username": USERNAME,
        "password": PASSWORD,
        **changes,
    }


def microsoft365_values(microsoft: Microsoft, server: SmtpServer, **changes: object) -> dict[str, object]:
    """What an admin types for Microsoft 365 SMTP (OAuth2 client credentials)."""
    return {
        "sender_email": MAILBOX,
        "sender_name": "Contoso Notifications",
        "force_sender": "on",
        "username": MAILBOX,
        "cloud": "sandbox",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "access_url": microsoft.access_url(TENANT_ID),
        "scope": "",
        "host": "127.0.0.1",
        "port": str(server.port),
        **changes,
    }


def account_values(server: SmtpServer | None = None, **changes: object) -> dict[str, object]:
    """What an admin types for Microsoft account: by SMTP with a mail server, else by Graph."""
    way = (
        {"method": "graph", "save_to_sent_items": "on"}
        if server is None
        else {"method": "smtp", "host": "127.0.0.1", "port": str(server.port)}
    )
    return {
        "sender_email": ACCOUNT,
        "sender_name": "",
        "force_sender": "on",
        "cloud": "sandbox",
        "tenant": "common",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        **way,
        **changes,
    }


def oauth_values(issuer: OAuthServer, server: SmtpServer, **changes: object) -> dict[str, object]:
    """What an admin types for Google / Generic OAuth2 SMTP with client credentials."""
    return {
        "sender_email": OAUTH_MAILBOX,
        "sender_name": "Fabrikam Notifications",
        "force_sender": "on",
        "service": "other",
        "host": "127.0.0.1",
        "port": str(server.port),
        "tls_option": {"plain": "none"}.get(server.mode, server.mode),
        "username": OAUTH_MAILBOX,
        "method": "client_credentials",
        "client_id": OAUTH_CLIENT_ID,
        "client_secret": OAUTH_CLIENT_SECRET,
        "access_url": issuer.access_url,
        "client_authentication": "body",
        "scope": "smtp",
        **changes,
    }


def graph_values(server: Microsoft, **changes: object) -> dict[str, object]:
    """What an admin types for Microsoft Graph API with this stand-in."""
    return {
        "sender_email": MAILBOX,
        "sender_name": "",
        "force_sender": "on",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "access_url": server.access_url(TENANT_ID),
        "save_to_sent_items": "on",
        **changes,
    }
