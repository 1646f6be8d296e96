"""How a provider declares its settings: markers for the fields, and the base of all settings."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from providers.secret_text import SecretText


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


_SPECS: dict[type[Settings], tuple[FieldSpec, ...]] = {}


def specs(settings_type: type[Settings]) -> tuple[FieldSpec, ...]:
    """List what a provider's settings declare: sender first, then its own, "always use" last."""
    if settings_type not in _SPECS:
        _SPECS[settings_type] = _read_specs(settings_type)
    return _SPECS[settings_type]


def _read_specs(settings_type: type[Settings]) -> tuple[FieldSpec, ...]:
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
