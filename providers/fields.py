"""How a provider declares its settings: markers, secrets that stay hidden, and the base of all settings."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, NoReturn, TypeVar, get_args, get_origin, get_type_hints

MASK = "•••"
HINT_FROM = 16
T = TypeVar("T")


class SecretText:
    """A secret that no repr, format, copy, pickle or JSON gives away; opened inside `providers` only."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the clear text; called inside `providers` only, which a test watches over."""
        return self._value

    def sealed_by(self, seal: Callable[[bytes], T]) -> T:
        """Hand the clear text to a sealing function and give its answer, so that callers never hold it."""
        return seal(self._value.encode())

    def hint(self) -> str:
        """Give the last four characters of a secret long enough to spare them, else nothing."""
        return self._value[-4:] if len(self._value) >= HINT_FROM else ""

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretText):
            return NotImplemented
        return hmac.compare_digest(
            self._value.encode(errors="surrogatepass"), other._value.encode(errors="surrogatepass")
        )

    def __hash__(self) -> int:
        # One value for all: a hash must not tell two secrets apart.
        return hash(SecretText)

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __copy__(self) -> SecretText:
        return self

    def __deepcopy__(self, memo: object) -> SecretText:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A secret is not pickled.")


@dataclass(frozen=True, kw_only=True)
class Option:
    """One choice of a `Choice`."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Marker:
    """What the screen says about a setting; `only_if` names the setting and value that make it count."""

    label: str
    help: str = ""
    optional: bool = False
    placeholder: str = ""
    only_if: tuple[str, object] | None = None
    section: str = ""
    half: bool = False
    mono: bool = False
    guide: tuple[str, ...] = ()
    sample: str = ""


@dataclass(frozen=True, kw_only=True)
class Text(Marker):
    """One line of text."""


@dataclass(frozen=True, kw_only=True)
class Email(Marker):
    """One address."""


@dataclass(frozen=True, kw_only=True)
class Secret(Marker):
    """Never shown again once saved; `generated` ones may show their last four characters."""

    generated: bool = False


@dataclass(frozen=True, kw_only=True)
class Url(Marker):
    """A web address."""


@dataclass(frozen=True, kw_only=True)
class Date(Marker):
    """A calendar day, or none."""


@dataclass(frozen=True, kw_only=True)
class Number(Marker):
    """A whole number within limits."""

    minimum: int
    maximum: int


@dataclass(frozen=True, kw_only=True)
class Choice(Marker):
    """One of a few values."""

    options: tuple[Option, ...]


@dataclass(frozen=True, kw_only=True)
class Flag(Marker):
    """On or off."""


@dataclass(frozen=True, kw_only=True)
class GuideStep:
    """One step of a set-up guide; **bold** marks what is to be found on the other product's screen."""

    title: str
    text: str
    link: str = ""
    link_label: str = ""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The typed values of one connection; what every provider asks."""

    sender_email: Annotated[
        str,
        Email(
            label="Sender email",
            help="The mailbox that sends, for example a service account.",
            placeholder="notifications@example.com",
            half=True,
        ),
    ]
    sender_name: Annotated[
        str,
        Text(label="Sender name", help="Shown to the people who receive it.", optional=True, half=True),
    ] = ""
    force_sender: Annotated[
        bool,
        Flag(
            label="Always use this sender",
            help="Replaces any other From address a notification asks for (Force From).",
        ),
    ] = True


@dataclass(frozen=True, kw_only=True)
class FieldSpec:
    """One declared setting, as forms, sealing and API read it."""

    name: str
    marker: Marker
    type: Any
    default: Any
    required: bool
    secret: bool


class SettingsInvalid(ValueError):
    """Values that cannot be used: one sentence per wrong field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {sentence}" for name, sentence in errors.items()))
        self.errors: dict[str, str] = dict(errors)


def specs(settings_type: type[Settings]) -> tuple[FieldSpec, ...]:
    """List what a provider's settings declare: sender first, then its own, "always use" last."""
    return _specs(settings_type)


@cache
def _specs(settings_type: type[Any]) -> tuple[FieldSpec, ...]:
    hints = get_type_hints(settings_type, include_extras=True)
    found = {field.name: _spec(field, hints[field.name]) for field in dataclasses.fields(settings_type)}
    last = found.pop("force_sender")
    return (*found.values(), last)


def _spec(field: dataclasses.Field[Any], hint: Any) -> FieldSpec:  # noqa: ANN401 - any declared type
    if get_origin(hint) is not Annotated:
        raise TypeError(f"{field.name} is declared without a marker.")
    declared, marker = get_args(hint)
    default = None if field.default is dataclasses.MISSING else field.default
    if isinstance(default, SecretText):
        default = None
    if isinstance(marker, Date):
        declared = dt.date
    return FieldSpec(
        name=field.name,
        marker=marker,
        type=declared,
        default=default,
        required=not marker.optional and not isinstance(marker, Flag),
        secret=isinstance(marker, Secret),
    )
