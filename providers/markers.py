"""Markers: what kind of field the screen shows for a setting, and its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Option:
    """One value of a `Choice` or `Pick`; `sets` gives what other fields become when it is chosen.

    A `Pick` also takes its `aliases` and its label for the value, in any case and punctuation.
    """

    value: str
    label: str
    hint: str = ""
    aliases: tuple[str, ...] = ()
    sets: Mapping[str, object] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True)
class Marker:
    """What the screen says about a setting.

    `only_if` names the setting and the value, or a tuple of values, that make it count; `and_if` a second
    one. Fields with `fold` stand under a heading that opens.
    """

    label: str
    help: str = ""
    optional: bool = False
    placeholder: str = ""
    only_if: tuple[str, object] | None = None
    and_if: tuple[str, object] | None = None
    section: str = ""
    fold: bool = False
    half: bool = False
    mono: bool = False
    guide: tuple[str, ...] = ()
    sample: str = ""


@dataclass(frozen=True, kw_only=True)
class Text(Marker):
    """One line of text."""


@dataclass(frozen=True, kw_only=True)
class Area(Marker):
    """Text of several lines, such as a certificate; line ends are read as LF."""


@dataclass(frozen=True, kw_only=True)
class Email(Marker):
    """One address."""


@dataclass(frozen=True, kw_only=True)
class Addresses(Marker):
    """Several addresses split by commas, kept as one text."""


@dataclass(frozen=True, kw_only=True)
class Secret(Marker):
    """Never shown again once saved; `generated` ones may show their last four characters.

    `expiry` names the setting that says on which day it expires.
    """

    generated: bool = False
    expiry: str = ""


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
    """One of two to four values, side by side."""

    options: tuple[Option, ...]


@dataclass(frozen=True, kw_only=True)
class Pick(Marker):
    """One of many values, in a dropdown."""

    options: tuple[Option, ...]


@dataclass(frozen=True, kw_only=True)
class CloudPick(Marker):
    """The key of one of the operator's Microsoft clouds (`Egress.clouds`), in a dropdown."""


@dataclass(frozen=True, kw_only=True)
class Flag(Marker):
    """On or off."""


@dataclass(frozen=True, kw_only=True)
class GuideStep:
    """One step of a set-up guide; **bold** marks what is to be found on the other product's screen.

    Text, link and commands may name the organization's own values in braces, such as {sender}; they are
    filled in where the guide is shown. Inside commands they stand between single quotes.
    """

    title: str
    text: str
    link: str = ""
    link_label: str = ""
    commands: tuple[str, ...] = ()
