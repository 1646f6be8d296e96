"""What every provider is: its declaration, its rules, and how it opens a way out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from providers.address import NAME_LIMIT
from providers.consent import ConsentMethod
from providers.errors import Refusal, Stage
from providers.fields import FieldSpec, GuideStep, Settings, SettingsInvalid, specs
from providers.network import Egress
from providers.session import Answer, Receipt, Session, WireContext, no_marker
from providers.token_store import MemoryTokenStore, Token, TokenStore
from providers.trace import StageResult, Trace
from providers.values import applies, read_values


@dataclass(frozen=True, kw_only=True)
class IdentityPicture:
    """Who is who when this connection sends (NEW-9); `conflicts` are sentences naming refused pairs."""

    signs_in: str
    envelope_sender: str
    from_address: str
    reply_to: str = ""
    conflicts: tuple[str, ...] = ()


class Provider(ABC):
    """One choice under "Mailing provider"."""

    key: ClassVar[str]
    label: ClassVar[str]
    summary: ClassVar[str]
    settings_type: ClassVar[type[Settings]]
    destination_fields: ClassVar[tuple[str, ...]]
    guide: ClassVar[tuple[GuideStep, ...]] = ()
    # A symbol of static/icons.svg.
    icon: ClassVar[str] = "mail"
    # Nothing can be sent before somebody has connected an account.
    needs_consent: ClassVar[bool] = False
    consent: ClassVar[ConsentMethod | None] = None

    def parse(self, values: Mapping[str, object], egress: Egress) -> Settings:
        """Turn typed values into settings.

        Raises:
            SettingsInvalid: one sentence per wrong or missing field.
        """
        declared = specs(self.settings_type)
        chosen, errors = read_values(declared, values)
        if len(str(chosen["sender_name"])) > NAME_LIMIT:
            errors["sender_name"] = f"Sender name is longer than {NAME_LIMIT} characters. Shorten it."
        self.validate(chosen, errors, egress)
        shown = {name: text for name, text in errors.items() if _counts(declared, name, chosen)}
        if shown:
            raise SettingsInvalid(shown)
        return self.settings_type(**chosen)

    @abstractmethod
    def validate(self, chosen: dict[str, Any], errors: dict[str, str], egress: Egress) -> None:
        """Normalise `chosen` and add to `errors` what only this provider knows."""

    @abstractmethod
    def warnings(self, settings: Settings) -> dict[str, str]:
        """Give notes by field that do not stop a save."""

    @abstractmethod
    def destination(self, settings: Settings) -> tuple[str, ...]:
        """Name where the secrets go: kind and parts, for sealing."""

    @abstractmethod
    def identity(self, settings: Settings) -> list[tuple[str, str]]:
        """Give label and value of what identifies this connection; nothing secret."""

    def identity_picture(self, settings: Settings, account: str = "") -> IdentityPicture:
        """Say who signs in, who gets bounces and whose address is shown; `account` is the connected one."""
        return IdentityPicture(
            signs_in=account or settings.sender_email,
            envelope_sender=settings.sender_email,
            from_address=settings.sender_email or account,
        )

    def requests_at_once(self, settings: Settings) -> int:  # noqa: ARG002 - most send one after the other
        """Say how many messages one session may have under way at a time."""
        return 1

    def renew(self, settings: Settings, context: WireContext) -> None:  # noqa: B027 - most have nothing to renew
        """Fetch a new access token now, so that a connection nobody uses lives on (field lessons 2.2).

        Raises:
            ProviderError: the renewal was refused, or nobody answered.
        """

    @abstractmethod
    def open(self, settings: Settings, context: WireContext) -> Session:
        """Connect and sign in.

        Raises:
            ProviderError: with the stage at which it failed.
        """


def _counts(declared: tuple[FieldSpec, ...], name: str, chosen: Mapping[str, object]) -> bool:
    spec = next((one for one in declared if one.name == name), None)
    return spec is None or applies(spec, chosen)


__all__ = [
    "Answer",
    "IdentityPicture",
    "MemoryTokenStore",
    "Provider",
    "Receipt",
    "Refusal",
    "Session",
    "Stage",
    "StageResult",
    "Token",
    "TokenStore",
    "Trace",
    "WireContext",
    "no_marker",
]
