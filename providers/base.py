"""What every provider is: its declaration, its rules, and the session that carries messages."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self

from providers.address import NAME_LIMIT
from providers.errors import Refusal, Stage
from providers.fields import FieldSpec, GuideStep, Settings, SettingsInvalid, specs
from providers.message import Message
from providers.network import Egress
from providers.secret_text import SecretText
from providers.trace import StageResult, Trace
from providers.values import applies, read_values


@dataclass(frozen=True)
class Receipt:
    """What the other side said when it took a message."""

    accepted: tuple[str, ...]
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    reply: str = ""
    provider_id: str = ""


@dataclass(frozen=True)
class Token:
    """An access token, when it ends (Unix time), and the roles it says it carries (None: unreadable)."""

    value: SecretText
    expires_at: float
    roles: tuple[str, ...] | None = None


class TokenStore(Protocol):
    """Remembers access tokens by connection."""

    def get(self, key: str) -> Token | None:
        """Give the stored token, if any."""

    def put(self, key: str, token: Token) -> None:
        """Remember a token."""

    def drop(self, key: str) -> None:
        """Forget the token of a key."""


class MemoryTokenStore:
    """A store for one process; holds a bounded number of tokens."""

    LIMIT = 1000

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Token | None:
        """Give the stored token, if any."""
        with self._lock:
            return self._tokens.get(key)

    def put(self, key: str, token: Token) -> None:
        """Remember a token; the oldest one makes room."""
        with self._lock:
            self._tokens.pop(key, None)
            if len(self._tokens) >= self.LIMIT:
                del self._tokens[next(iter(self._tokens))]
            self._tokens[key] = token

    def drop(self, key: str) -> None:
        """Forget the token of a key."""
        with self._lock:
            self._tokens.pop(key, None)


@dataclass(frozen=True)
class WireContext:
    """What a session needs from outside; `time_limit` is for one message or the opening, in seconds."""

    egress: Egress
    trace: Trace
    tokens: TokenStore
    connection_key: str
    time_limit: float = 180.0


def no_marker() -> None:
    """Stand in where nobody wants to know that transmission begins."""


class Session(Protocol):
    """One open, authenticated way out; sends many messages, one after the other."""

    def send(self, message: Message, *, before_transmit: Callable[[], None] = no_marker) -> Receipt:
        """Send one message; `before_transmit` runs when nothing has left yet and may stop it by raising."""

    def verify(self, sender: str, recipient: str) -> None:
        """Prove as much as can be proven without sending."""

    def close(self) -> None:
        """End politely; never raises."""

    def __enter__(self) -> Self:
        """Give itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close."""


class Provider(ABC):
    """One choice under "Mailing provider"."""

    key: ClassVar[str]
    label: ClassVar[str]
    summary: ClassVar[str]
    settings_type: ClassVar[type[Settings]]
    destination_fields: ClassVar[tuple[str, ...]]
    guide: ClassVar[tuple[GuideStep, ...]] = ()

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
]
