"""How many sessions and messages a minute a connection takes unless its own limits say otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from mailsettings.ways import Way

MICROSOFT_SMTP_HOSTS = (".office365.com", ".outlook.com", ".office365.us", ".partner.outlook.cn")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Sessions at a time, and messages in any rolling minute; 0 messages means no limit."""

    sessions: int
    per_minute: int


# What Exchange Online takes from one mailbox.
MICROSOFT_SMTP = Limits(sessions=3, per_minute=30)
GRAPH = Limits(sessions=4, per_minute=30)


def preset(way: Way) -> Limits:
    """Give the limits of a way's provider."""
    if "graph" in way.provider.key:
        return GRAPH
    host = str(getattr(way.settings, "host", "")).lower()
    if "microsoft" in way.provider.key or host.endswith(MICROSOFT_SMTP_HOSTS):
        return MICROSOFT_SMTP
    return Limits(sessions=settings.DELIVERY_SESSIONS, per_minute=settings.DELIVERY_PER_MINUTE)
