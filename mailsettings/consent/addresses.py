"""Where a provider sends people back to: made of the configuration and of nothing else (C-OAU-3)."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from providers import ConsentMethod

# What an administrator brings back who approved for everybody: no trip of ours, so no secret either.
ADMIN_STATE: Final = "admin-consent"
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def redirect_uri(method: ConsentMethod) -> str:
    """Give the redirect address to register with the provider, the same for every organization (WPM-18)."""
    return f"{settings.BASE_URL}{reverse(f'oauth_{method.callback}_callback')}"


def may_return() -> bool:
    """Say whether a provider may send people back here: over https, or to this very machine (WPM-2)."""
    parts = urlsplit(settings.BASE_URL)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
