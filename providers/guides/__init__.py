"""Set-up guides: what an administrator does on the other side; pure data with {values} to fill in."""

from __future__ import annotations

from providers.guides.commands import (
    APPLICATION_POLICY,
    COMMANDS,
    EXCHANGE_APPLICATION,
    SEND_AS,
    SEND_SCOPE,
    SMTP_AUTH_ON,
    SMTP_AUTH_ON_EVERYWHERE,
)
from providers.guides.fields import (
    ACCESS_URL_GUIDE,
    CLIENT_ID_GUIDE,
    CLIENT_SECRET_GUIDE,
    SECRET_EXPIRY_GUIDE,
)
from providers.guides.graph import GRAPH_GUIDE
from providers.guides.microsoft365_smtp import MICROSOFT365_SMTP_GUIDE
from providers.guides.microsoft_account import MICROSOFT_ACCOUNT_GUIDE
from providers.guides.oauth_smtp import OAUTH_SMTP_GUIDE
from providers.guides.portals import links_of, shell_environment
from providers.guides.smtp import CUSTOM_SMTP_GUIDE

__all__ = [
    "ACCESS_URL_GUIDE",
    "APPLICATION_POLICY",
    "CLIENT_ID_GUIDE",
    "CLIENT_SECRET_GUIDE",
    "COMMANDS",
    "CUSTOM_SMTP_GUIDE",
    "EXCHANGE_APPLICATION",
    "GRAPH_GUIDE",
    "MICROSOFT365_SMTP_GUIDE",
    "MICROSOFT_ACCOUNT_GUIDE",
    "OAUTH_SMTP_GUIDE",
    "SECRET_EXPIRY_GUIDE",
    "SEND_AS",
    "SEND_SCOPE",
    "SMTP_AUTH_ON",
    "SMTP_AUTH_ON_EVERYWHERE",
    "links_of",
    "shell_environment",
]
