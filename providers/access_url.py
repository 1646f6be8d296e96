"""The Access URL of Microsoft: one canonical token endpoint, at a login host of a known cloud only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from providers.address import domain_name
from providers.clouds import CLOUDS, Cloud
from providers.network import Egress

SHAPE: Final = "https://login.microsoftonline.com/your-tenant-id/oauth2/v2.0/token"
GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PARTS: Final = re.compile(
    r"https://(?P<host>[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?(?P<path>/.*)?", re.IGNORECASE
)
PATH: Final = re.compile(r"[A-Za-z0-9._/{}<>-]*")
PLACEHOLDER: Final = re.compile(r"[{}<>]|^your-|^tenant[-_]?id$|^directory[-_]?id$")
SHARED: Final = {"common", "organizations", "consumers"}
TOKEN_PATHS: Final = {"", "v2.0", "oauth2/v2.0/token", "v2.0/.well-known/openid-configuration"}
OTHER_ENDPOINTS: Final = {
    "oauth2/token": "This is the endpoint of version 1",
    "oauth2/authorize": "This is the authorization endpoint of version 1",
    "oauth2/v2.0/authorize": "This is the authorization endpoint",
    "oauth2/v2.0/devicecode": "This is the device code endpoint",
}


@dataclass(frozen=True)
class AccessUrl:
    """A token endpoint taken apart; `host` may carry the port of an operator's own row."""

    cloud: Cloud
    host: str
    tenant: str

    @property
    def url(self) -> str:
        """The canonical token endpoint (v2)."""
        return f"https://{self.host}/{self.tenant}/oauth2/v2.0/token"

    @property
    def authority(self) -> str:
        """What MSAL wants to know."""
        return f"https://{self.host}/{self.tenant}"


def parse_access_url(typed: str, egress: Egress, *, cloud: str = "", shared: bool = False) -> AccessUrl:
    """Read what was pasted into "Access URL"; a bare tenant counts as one of the chosen cloud.

    `cloud` is the key of the chosen row, "" for the one the host belongs to. `shared`: the common sign-in
    pages may stand in for a tenant, as they may where people consent.

    Raises:
        ValueError: one sentence that names the fix.
    """
    text = typed.strip()
    check_characters(text, SHAPE)
    if "/" not in text and ":" not in text:
        return _bare_tenant(text.lower(), egress, cloud, shared=shared)
    match = PARTS.fullmatch(text)
    if match is None or not PATH.fullmatch(match["path"] or ""):
        raise ValueError(f"Paste the complete OAuth 2.0 token endpoint (v2). It looks like {SHAPE}")
    row, host = _cloud_of(match["host"].lower(), match["port"], egress, cloud)
    return AccessUrl(row, host, _tenant_of(match["path"] or "", host, shared=shared))


def check_characters(text: str, shape: str) -> None:
    """Refuse what an address of a token endpoint never holds.

    Raises:
        ValueError: one sentence that shows the right shape.
    """
    if not text.isascii() or re.search(r"[\s\\@?#%\x00-\x1f\x7f]", text):
        raise ValueError(
            f"The address may not contain blanks, @, ?, #, % or foreign letters. It looks like {shape}"
        )
    if text.lower().startswith("http://"):
        raise ValueError("Use https:// in front of the address; the secret must not travel in clear.")


def cloud_row(key: str, egress: Egress) -> Cloud:
    """Give the row of a cloud's key; "" stands for the first.

    Raises:
        ValueError: there is none.
    """
    row = next((one for one in egress.clouds if key in ("", one.key)), None)
    if row is None:
        names = ", ".join(one.label for one in egress.clouds)
        raise ValueError(f"Choose one of the clouds: {names}.")
    return row


def _bare_tenant(text: str, egress: Egress, cloud: str, *, shared: bool) -> AccessUrl:
    known = egress.https_hosts()
    looks_like_host = "microsoftonline" in text and not text.endswith(".onmicrosoft.com")
    if text in known or looks_like_host or text.startswith("login."):
        raise ValueError(f"The tenant is missing. Paste the complete address, like {SHAPE}")
    row = cloud_row(cloud, egress)
    return AccessUrl(row, row.login_host, checked_tenant(text, shared=shared))


