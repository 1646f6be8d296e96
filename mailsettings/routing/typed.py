"""The conditions of a rule as a form sends them, and the buttons that add and remove them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from mailsettings.routing.conditions import CONDITIONS_LIMIT, FIELDS, GROUPS_LIMIT, OPERATORS, Groups

# One condition as typed: part → text. Groups of them, in the order of the page.
TypedCondition = dict[str, str]
TypedGroups = list[list[TypedCondition]]

PARTS: Final = ("field", "header", "operator", "value")
NAME: Final = re.compile(rf"condition-([0-9]{{1,2}})-([0-9]{{1,2}})-({'|'.join(PARTS)})")
PRESSED: Final = re.compile(r"(add|remove)-(group|condition)(?:-([0-9]{1,2}))?(?:-([0-9]{1,2}))?")
ADD_GROUP: Final = "add-group"


def name_of(group: int, condition: int, part: str) -> str:
    """Name a control of a condition; both numbers count from 0."""
    return f"condition-{group}-{condition}-{part}"


def empty_condition() -> TypedCondition:
    """Give the condition a new line begins with."""
    return {"field": next(iter(FIELDS)), "header": "", "operator": next(iter(OPERATORS)), "value": ""}


def typed_groups(posted: Mapping[str, str]) -> TypedGroups:
    """Read the conditions a browser sent, numbered anew without gaps, as far as limits go."""
    found: dict[int, dict[int, TypedCondition]] = {}
    for name in posted:
        said = NAME.fullmatch(name)
        if said is None:
            continue
        group, condition, part = int(said[1]), int(said[2]), said[3]
        if group < GROUPS_LIMIT and condition < CONDITIONS_LIMIT:
            place = found.setdefault(group, {}).setdefault(condition, dict.fromkeys(PARTS, ""))
            place[part] = str(posted[name])
    groups = [[rows[place] for place in sorted(rows)] for _number, rows in sorted(found.items())]
    return groups or [[empty_condition()]]


def stored_groups(groups: Groups) -> TypedGroups:
    """Give the conditions of a saved rule as if they had been typed."""
    typed = [[dict.fromkeys(PARTS, "") | condition.as_json() for condition in group] for group in groups]
    return [group for group in typed if group] or [[empty_condition()]]


def press(groups: TypedGroups, button: str) -> str:
    """Do what a button says to the groups in place; gives the id of the control that takes the focus.

    What makes no sense does nothing, and gives no id.
    """
    if button == ADD_GROUP and len(groups) < GROUPS_LIMIT:
        groups.append([empty_condition()])
        return f"id_{name_of(len(groups) - 1, 0, 'field')}"
    said = PRESSED.fullmatch(button)
    if said is None or said[3] is None or int(said[3]) >= len(groups):
        return ""
    number = int(said[3])
    if said[1] == "add" and said[2] == "condition" and said[4] is None:
        return _add_condition(groups, number)
    if said[1] == "remove" and said[2] == "group" and said[4] is None:
        return _remove_group(groups, number)
    if said[1] == "remove" and said[2] == "condition" and said[4] is not None:
        return _remove_condition(groups, number, int(said[4]))
    return ""


def _add_condition(groups: TypedGroups, number: int) -> str:
    if len(groups[number]) >= CONDITIONS_LIMIT:
        return ""
    groups[number].append(empty_condition())
    return f"id_{name_of(number, len(groups[number]) - 1, 'field')}"


def _remove_group(groups: TypedGroups, number: int) -> str:
    if len(groups) == 1:
        return ""
    del groups[number]
    return ADD_GROUP


def _remove_condition(groups: TypedGroups, number: int, place: int) -> str:
    if place >= len(groups[number]) or (len(groups) == 1 and len(groups[number]) == 1):
        return ""
    del groups[number][place]
    if not groups[number]:
        # A group lives by its conditions.
        return _remove_group(groups, number)
    return f"add-condition-{number}"
