"""Whose consent it is: the claims of Microsoft's id token, checked, and what Graph says of the account."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from providers.access_url import GUID
from providers.consent import Account
from providers.consent_terms import claim, mismatch
from providers.errors import ProviderError
from providers.network import HttpClient
from providers.token_store import Token
from providers.tokens.microsoft_client import MicrosoftClient
from providers.words import cleaned

PERSONAL_TENANT: Final = "9188040d-6c67-4c5b-b112-36a304b66dad"
ME_SECONDS: Final = 10.0
OK: Final = 200


def is_issuer(told: str, client: MicrosoftClient, tenant: str = "") -> bool:
    """Say whether an issuer is a tenant of this very cloud, and the one asked for where that is an id."""
    wanted = tenant or (client.access.tenant if GUID.fullmatch(client.access.tenant) else "")
    hosts = {client.access.host, *client.access.cloud.login_hosts}
    return any(
        told == f"https://{host}/{wanted}/v2.0"
        if wanted
        else re.fullmatch(rf"https://{re.escape(host)}/{GUID.pattern}/v2\.0", told) is not None
        for host in hosts
    )


def own_claims(claims: object, client: MicrosoftClient) -> Mapping[str, Any]:
    """Let the claims of an id token pass that was made for this app, by this cloud and tenant (C-OAU-2).

    Its signature need not be checked: it came straight from the token endpoint, over verified TLS
    (OpenID Connect Core §3.1.3.7).
    """
    facts = client.facts
    if not isinstance(claims, dict):
        raise mismatch(facts, "id_token")
    tenant, asked = claim(claims, "tid"), client.access.tenant
    if claims.get("aud") != client.client_id:
        raise mismatch(facts, "audience")
    if not GUID.fullmatch(tenant) or not is_issuer(claim(claims, "iss"), client, tenant):
        raise mismatch(facts, "issuer")
    personal = tenant == PERSONAL_TENANT
    if (
        (GUID.fullmatch(asked) and tenant != asked)
        or (asked == "organizations" and personal)
        or (asked == "consumers" and not personal)
    ):
        raise mismatch(facts, "tenant")
    return claims


def account_of(claims: Mapping[str, Any]) -> Account:
    """Name who consented; the name used for signing in is the address, where it is one."""
    names = [claim(claims, name) for name in ("preferred_username", "email", "upn")]
    email = next((name for name in names if "@" in name), "")
    return Account(
        name=cleaned(claim(claims, "name")) or email,
        email=cleaned(email),
        subject=claim(claims, "oid", "sub"),
        tenant=claim(claims, "tid"),
    )


def as_graph_says(account: Account, token: Token, graph_host: str, http: HttpClient) -> Account:
    """Take name and mail address from the account's own details, where Graph gives them (WPM-29)."""
    try:
        reply = http.request(
            "GET",
            graph_host,
            "/v1.0/me?$select=displayName,mail,userPrincipalName",
            headers={"Authorization": f"Bearer {token.value.reveal()}"},
            seconds=ME_SECONDS,
        )
    except ProviderError:
        return account
    found = reply.json() if reply.status_code == OK else None
    if not isinstance(found, dict):
        return account
    email = claim(found, "mail", "userPrincipalName")
    return replace(
        account,
        name=cleaned(claim(found, "displayName")) or account.name,
        email=cleaned(email) if "@" in email else account.email,
    )
