"""From what was typed to typed values: one sentence per field that cannot be used."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from providers.address import MessageInvalid, checked_email, parse_addresses, shown
from providers.fields import FieldSpec
from providers.markers import Addresses, Area, Choice, Date, Email, Flag, Marker, Number, Pick, Secret
from providers.secret_text import SecretText

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# What a text of several lines may not hold.
CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
TEXT_LIMIT, SECRET_LIMIT, AREA_LIMIT = 1000, 4000, 32_000
TRUE_WORDS = {"on", "true", "1", "yes"}


def read_values(
    declared: tuple[FieldSpec, ...], values: Mapping[str, object]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Read every declared field; fields that do not count get their default and no error."""
    chosen: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for spec in sorted(declared, key=lambda one: one.marker.only_if is not None):
        raw = values.get(spec.name)
        if not applies(spec, chosen):
            chosen[spec.name] = empty(spec)
            continue
        try:
            chosen[spec.name] = read(spec, raw)
        except ValueError as error:
            chosen[spec.name] = empty(spec)
            errors[spec.name] = str(error)
    return chosen, errors


def applies(spec: FieldSpec, chosen: Mapping[str, object]) -> bool:
    """Say whether a field counts beside the other values, typed or as settings hold them."""
    return all(
        chosen.get(name) in (wanted if isinstance(wanted, tuple) else (wanted,))
        for name, wanted in conditions(spec)
    )


def conditions(spec: FieldSpec) -> tuple[tuple[str, object], ...]:
    """List the settings and values that make a field count."""
    return tuple(one for one in (spec.marker.only_if, spec.marker.and_if) if one is not None)


def empty(spec: FieldSpec) -> object:
    """Give the value of a field that was left out."""
    if spec.secret:
        return SecretText("")
    if isinstance(spec.marker, Date):
        return None
    return "" if spec.default is None else spec.default


def read(spec: FieldSpec, raw: object) -> object:
    """Read one value.

    Raises:
        ValueError: the sentence for the field.
    """
    marker = spec.marker
    if isinstance(marker, Flag):
        return spec.default if raw is None else _flag(raw)
    if isinstance(raw, SecretText):
        raw = raw.reveal()
    if isinstance(raw, date):
        raw = raw.isoformat()
    if raw is not None and not isinstance(raw, str | int):
        raise ValueError(f"{marker.label} must be a text.")
    text = "" if raw is None else str(raw)
    text = text.strip("\r\n") if spec.secret else text.strip()
    if not text:
        # A value left out stands for its default; one emptied by hand is missed.
        if raw is None and spec.default not in (None, ""):
            return spec.default
        if spec.required:
            raise ValueError(
                f"Enter the {marker.label}."
                if not isinstance(marker, Choice | Pick)
                else f"Choose the {marker.label}."
            )
        return empty(spec)
    text = text.replace("\r\n", "\n") if isinstance(marker, Area) else text
    if (CONTROL_BUT_LINES if isinstance(marker, Area) else CONTROL).search(text):
        raise ValueError(f"{marker.label} contains a line break or control character. Type it again without.")
    return _typed(spec, text)


def _flag(raw: object) -> bool:
    return raw.strip().lower() in TRUE_WORDS if isinstance(raw, str) else bool(raw)


def _typed(spec: FieldSpec, text: str) -> object:
    reader = READERS.get(type(spec.marker), _line)
    return reader(text, spec.marker)


def _line(text: str, marker: Marker) -> str:
    return _short_enough(text, marker, TEXT_LIMIT)


def _area(text: str, marker: Marker) -> str:
    return _short_enough(text, marker, AREA_LIMIT)


def _short_enough(text: str, marker: Marker, limit: int) -> str:
    if len(text) > limit:
        raise ValueError(f"{marker.label} is longer than {limit} characters. Shorten it.")
    return text


def _secret(text: str, marker: Marker) -> SecretText:
    if len(text) > SECRET_LIMIT:
        raise ValueError(f"{marker.label} is longer than {SECRET_LIMIT} characters. Check what was pasted.")
    return SecretText(text)


def _choice(text: str, marker: Choice) -> str:
    if text not in {option.value for option in marker.options}:
        names = ", ".join(option.label for option in marker.options)
        raise ValueError(f"Choose one of: {names}.")
    return text


def plain_name(text: str) -> str:
    """Give a name without case, blanks and punctuation: "Office 365" and "office365" are one."""
    return "".join(character for character in text.casefold() if character.isalnum())


def _pick(text: str, marker: Pick) -> str:
    """Find an option by its value, else by its label or an alias as people write it."""
    if text in {option.value for option in marker.options}:
        return text
    name = plain_name(text)
    for option in marker.options:
        if name in {plain_name(known) for known in (option.value, option.label, *option.aliases)}:
            return option.value
    raise ValueError(f"{shown(text)} is not in the list of {marker.label}. Choose one that is.")


def _email(text: str, marker: Marker) -> str:
    if "@" not in text:
        raise ValueError(f"{marker.label}: enter a full address, like notifications@example.com.")
    email = checked_email(text)
    if not email.isascii():
        raise ValueError(f"{marker.label}: use plain letters and digits before the @ of {shown(text)}.")
    return email


def _addresses(text: str, marker: Marker) -> str:
    try:
        return ", ".join(one.email for one in parse_addresses(text))
    except MessageInvalid as error:
        raise ValueError(f"{marker.label}: {error.text}") from None


def _number(text: str, marker: Number) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or not marker.minimum <= int(text) <= marker.maximum:
        raise ValueError(f"{marker.label} must be a whole number from {marker.minimum} to {marker.maximum}.")
    return int(text)


def _date(text: str, marker: Marker) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{marker.label} must be a day like 2027-03-31, or empty.") from None


READERS: Final[Mapping[type[Marker], Callable[[str, Any], object]]] = {
    Addresses: _addresses,
    Area: _area,
    Choice: _choice,
    Date: _date,
    Email: _email,
    Number: _number,
    Pick: _pick,
    Secret: _secret,
}
