"""Consent: how somebody lets this platform send from their own account (RFC 6749 §4.1, RFC 7636)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from providers.errors import ProviderError
from providers.fields import Settings
from providers.network import Egress
from providers.session import WireContext
from providers.token_store import Token

# What must survive the trip to the consent page: texts and lists of texts, ready for JSON. It holds the PKCE
# verifier, so whoever keeps it seals it.
Flow = Mapping[str, str | list[str]]


@dataclass(frozen=True, kw_only=True)
class Permission:
    """One permission that is asked for, and what it is for."""

    scope: str
    label: str
    required: bool


@dataclass(frozen=True, kw_only=True)
class ConsentStart:
    """Where to send the browser, whose answer is expected, and what to keep (sealed) until then."""

    url: str
    issuer: str
    flow: Flow


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who consented, as the provider names them; `subject` is the provider's own stable name."""

    name: str
    email: str
    subject: str
    tenant: str


@dataclass(frozen=True, kw_only=True)
class Granted:
    """What came of a consent; `missing` are required permissions that were not granted."""

    token: Token
    account: Account
    scopes: tuple[str, ...]
    missing: tuple[str, ...]


class ConsentMethod(Protocol):
    """One way to ask for consent; `callback` names the redirect address: microsoft or google."""

    callback: str

    def permissions(self, settings: Settings) -> tuple[Permission, ...]:
        """List what will be asked for."""

    def begin(
        self,
        settings: Settings,
        *,
        redirect_uri: str,
        state: str,
        egress: Egress,
        login_hint: str = "",
        reconsent: bool = False,
    ) -> ConsentStart:
        """Make the address of the consent page, without any network.

        `state` is the caller's secret of this trip. `reconsent` asks again for what was granted before.

        Raises:
            ProviderError: the settings do not lead to a sign-in host that is allowed.
        """

    def redeem(
        self, settings: Settings, flow: Flow, answer: Mapping[str, str], context: WireContext
    ) -> Granted:
        """Turn the answer of the callback into tokens, at the issuer the flow was begun with.

        Raises:
            ProviderError: refused, or the answer is of another issuer, tenant or trip.
        """

    def admin_consent_url(
        self, settings: Settings, redirect_uri: str = "", state: str = "", *, egress: Egress | None = None
    ) -> str:
        """Give the link for an administrator to consent for everybody, or "" where there is none."""

    def refused(self, answer: Mapping[str, str]) -> ProviderError:
        """Turn the error of a callback into ours."""

    def revoke(self, settings: Settings, token: Token, context: WireContext) -> None:
        """Give the consent back where the provider can take it; never raises."""
