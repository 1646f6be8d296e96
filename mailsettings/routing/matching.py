"""Which rule decides for a message, and why: pure reading, nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from mailsettings.models import RoutingRule
from mailsettings.routing.comparing import plain
from mailsettings.routing.conditions import (
    CONDITIONS_LIMIT,
    GROUPS_LIMIT,
    OPERATORS,
    Condition,
    Group,
    read_groups,
)
from mailsettings.routing.sample import Reading, Sample


class Matchable(Protocol):
    """What a rule needs to be matched: its switch, and its groups as they are stored."""

    @property
    def enabled(self) -> bool:
        """Whether it may decide."""

    @property
    def groups(self) -> Any:  # noqa: ANN401  # whatever JSON somebody stored
        """Groups, one of which must match."""


Rule = TypeVar("Rule", bound=Matchable)


@dataclass(frozen=True, kw_only=True)
class ConditionResult:
    """One condition, and whether it held for the message."""

    condition: Condition
    matched: bool


@dataclass(frozen=True, kw_only=True)
class GroupResult:
    """One group: it matched when every condition held."""

    conditions: tuple[ConditionResult, ...]
    matched: bool


@dataclass(frozen=True, kw_only=True)
class RuleResult:
    """One rule: it matched when one group did; `decides` marks the first enabled one."""

    rule: RoutingRule
    groups: tuple[GroupResult, ...]
    matched: bool
    decides: bool


def choose(rules: Iterable[Rule], sample: Sample) -> Rule | None:
    """Give the first enabled rule that matches; None leaves the message to the order of connections."""
    reading = Reading(sample)
    return next((rule for rule in rules if rule.enabled and _rule_matches(rule, reading)), None)


def explain(rules: Iterable[RoutingRule], sample: Sample) -> tuple[RuleResult, ...]:
    """Say for every rule, switched off or not, which of its conditions hold, and which rule decides."""
    reading, results, is_open = Reading(sample), [], True
    for rule in rules:
        groups = tuple(
            GroupResult(
                conditions=tuple(
                    ConditionResult(condition=condition, matched=holds(condition, reading))
                    for condition in group
                ),
                matched=number < GROUPS_LIMIT and _group_matches(group, reading),
            )
            for number, group in enumerate(read_groups(rule.groups))
        )
        matched = any(group.matched for group in groups)
        decides = is_open and rule.enabled and matched
        is_open = is_open and not decides
        results.append(RuleResult(rule=rule, groups=groups, matched=matched, decides=decides))
    return tuple(results)


def _rule_matches(rule: Matchable, reading: Reading) -> bool:
    """Say whether one of the groups matches; what is stored beyond the bounds is not looked at."""
    return any(_group_matches(group, reading) for group in read_groups(rule.groups)[:GROUPS_LIMIT])


def _group_matches(group: Group, reading: Reading) -> bool:
    """Say whether every condition holds; a group that is empty or beyond the bounds matches nothing."""
    fits = 0 < len(group) <= CONDITIONS_LIMIT
    return fits and all(holds(condition, reading) for condition in group)


def holds(condition: Condition, reading: Reading) -> bool:
    """Say whether a condition holds: any value for a positive operator, none for a negative one."""
    if condition.fault:
        return False
    operator, wanted = OPERATORS[condition.operator], plain(condition.value)
    found = any(operator.compare(value, wanted) for value in reading.values(condition))
    return found != operator.is_negative
