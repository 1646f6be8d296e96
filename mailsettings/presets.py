"""What choosing one value fills in: a service its server, a TLS option its port, one click an expiry."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _

from providers import Choice, Date, FieldSpec, Option, Pick, Provider, specs
from providers.values import applies

# What Microsoft offers as the longest life of a client secret (WPM-21).
SECRET_MONTHS = 24


@dataclass(frozen=True, kw_only=True)
class ServiceNote:
    """What stands below a dropdown of services: a note on the chosen one (COG-3), or a likely one (COG-4)."""

    name: str
    text: str = ""
    guess: Option | None = None


def fills(spec: FieldSpec) -> bool:
    """Say whether a field is a dropdown whose options fill in others, such as Email service."""
    return isinstance(spec.marker, Pick) and bool(sets_of(spec))


def sets_of(spec: FieldSpec) -> frozenset[str]:
    """Name the fields that an option of this field may fill in."""
    if not isinstance(spec.marker, Choice | Pick):
        return frozenset()
    return frozenset(name for option in spec.marker.options for name in option.sets)


def place_of(spec: FieldSpec, value: str) -> int:
    """Give the place of an option among its field's, counted from 1; 0 where it is none of them."""
    options = spec.marker.options if isinstance(spec.marker, Choice | Pick) else ()
    return next((place for place, option in enumerate(options, 1) if option.value == value), 0)


def service_note(spec: FieldSpec, values: Mapping[str, object]) -> ServiceNote:
    """Say what is to be known about the chosen service, and which one the sender's domain belongs to."""
    option = chosen_option(spec, values)
    domain = str(values.get("sender_email") or "").rpartition("@")[2].strip().lower()
    likely = guessed(spec, domain) if domain and (option is None or not option.sets) else None
    return ServiceNote(name=spec.name, text=_(option.hint) if option and option.hint else "", guess=likely)


def guessed(spec: FieldSpec, domain: str) -> Option | None:
    """Find the option that names a mail domain among its aliases."""
    options = spec.marker.options if isinstance(spec.marker, Pick) else ()
    return next((option for option in options if domain in option.aliases), None)


def chosen_option(spec: FieldSpec, values: Mapping[str, object]) -> Option | None:
    """Give the option a dropdown or a row of choices stands at."""
    if not isinstance(spec.marker, Choice | Pick):
        return None
    value = values.get(spec.name, spec.default)
    return next((option for option in spec.marker.options if option.value == value), None)


def filled(chosen: Provider, values: Mapping[str, object], name: str) -> dict[str, object]:
    """Give what the option of one field sets in others, such as the port that goes with a TLS option."""
    spec = next((one for one in specs(chosen.settings_type) if one.name == name), None)
    option = chosen_option(spec, values) if spec else None
    return dict(option.sets) if option else {}


def locked(chosen: Provider, values: Mapping[str, object]) -> dict[str, object]:
    """Give what is read-only now: what the options of dropdowns set (COG-4), until Other is chosen."""
    found: dict[str, object] = {}
    for spec in specs(chosen.settings_type):
        if isinstance(spec.marker, Pick) and applies(spec, values):
            option = chosen_option(spec, values)
            found |= dict(option.sets) if option else {}
    return found


def in_months(chosen: Provider, name: str, months: int = SECRET_MONTHS) -> dict[str, object]:
    """Give a date field the day so many months from today."""
    spec = next((one for one in specs(chosen.settings_type) if one.name == name), None)
    if spec is None or not isinstance(spec.marker, Date):
        return {}
    return {name: later(timezone.now().date(), months).isoformat()}


def later(day: date, months: int) -> date:
    """Give the same day some months later, or the last of that month."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
