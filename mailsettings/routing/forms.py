"""The form of one rule: groups of conditions, the connection, and what happens when that fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailsettings.models import Connection, RoutingRule
from mailsettings.routing.conditions import (
    FIELDS,
    GROUPS_LIMIT,
    OPERATORS,
    Groups,
    RuleInvalid,
    check_groups,
    read_groups,
)
from mailsettings.routing.rows import ConditionRow, GroupRows
from mailsettings.routing.typed import TypedGroups, name_of
from orgs.rendering import ChoiceRow, Switch

ORDER: Final = "order"
WAIT: Final = "wait"


class RuleForm(forms.Form):
    """One rule; the conditions are judged by `conditions`, here they only get their places on the page.

    After `is_valid()`: `rule_groups`, `chosen` and the cleaned values.
    """

    connection = forms.ChoiceField(
        label=gettext_lazy("Connection"), error_messages={"required": gettext_lazy("Choose a connection.")}
    )
    failing = forms.ChoiceField(
        label=gettext_lazy("If this connection fails"),
        choices=[
            (ORDER, gettext_lazy("Send through the order")),
            (WAIT, gettext_lazy("Wait for it")),
        ],
        widget=ChoiceRow(
            hints={
                ORDER: gettext_lazy("Primary first, then the backups"),
                WAIT: gettext_lazy("Until it works again"),
            }
        ),
    )
    enabled = forms.BooleanField(
        label=gettext_lazy("Rule enabled"),
        required=False,
        widget=Switch,
        help_text=gettext_lazy("A rule that is off is kept and passed over."),
    )

    def __init__(
        self,
        posted: QueryDict | None = None,
        *,
        connections: list[Connection],
        groups: TypedGroups,
        values: Mapping[str, object] | None = None,
        follow: str = "",
    ) -> None:
        """Build the fields: judged when `posted` is given, else shown with `values`.

        Args:
            posted: what a browser sent to be saved.
            connections: those of the organization, in their order.
            groups: the conditions, typed or saved; numbered as the page shows them.
            values: connection, failing and enabled, when nothing is judged.
            follow: the id of the control that takes the focus.
        """
        self.by_key = {str(row.pk): row for row in connections}
        self.typed, self.follow = groups, follow
        conditions = {
            name_of(number, place, part): text
            for number, group in enumerate(groups)
            for place, condition in enumerate(group)
            for part, text in condition.items()
        }
        judged = {**posted.dict(), **conditions} if posted is not None else None
        super().__init__(judged, initial={**conditions, **(values or {})})
        self.rule_groups: Groups = ()
        choose = [("", _("Choose a connection"))]
        field = self.fields["connection"]
        field.choices = choose + [(key, _name(row)) for key, row in self.by_key.items()]  # type: ignore[attr-defined]  # a ChoiceField
        self._add_conditions()

    def _add_conditions(self) -> None:
        own = list(self.fields)
        selects: dict[str, list[tuple[str, object]]] = {
            "field": list(FIELDS.items()),
            "operator": [(key, operator.label) for key, operator in OPERATORS.items()],
        }
        labels = {
            "field": _("Look at"),
            "header": _("Header"),
            "operator": _("Comparison"),
            "value": _("Value"),
        }
        for number, group in enumerate(self.typed):
            for place in range(len(group)):
                for part, label in labels.items():
                    name = name_of(number, place, part)
                    options = selects.get(part)
                    widget = forms.Select(choices=options) if options else forms.TextInput()
                    if f"id_{name}" == self.follow:
                        widget.attrs["autofocus"] = True
                    field = forms.CharField(label=label, required=False, strip=False, widget=widget)
                    field.optional = part == "header"  # type: ignore[attr-defined]  # read by the field markup
                    self.fields[name] = field
        self.order_fields([name for name in self.fields if name not in own])

    def clean(self) -> dict[str, object]:
        """Judge the conditions, and put what is wrong beside the field it is about."""
        cleaned: dict[str, object] = dict(super().clean() or {})
        self.rule_groups = read_groups(self.typed)
        try:
            check_groups(self.rule_groups)
        except RuleInvalid as wrong:
            for (number, place), fault in wrong.faults.items():
                name = name_of(number, place, fault.part)
                if name not in self.errors:
                    self.add_error(name, str(fault.text))
            if not wrong.faults:
                self.add_error(None, str(wrong.text))
        return cleaned

    @property
    def chosen(self) -> Connection:
        """The connection of a valid form."""
        return self.by_key[str(self.cleaned_data["connection"])]

    @property
    def groups(self) -> list[GroupRows]:
        """The groups with their controls."""
        return [self._rows(number) for number in range(len(self.typed))]

    @property
    def may_grow(self) -> bool:
        """Say whether one more group fits."""
        return len(self.typed) < GROUPS_LIMIT

    def _rows(self, number: int) -> GroupRows:
        alone = len(self.typed) == 1 and len(self.typed[number]) == 1
        return GroupRows(
            number=number,
            conditions=tuple(
                ConditionRow(
                    group=number,
                    place=place,
                    field=self[name_of(number, place, "field")],
                    header=self[name_of(number, place, "header")],
                    operator=self[name_of(number, place, "operator")],
                    value=self[name_of(number, place, "value")],
                    may_go=not alone,
                )
                for place in range(len(self.typed[number]))
            ),
        )


def _name(connection: Connection) -> str:
    """Name a connection as a choice."""
    if connection.enabled:
        return connection.name
    return _("%(name)s (disabled)") % {"name": connection.name}


def first_values(rule: RoutingRule | None) -> dict[str, object]:
    """Give what the page of a rule opens with, beside its conditions."""
    if rule is None:
        return {"connection": "", "failing": ORDER, "enabled": True}
    failing = ORDER if rule.falls_back else WAIT
    return {"connection": str(rule.connection_id), "failing": failing, "enabled": rule.enabled}


def typed_values(posted: Mapping[str, str]) -> dict[str, object]:
    """Give what was typed so far beside the conditions, unjudged."""
    return {
        "connection": posted.get("connection", ""),
        "failing": posted.get("failing", ORDER),
        "enabled": bool(posted.get("enabled")),
    }
