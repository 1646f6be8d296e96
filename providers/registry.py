"""The choices under "Mailing provider", in the order of the screen."""

from __future__ import annotations

from typing import Final

from providers.base import Provider
from providers.catalog.custom_smtp import CustomSmtp
from providers.catalog.microsoft365_smtp import Microsoft365Smtp
from providers.catalog.microsoft_account import MicrosoftAccount
from providers.catalog.microsoft_graph import MicrosoftGraph
from providers.catalog.oauth_smtp import OAuthSmtp

PROVIDERS: Final[tuple[Provider, ...]] = (
    CustomSmtp(),
    MicrosoftGraph(),
    Microsoft365Smtp(),
    MicrosoftAccount(),
    OAuthSmtp(),
)
_BY_KEY = {one.key: one for one in PROVIDERS}


def provider(key: str) -> Provider:
    """Give the provider of a key.

    Raises:
        KeyError: there is none; the message lists those that exist.
    """
    try:
        return _BY_KEY[key]
    except KeyError:
        raise KeyError(f"No provider {key!r}; there are {', '.join(_BY_KEY)}.") from None
