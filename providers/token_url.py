"""The Access URL of any token endpoint: https, at a host the table or the operator names, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from providers.access_url import PARTS, check_characters, parse_access_url
from providers.network import Egress
from providers.network.egress import GOOGLE_HOSTS

# What older mail programs write, and what a connection gets that names nothing else (COG-24).
GOOGLE_DEFAULT: Final = "https://accounts.google.com/o/oauth2/token"
GOOGLE_TOKEN_URLS: Final = (
    GOOGLE_DEFAULT,
    "https://accounts.google.com/o/oauth2/v2/token",
    "https://oauth2.googleapis.com/token",
    "https://www.googleapis.com/oauth2/v4/token",
)


@dataclass(frozen=True)
class TokenUrl:
    """A token endpoint taken apart; `host` carries the port where that is not 443."""

    host: str
    path: str

    @property
    def url(self) -> str:
        """The address in its one form."""
        return f"https://{self.host}{self.path}"

    @property
    def is_google(self) -> bool:
        """Say whether Google answers there."""
        return self.host in GOOGLE_HOSTS


def parse_token_url(typed: str, egress: Egress, *, shared: bool = False) -> TokenUrl:
    """Read the Access URL of any server; Microsoft's must be its token endpoint (v2).

    `shared`: Microsoft's common sign-in pages may stand in for a tenant, as they may for people.

    Raises:
        ValueError: one sentence that names the fix.
    """
    text = typed.strip()
    check_characters(text, GOOGLE_DEFAULT)
    match = PARTS.fullmatch(text)
    if match is None or not match["path"]:
        raise ValueError(f"Paste the complete address of the token endpoint, like {GOOGLE_DEFAULT}")
    name, port = match["host"].lower(), match["port"]
    host = name if port in (None, "443") else f"{name}:{port}"
    if host in egress.microsoft_hosts():
        access = parse_access_url(text, egress, shared=shared)
        return TokenUrl(access.host, access.url.removeprefix(f"https://{access.host}"))
    found = TokenUrl(host, match["path"])
    if found.is_google:
        if found.url not in GOOGLE_TOKEN_URLS:
            raise ValueError(f"This is not Google’s token endpoint. Use {GOOGLE_DEFAULT}")
        return found
    if host in egress.oauth_allow_hosts and "//" not in found.path and "/." not in found.path:
        return found
    if host in egress.oauth_allow_hosts:
        raise ValueError("The path of the Access URL is not one. Paste the address as your server names it.")
    raise ValueError(
        f"{name} is not on the list of sign-in hosts, so it gets no secret."
        " Ask the operator of this site to add it, or use the Access URL of Microsoft or Google."
    )
