"""Who calls Graph, with which permissions, and for which mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from sandbox.directory import Directory, Mailbox
from sandbox.graph_errors import (
    DENIED,
    DISABLED,
    LIMITED,
    NO_REST,
    NOT_DELEGATED,
    POLICY,
    SUSPENDED,
    GraphRefused,
    unauthorized,
)
from sandbox.http_server import Request
from sandbox.mint import TokenRefused

SHARED = "Mail.Send.Shared"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whom an access token speaks for; `account` is empty for an application."""

    tenant_id: str
    client_id: str
    permissions: frozenset[str]
    account: str = ""
    name: str = ""

    @property
    def signed_in_as(self) -> str:
        """What a caught mail says of it."""
        return self.account or f"app {self.client_id}"

    def needs(self, permission: str) -> None:
        """Refuse a token without this permission."""
        if permission not in self.permissions:
            raise GraphRefused(403, "ErrorAccessDenied", DENIED)


def caller(request: Request, directory: Directory, audience: str) -> Caller:
    """Read the token of a request; raises GraphRefused."""
    scheme, _, token = str(request.headers.get("Authorization", "")).partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthorized("Access token is empty.")
    try:
        claims = directory.mint.read(token.strip(), audiences=[audience])
    except TokenRefused as refusal:
        raise unauthorized(str(refusal)) from refusal
    return Caller(
        tenant_id=str(claims["tid"]),
        client_id=str(claims["appid"]),
        permissions=frozenset(_permissions(claims)),
        account=str(claims.get("upn", "")),
        name=str(claims.get("name", "")),
    )


def mailbox_of(segments: list[str], who: Caller, directory: Directory) -> tuple[Mailbox, list[str]]:
    """The mailbox a path begins with, and the rest of the path; raises GraphRefused."""
    if segments[:1] == ["me"]:
        if not who.account:
            raise GraphRefused(400, "BadRequest", NOT_DELEGATED)
        address, rest = who.account, segments[1:]
    elif segments[:1] == ["users"] and len(segments) > 1:
        address, rest = unquote(segments[1]), segments[2:]
    else:
        text = f"Resource not found for the segment '{segments[-1] if segments else ''}'."
        raise GraphRefused(400, "BadRequest", text)
    return _opened(address, who, directory), rest


def may_send(mailbox: Mailbox) -> None:
    """Refuse a mailbox whose account may not send just now."""
    if mailbox.suspended:
        raise GraphRefused(403, "ErrorAccountSuspend", SUSPENDED)
    if mailbox.over_limit:
        raise GraphRefused(429, "ErrorExceededMessageLimit", LIMITED)


def _opened(address: str, who: Caller, directory: Directory) -> Mailbox:
    mailbox = directory.mailbox(address, who.tenant_id)
    if mailbox is None:
        raise GraphRefused(404, "ErrorInvalidUser", f"The requested user '{address}' is invalid.")
    if not mailbox.rest_enabled:
        raise GraphRefused(404, "MailboxNotEnabledForRESTAPI", NO_REST)
    if mailbox.disabled:
        raise GraphRefused(403, "ErrorAccountDisabled", DISABLED)
    foreign = bool(who.account) and who.account.lower() != mailbox.address.lower()
    if not mailbox.allowed:
        raise GraphRefused(403, "ErrorAccessDenied", POLICY)
    if foreign and not (SHARED in who.permissions and who.account.lower() in _lower(mailbox.full_access)):
        raise GraphRefused(403, "ErrorAccessDenied", DENIED)
    return mailbox


def _lower(addresses: frozenset[str]) -> set[str]:
    return {address.lower() for address in addresses}


def _permissions(claims: Mapping[str, object]) -> list[str]:
    roles = claims.get("roles")
    return [str(role) for role in roles] if isinstance(roles, list) else str(claims.get("scp", "")).split()
