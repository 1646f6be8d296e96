"""Rules of generic OAuth2 SMTP: its dates, and the way from its legacy method to the lasting one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from providers.fields import Settings
from providers.network import Egress
from providers.oauth_smtp_settings import oauth_settings
from providers.token_url import parse_token_url

# An expiry date below this was surely given in seconds (smtp-and-oauth.md §8).
FIRST_MILLISECOND: Final = 10**11
LAST_MILLISECOND: Final = 10**14


def check_expiry(chosen: Mapping[str, Any], errors: dict[str, str]) -> None:
    """Let an expiry date pass that is one in milliseconds (COG-23)."""
    typed = str(chosen["expiry_date"])
    if "expiry_date" in errors or not typed:
        return
    if not typed.isascii() or not typed.isdigit() or int(typed) >= LAST_MILLISECOND:
        errors["expiry_date"] = "Enter Unix time in milliseconds, 13 digits like 1793000000000."
    elif int(typed) < FIRST_MILLISECOND:
        errors["expiry_date"] = f"This looks like seconds. In milliseconds it is {typed}000."


def convert_to_client_credentials(settings: Settings, egress: Egress) -> dict[str, object]:
    """Give the values with which a legacy connection becomes one by client credentials (COG-2).

    Server, user, client id and tenant stay; the person's tokens go. The name is the connection's own, and
    the client secret stays stored, since it goes where it went before.

    Raises:
        ValueError: one sentence; the service has no such method, or no single tenant is named.
    """
    chosen = oauth_settings(settings)
    url = parse_token_url(chosen.access_url, egress)
    if url.is_google:
        raise ValueError("Google gives no mail tokens to an app of its own. Keep the refresh token.")
    cloud = next((one for one in egress.clouds if url.host in one.login_hosts), None)
    return {
        "service": chosen.service,
        "host": chosen.host,
        "port": chosen.port,
        "tls_option": chosen.tls_option,
        "method": "client_credentials",
        "username": chosen.username,
        "sender_email": chosen.sender_email,
        "sender_name": chosen.sender_name,
        "client_id": chosen.client_id,
        "client_authentication": chosen.client_authentication,
        "access_url": url.url,
        "scope": cloud.smtp_scope if cloud is not None else chosen.scope,
    }
