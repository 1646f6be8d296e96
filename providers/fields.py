"""How a provider declares its settings: the base of all settings, and what is read from a declaration."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from providers.markers import (
    Addresses,
    Area,
    Choice,
    CloudPick,
    Date,
    Email,
    Flag,
    GuideStep,
    Marker,
    Number,
    Option,
    Pick,
    Secret,
    Text,
    Url,
)
from providers.secret_text import SecretText


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
            help="Replaces any other From address a notification asks for (Force From);"
            " answers still go to that address.",
        ),
    ] = True
    allowed_senders: Annotated[
        str,
        Addresses(
            label="Additional allowed senders",
            help="Addresses this mailbox may also send as, split by commas. A notification from one of them"
            " keeps it.",
            placeholder="invoices@example.com, support@example.com",
            optional=True,
        ),
    ] = ""


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


LAST: Final = ("force_sender", "allowed_senders")
_SPECS: dict[type[Settings], tuple[FieldSpec, ...]] = {}


def specs(settings_type: type[Settings]) -> tuple[FieldSpec, ...]:
    """List what a provider's settings declare: sender first, then its own, the rules of From last."""
    if settings_type not in _SPECS:
        _SPECS[settings_type] = _read_specs(settings_type)
    return _SPECS[settings_type]


def _read_specs(settings_type: type[Settings]) -> tuple[FieldSpec, ...]:
    hints = get_type_hints(settings_type, include_extras=True)
    found = {one.name: _spec(one, hints[one.name]) for one in dataclasses.fields(settings_type)}
    last = [found.pop(name) for name in LAST]
    return (*found.values(), *last)


def _spec(declaring: dataclasses.Field[Any], hint: Any) -> FieldSpec:  # noqa: ANN401 - any declared type
    if get_origin(hint) is not Annotated:
        raise TypeError(f"{declaring.name} is declared without a marker.")
    declared, marker = get_args(hint)
    default = None if declaring.default is dataclasses.MISSING else declaring.default
    if isinstance(default, SecretText):
        default = None
    if isinstance(marker, Date):
        declared = dt.date
    return FieldSpec(
        name=declaring.name,
        marker=marker,
        type=declared,
        default=default,
        required=not marker.optional and not isinstance(marker, Flag),
        secret=isinstance(marker, Secret),
    )


__all__ = [
    "Addresses",
    "Area",
    "Choice",
    "CloudPick",
    "Date",
    "Email",
    "FieldSpec",
    "Flag",
    "GuideStep",
    "Marker",
    "Number",
    "Option",
    "Pick",
    "Secret",
    "Settings",
    "SettingsInvalid",
    "Text",
    "Url",
    "specs",
]
