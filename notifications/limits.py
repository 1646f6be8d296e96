"""What a connection takes at a time, in a minute and in five, unless its own limits say otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from mailsettings.models import Doubtful
from mailsettings.ways import Way
from providers import Provider, Settings

MICROSOFT_SMTP_HOSTS = (".office365.com", ".outlook.com", ".office365.us", ".partner.outlook.cn")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Sessions at a time, messages in any rolling minute, bytes uploaded in any five; 0 means no limit.

    A session that may have several requests under way counts for as many.
    """

    sessions: int
    per_minute: int
    upload: int = 0


# What Exchange Online takes from one mailbox (Microsoft Learn: "Exchange Online limits" for SMTP AUTH;
# "Microsoft Graph service-specific throttling limits", Outlook: 4 requests at a time, 150 MB in 5 minutes).
MICROSOFT_SMTP = Limits(sessions=3, per_minute=30)
GRAPH = Limits(sessions=4, per_minute=30, upload=150_000_000)
# The whole of a message in base64 twice, its line ends and headers: an upper bound.
GROWTH, HEAD_BYTES = 15 / 8, 4_000


def preset(way: Way) -> Limits:
    """Give the limits of a way's provider."""
    return preset_of(way.provider, way.settings)


def preset_of(chosen: Provider, typed: Settings) -> Limits:
    """Give the limits of a provider with these settings."""
    if chosen.requests_at_once(typed) > 1:
        return GRAPH
    host = str(getattr(typed, "host", "")).lower()
    if "microsoft" in chosen.key or host.endswith(MICROSOFT_SMTP_HOSTS):
        return MICROSOFT_SMTP
    return Limits(sessions=settings.DELIVERY_SESSIONS, per_minute=settings.DELIVERY_PER_MINUTE)


def requests_wanted(way: Way) -> int:
    """Give how many requests a session of this way would have under way at a time."""
    # A message that must never leave twice is marked, sent and recorded alone.
    alone = way.doubtful == Doubtful.HOLD or settings.DELIVERY_WINDOW == 1
    return 1 if alone else way.provider.requests_at_once(way.settings)


def uploaded(size: int) -> int:
    """Give the most bytes that sending content of this size puts on the wire."""
    return int(size * GROWTH) + HEAD_BYTES
