"""A rule as a sentence: with chips for the screen (mock-up 05), in plain words for the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from mailsettings.models import RoutingRule
from mailsettings.routing.conditions import HEADER_VALUE, Condition, Group, read_groups
from orgs.templatetags.ui import icon

# Puts words into a pattern, or a word into its chip.
Fill = Callable[..., str]


def sentence(rule: RoutingRule) -> str:
    """Say a rule with chips, as the list of rules does."""
    arrow = icon("arrow-right", "icon-sm")
    name = format_html('<span class="tok to">{}&nbsp;{}</span>', arrow, rule.connection.name)
    words = _when(rule, format_html, condition_chips)
    return format_html(_("If {conditions} send with {connection}"), conditions=words, connection=name)


def plain_sentence(rule: RoutingRule) -> str:
    """Say a rule without markup."""
    words = _when(rule, str.format, condition_words)
    return _("If {conditions} send with {connection}").format(
        conditions=words, connection=rule.connection.name
    )


def condition_chips(condition: Condition) -> str:
    """Say a condition with chips."""
    return format_html(
        pgettext("condition", "{field} {comparison} {value}"),
        field=format_html('<span class="tok">{}</span>', looked_at(condition)),
        comparison=condition.operator_label,
        value=format_html('<span class="tok v">{}</span>', condition.value),
    )


def condition_words(condition: Condition) -> str:
    """Say a condition without markup."""
    return pgettext("condition", "{field} {comparison} {value}").format(
        field=looked_at(condition), comparison=condition.operator_label, value=f"“{condition.value}”"
    )


def looked_at(condition: Condition) -> str:
    """Name what a condition looks at; a single header by its own name."""
    if condition.field == HEADER_VALUE and condition.header:
        return _("Header %(name)s") % {"name": condition.header}
    return str(condition.field_label)


def _when(rule: RoutingRule, fill: Fill, say: Callable[[Condition], str]) -> str:
    """Join the conditions: "and" inside a group, "or if" between groups."""

    def both(one: str, other: str) -> str:
        return fill(_("{one} and {other}"), one=one, other=other)

    def either(one: str, other: str) -> str:
        return fill(_("{one} or if {other}"), one=one, other=other)

    def group(conditions: Group) -> str:
        return reduce(both, map(say, conditions))

    groups = [group(conditions) for conditions in read_groups(rule.groups) if conditions]
    return reduce(either, groups) if groups else _("nothing")
