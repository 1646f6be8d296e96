"""What a rule looks at and how it compares: fields, operators and conditions, as data (WPM-34)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from mailsettings.routing.comparing import Comparison, contains, ends, equals, matches, starts

GROUPS_LIMIT: Final = 10
CONDITIONS_LIMIT: Final = 10
VALUE_LIMIT: Final = 500
HEADER_NAME_LIMIT: Final = 77
# The one field that may look at a single header.
HEADER_VALUE: Final = "header_value"
Text = str | Promise

# In the order in which screens offer them.
FIELDS: Final[Mapping[str, Text]] = {
    "subject": gettext_lazy("Subject"),
    "body": gettext_lazy("Body"),
    "from_address": pgettext_lazy("sender", "From"),
    "from_name": gettext_lazy("From name"),
    "to": pgettext_lazy("recipients", "To"),
    "cc": gettext_lazy("Cc"),
    "bcc": gettext_lazy("Bcc"),
    "reply_to": gettext_lazy("Reply-To"),
    "recipient_domain": gettext_lazy("Recipient domain"),
    "header_name": gettext_lazy("Header name"),
    HEADER_VALUE: gettext_lazy("Header value"),
    "notification_type": gettext_lazy("Notification type"),
}


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One way to compare; a negative one holds when its opposite holds for no value."""

    label: Text
    compare: Comparison
    is_negative: bool = False


OPERATORS: Final[Mapping[str, Operator]] = {
    "contains": Operator(label=gettext_lazy("contains"), compare=contains),
    "not_contains": Operator(label=gettext_lazy("does not contain"), compare=contains, is_negative=True),
    "is": Operator(label=gettext_lazy("is"), compare=equals),
    "is_not": Operator(label=gettext_lazy("is not"), compare=equals, is_negative=True),
    "starts": Operator(label=gettext_lazy("starts with"), compare=starts),
    "ends": Operator(label=gettext_lazy("ends with"), compare=ends),
    "matches": Operator(label=gettext_lazy("matches"), compare=matches),
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with a condition: the part (field, operator, value, header) and the sentence."""

    part: str
    text: Text


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One comparison; a broken one (`fault`) never matches, and screens show it as broken."""

    field: str
    operator: str
    value: str
    # For HEADER_VALUE: the one header it looks at; empty means any.
    header: str = ""
    fault: Fault | None = None

    @property
    def field_label(self) -> Text:
        """Name the field; an unknown one by what is stored."""
        return FIELDS.get(self.field, self.field)

    @property
    def operator_label(self) -> Text:
        """Name the operator; an unknown one by what is stored."""
        known = OPERATORS.get(self.operator)
        return known.label if known else self.operator

    def as_json(self) -> dict[str, str]:
        """Give the form that is stored."""
        stored = {"field": self.field, "operator": self.operator, "value": self.value}
        return {**stored, "header": self.header} if self.header else stored


Group = tuple[Condition, ...]
Groups = tuple[Group, ...]


class RuleInvalid(Exception):
    """A rule that cannot be saved: a sentence, and the fault of each condition by (group, condition)."""

    def __init__(self, text: Text, faults: Mapping[tuple[int, int], Fault] | None = None) -> None:
        """Keep the sentence for the rule and the faults for its conditions."""
        super().__init__(text)
        self.text = text
        self.faults = dict(faults or {})


def read_condition(stored: object) -> Condition:
    """Read one condition; what makes no sense gives a broken one, never an error."""
    parts: Mapping[object, object] = stored if isinstance(stored, Mapping) else {}
    field, operator, value, header = (
        _text(parts.get(key)) for key in ("field", "operator", "value", "header")
    )
    if field != HEADER_VALUE:
        header = ""
    return Condition(
        field=field,
        operator=operator,
        value=value,
        header=header,
        fault=_fault(field, operator, value, header),
    )


def read_groups(stored: object) -> Groups:
    """Read what a rule has stored, or a form was sent; never raises."""
    rows = stored if isinstance(stored, list | tuple) else []
    return tuple(tuple(read_condition(item) for item in _items(row)) for row in rows)


def check_groups(groups: Groups) -> None:
    """See that groups can be saved.

    Raises:
        RuleInvalid: says what to change.
    """
    faults = {place: condition.fault for place, condition in numbered(groups) if condition.fault}
    if faults:
        raise RuleInvalid(_("A condition of this rule cannot be used."), faults)
    if not groups or not all(groups):
        raise RuleInvalid(_("Add at least one condition to each group."))
    if len(groups) > GROUPS_LIMIT:
        raise RuleInvalid(_("A rule may have at most %(count)d groups.") % {"count": GROUPS_LIMIT})
    if any(len(group) > CONDITIONS_LIMIT for group in groups):
        raise RuleInvalid(_("A group may have at most %(count)d conditions.") % {"count": CONDITIONS_LIMIT})


def numbered(groups: Groups) -> Iterator[tuple[tuple[int, int], Condition]]:
    """Give every condition with the numbers of its group and of itself in it, from 0."""
    for number, group in enumerate(groups):
        for place, condition in enumerate(group):
            yield (number, place), condition


def _items(row: object) -> Sequence[object]:
    """Give the conditions of a stored group; anything else counts as one that is broken."""
    return row if isinstance(row, list | tuple) else (row,)


def _text(stored: object) -> str:
    """Give a stored string as it is shown: one line, blanks run together; anything else is empty."""
    return " ".join(stored.split()) if isinstance(stored, str) else ""


def _fault(field: str, operator: str, value: str, header: str) -> Fault | None:
    """Say what is wrong with the parts of a condition."""
    if field not in FIELDS:
        return Fault(part="field", text=_("Choose what to look at."))
    if operator not in OPERATORS:
        return Fault(part="operator", text=_("Choose how to compare."))
    if not value:
        return Fault(part="value", text=_("Enter a value."))
    for part, text, limit in (("value", value, VALUE_LIMIT), ("header", header, HEADER_NAME_LIMIT)):
        if len(text) > limit:
            return Fault(part=part, text=_("Use at most %(count)d characters.") % {"count": limit})
        if not text.isprintable() and any(unicodedata.category(one) in {"Cc", "Cs"} for one in text):
            return Fault(part=part, text=_("Remove the control character."))
    return None
