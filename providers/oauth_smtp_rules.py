"""Rules of generic OAuth2 SMTP: where its tokens come from, its dates, and leaving the legacy method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from providers.access_url import parse_access_url
from providers.errors import Stage, failure
from providers.fields import Settings
from providers.network import Egress
from providers.oauth_smtp_settings import oauth_settings
from providers.token_url import GOOGLE_DEFAULT, TokenUrl, parse_token_url
from providers.tokens import Endpoint, EndpointApp, EndpointUser, TokenSource
from providers.tokens.endpoint import Authentication

# An expiry date below this was surely given in seconds (smtp-and-oauth.md §8).
FIRST_MILLISECOND: Final = 10**11
LAST_MILLISECOND: Final = 10**14
APP_METHOD: Final = "client_credentials"
CONNECT: Final = "connect"
# By this a stand-in for Google is known that the operator listed.
GOOGLE_PATH: Final = "/o/oauth2/token"


def check_endpoint(chosen: dict[str, Any], errors: dict[str, str], egress: Egress) -> None:
    """Bring the Access URL into its one form; empty means Google's (COG-24)."""
    if "access_url" in errors:
        return
    typed, is_person = str(chosen["access_url"]), chosen["method"] != APP_METHOD
    try:
        if chosen["service"] == "microsoft365":
            # There a bare tenant id stands for the whole address (COG-51).
            access = parse_access_url(typed, egress, shared=is_person)
            chosen["access_url"] = access.url
            # The mail server is the one of the cloud the tokens are of.
            chosen["host"] = access.cloud.smtp_host.partition(":")[0] or chosen["host"]
            if not is_person:
                chosen["scope"] = chosen["scope"] or access.cloud.smtp_scope
            found = TokenUrl(access.host, "")
        else:
            found = parse_token_url(typed or GOOGLE_DEFAULT, egress, shared=is_person)
            chosen["access_url"] = found.url
    except ValueError as error:
        errors["access_url"] = str(error)
        return
    if errors:
        return
    if found.is_google and not is_person:
        errors["method"] = "Google gives no mail tokens to an app of its own. Choose Connect with Google."
    if chosen["method"] == CONNECT and not found.is_google and found.path != GOOGLE_PATH:
        errors["method"] = "Connect with Google needs Google’s own Access URL. Leave Access URL empty."


def connects_google(settings: Settings) -> bool:
    """Say whether somebody is to sign in at Google for these settings."""
    return oauth_settings(settings).method == CONNECT


def endpoint_of(settings: Settings, egress: Egress) -> Endpoint:
    """Give the token endpoint and the client.

    Raises:
        ProviderError: the host is not on the operator's list any more.
    """
    chosen = oauth_settings(settings)
    try:
        url = parse_token_url(chosen.access_url, egress, shared=chosen.method != APP_METHOD)
    except ValueError:
        raise failure("token_endpoint_wrong", stage=Stage.ADDRESS_POLICY) from None
    authentication: Authentication = "basic" if chosen.client_authentication == "basic" else "body"
    return Endpoint(url, chosen.client_id, chosen.client_secret, authentication, chosen.scope)


def source_of(settings: Settings, egress: Egress) -> TokenSource:
    """Give where the access tokens come from.

    Raises:
        ProviderError: as `endpoint_of` says.
    """
    chosen, endpoint = oauth_settings(settings), endpoint_of(settings, egress)
    is_microsoft = endpoint.url.host in egress.microsoft_hosts()
    if chosen.method == APP_METHOD:
        return EndpointApp(endpoint, "SMTP.SendAsApp" if is_microsoft else "")
    return EndpointUser(
        endpoint,
        account=chosen.username,
        refresh=chosen.refresh_token,
        access=chosen.access_token,
        access_expires_at=int(chosen.expiry_date) / 1000 if chosen.expiry_date else None,
        permission="SMTP.Send" if is_microsoft else "",
    )


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
    url = parse_token_url(chosen.access_url or GOOGLE_DEFAULT, egress)
    if url.is_google:
        raise ValueError("Google gives no mail tokens to an app of its own. Keep the refresh token.")
    cloud = next((one for one in egress.clouds if url.host in one.login_hosts), None)
    return {
        "service": chosen.service,
        "host": chosen.host,
        "port": chosen.port,
        "tls_option": chosen.tls_option,
        "method": APP_METHOD,
        "username": chosen.username,
        "sender_email": chosen.sender_email,
        "sender_name": chosen.sender_name,
        "client_id": chosen.client_id,
        "client_authentication": chosen.client_authentication,
        "access_url": url.url,
        "scope": cloud.smtp_scope if cloud is not None else chosen.scope,
    }