def _cloud_of(host: str, port: str | None, egress: Egress, cloud: str) -> tuple[Cloud, str]:
    """Find the row of a host; another port than 443 only where the row itself names it."""
    authority = host if port in (None, "443") else f"{host}:{port}"
    rows = [
        row
        for row in egress.clouds
        if authority in row.login_hosts or f"{host}:{port or 443}" in row.login_hosts
    ]
    if rows:
        # GCC High and DoD share a login host; the chosen cloud says which of them it is.
        chosen = next((row for row in rows if cloud in ("", row.key)), None)
        if chosen is None:
            labels = " or ".join(row.label for row in rows)
            raise ValueError(f"This address belongs to another cloud. Choose {labels} as the cloud.")
        return chosen, chosen.login_host
    if authority in egress.oauth_allow_hosts:
        return cloud_row(cloud, egress), authority
    raise _strange_host(host, port, egress)


def _strange_host(host: str, port: str | None, egress: Egress) -> ValueError:
    if host.endswith("microsoftonline.de"):
        return ValueError(
            "Microsoft closed its German cloud in October 2021. Use the Access URL of your present tenant."
        )
    if port not in (None, "443") and any(host in cloud.login_hosts for cloud in egress.clouds):
        return ValueError("Microsoft answers on port 443 only. Remove the port from the address.")
    hosts = ", ".join(dict.fromkeys(cloud.login_host for cloud in egress.clouds))
    return ValueError(f"This is not a Microsoft sign-in host. The secret is only sent to: {hosts}.")


def _tenant_of(path: str, host: str, *, shared: bool) -> str:
    tenant, _, rest = path.removeprefix("/").removesuffix("/").partition("/")
    if not tenant:
        raise ValueError(f"The tenant is missing. Paste the complete address, like {SHAPE}")
    tenant = checked_tenant(tenant.lower(), shared=shared)
    rest = rest.lower()
    if rest in OTHER_ENDPOINTS:
        raise ValueError(
            f"{OTHER_ENDPOINTS[rest]}. Use the token endpoint (v2): https://{host}/{tenant}/oauth2/v2.0/token"
        )
    if rest not in TOKEN_PATHS:
        raise ValueError(
            f"This is not the token endpoint (v2). Use https://{host}/{tenant}/oauth2/v2.0/token"
        )
    return tenant


def checked_tenant(text: str, *, shared: bool = False) -> str:
    """Give a tenant: a GUID or a verified domain; with `shared` also common, organizations or consumers.

    Raises:
        ValueError: one sentence that names the fix.
    """
    if PLACEHOLDER.search(text):
        raise ValueError(f"Replace {text} with your Directory (tenant) ID, found on your app's Overview.")
    if text in SHARED and shared:
        return text
    if text in SHARED:
        raise ValueError(
            f"“{text}” does not work for an app of its own. Use your own Directory (tenant) ID instead."
        )
    if GUID.fullmatch(text):
        return text
    try:
        return domain_name(text)
    except ValueError:
        raise ValueError(
            "The tenant must be your Directory (tenant) ID or a domain of yours,"
            " like contoso.onmicrosoft.com."
        ) from None


def split_access_url(url: str) -> tuple[str, str]:
    """Give token host and tenant of a canonical Access URL."""
    host, tenant = url.removeprefix("https://").split("/")[:2]
    return host, tenant


def cloud_key(host: str, chosen: str = "") -> str:
    """Name the cloud of a login host without the operator's rows, where the host itself is the name.

    `chosen` decides between clouds that share the host.
    """
    if any(cloud.key == chosen and host in cloud.login_hosts for cloud in CLOUDS):
        return chosen
    return next((cloud.key for cloud in CLOUDS if host in cloud.login_hosts), host)
