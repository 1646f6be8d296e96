"""What an organization sends through: its settings, connections, secrets, tokens, and its domain."""

from __future__ import annotations

from mailsettings.models.connections import (
    Connection,
    Doubtful,
    Draft,
    MailSettings,
    Rank,
    StoredSecret,
)
from mailsettings.models.consent import AccountState, ConnectedAccount, ConsentRequest
from mailsettings.models.domain import DomainReport
from mailsettings.models.hosts import CustomCloud, SignInHost
from mailsettings.models.routing import RoutingRule
from mailsettings.models.tokens import ConnectionToken
from mailsettings.models.versions import ConnectionVersion

__all__ = [
    "AccountState",
    "ConnectedAccount",
    "Connection",
    "ConnectionToken",
    "ConnectionVersion",
    "ConsentRequest",
    "CustomCloud",
    "DomainReport",
    "Doubtful",
    "Draft",
    "MailSettings",
    "Rank",
    "RoutingRule",
    "SignInHost",
    "StoredSecret",
]
