"""Groups and conditions as the page of a rule shows them: their controls and the buttons beside them."""

from __future__ import annotations

from dataclasses import dataclass

from django.forms import BoundField
from django.utils.translation import gettext as _

from mailsettings.routing.conditions import CONDITIONS_LIMIT


@dataclass(frozen=True, kw_only=True)
class ConditionRow:
    """One condition as the page shows it."""

    group: int
    place: int
    field: BoundField
    header: BoundField
    operator: BoundField
    value: BoundField
    may_go: bool

    @property
    def legend(self) -> str:
        """Say which one it is."""
        return _("Condition %(number)d") % {"number": self.place + 1}

    @property
    def remove(self) -> str:
        """What its button sends."""
        return f"remove-condition-{self.group}-{self.place}"

    @property
    def remove_name(self) -> str:
        """Name its button."""
        return _("Remove condition %(number)d of group %(group)d") % {
            "number": self.place + 1,
            "group": self.group + 1,
        }


@dataclass(frozen=True, kw_only=True)
class GroupRows:
    """One group as the page shows it."""

    number: int
    conditions: tuple[ConditionRow, ...]

    @property
    def may_grow(self) -> bool:
        """Say whether one more condition fits."""
        return len(self.conditions) < CONDITIONS_LIMIT

    @property
    def add(self) -> str:
        """What the button for one more condition sends."""
        return f"add-condition-{self.number}"

    @property
    def add_name(self) -> str:
        """Name that button."""
        return _("Add condition to group %(group)d") % {"group": self.number + 1}

    @property
    def remove(self) -> str:
        """What the button that removes the group sends."""
        return f"remove-group-{self.number}"

    @property
    def remove_name(self) -> str:
        """Name that button."""
        return _("Remove group %(group)d") % {"group": self.number + 1}
