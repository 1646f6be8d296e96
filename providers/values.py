"""From what was typed to typed values: one sentence per field that cannot be used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from providers.address import checked_email, shown
from providers.fields import Choice, Date, Email, FieldSpec, Flag, Number, Secret
from providers.secret_text import SecretText

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
TEXT_LIMIT, SECRET_LIMIT = 1000, 4000
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
    """Say whether a field counts beside the other values."""
    condition = spec.marker.only_if
    return condition is None or chosen.get(condition[0]) == condition[1]


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
                if not isinstance(marker, Choice)
                else f"Choose the {marker.label}."
            )
        return empty(spec)
    if CONTROL.search(text):
        raise ValueError(f"{marker.label} contains a line break or control character. Type it again without.")
    return _typed(spec, text)


def _flag(raw: object) -> bool:
    return raw.strip().lower() in TRUE_WORDS if isinstance(raw, str) else bool(raw)


def _typed(spec: FieldSpec, text: str) -> object:
    marker = spec.marker
    match marker:
        case Secret():
            if len(text) > SECRET_LIMIT:
                raise ValueError(
                    f"{marker.label} is longer than {SECRET_LIMIT} characters. Check what was pasted."
                )
            return SecretText(text)
        case Email():
            return _email(text, marker.label)
        case Number():
            return _number(text, marker)
        case Choice():
            if text not in {option.value for option in marker.options}:
                names = ", ".join(option.label for option in marker.options)
                raise ValueError(f"Choose one of: {names}.")
            return text
        case Date():
            return _date(text, marker.label)
    if len(text) > TEXT_LIMIT:
        raise ValueError(f"{marker.label} is longer than {TEXT_LIMIT} characters. Shorten it.")
    return text


def _email(text: str, label: str) -> str:
    if "@" not in text:
        raise ValueError(f"{label}: enter a full address, like notifications@example.com.")
    email = checked_email(text)
    if not email.isascii():
        raise ValueError(f"{label}: use plain letters and digits before the @ of {shown(text)}.")
    return email


def _number(text: str, marker: Number) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or not marker.minimum <= int(text) <= marker.maximum:
        raise ValueError(f"{marker.label} must be a whole number from {marker.minimum} to {marker.maximum}.")
    return int(text)


def _date(text: str, label: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{label} must be a day like 2027-03-31, or empty.") from None
