"""How a provider's fields stand on the page: sections, rows of one or two, and what each row depends on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.forms import BoundField

from providers import Choice, FieldSpec, Flag
from providers.values import conditions

ON, OFF = 1, 2


@dataclass(kw_only=True)
class Row:
    """Fields that stand beside each other.

    `classes` tie it to the switches and choices above it, which the style sheet follows without script;
    `hidden` says that a dropdown rules it out now.
    """

    name: str
    fields: list[BoundField]
    half: bool
    classes: str
    hidden: bool

    @property
    def css(self) -> str:
        """The classes of the row."""
        return " ".join(filter(None, ("grid-2" if self.half else "", self.classes)))


@dataclass(kw_only=True)
class Section:
    """Fields under one heading; a fold opens by itself when one of them is wrong."""

    heading: str
    fold: bool
    rows: list[Row] = field(default_factory=list)

    @property
    def classes(self) -> str:
        """What all rows of the section depend on alike, so that its heading goes along."""
        ties = {
            tuple(one for one in row.classes.split() if not one.startswith("switch")) for row in self.rows
        }
        return " ".join(ties.pop()) if len(ties) == 1 else ""

    @property
    def is_open(self) -> bool:
        """Say whether something inside needs attention."""
        return any(one.errors for row in self.rows for one in row.fields)


class Layout:
    """Places the fields of one provider, in their declared order."""

    def __init__(self, declared: Sequence[FieldSpec], values: Mapping[str, object]) -> None:
        """Know the fields and what stands in them now."""
        self._specs = {spec.name: spec for spec in declared}
        self._values = values
        named = {name for spec in declared for name, _wanted in conditions(spec)}
        switches = [name for name, spec in self._specs.items() if isinstance(spec.marker, Flag | Choice)]
        self._numbers = {
            name: number for number, name in enumerate([one for one in switches if one in named], 1)
        }

    @property
    def switches(self) -> dict[str, int]:
        """The switches and choices that other rows depend on, with the number the style sheet knows."""
        return dict(self._numbers)

    def sections(self, fields: Mapping[str, BoundField]) -> list[Section]:
        """Place these fields; sections in the order of their first field, the ones that open last."""
        sections: dict[str, Section] = {}
        heading = ""
        for name, bound in fields.items():
            marker = self._specs[name].marker
            heading = marker.section or heading
            section = sections.setdefault(heading, Section(heading=heading, fold=marker.fold))
            self._place(section.rows, self._specs[name], bound)
        return sorted(sections.values(), key=lambda one: one.fold)

    def _place(self, rows: list[Row], spec: FieldSpec, bound: BoundField) -> None:
        """Put a field beside the last one when both are halves and depend on the same, else below it."""
        classes, hidden = self._ties(spec)
        last = rows[-1] if rows else None
        beside = last is not None and last.half and spec.marker.half and len(last.fields) == 1
        if last is not None and beside and (last.classes, last.hidden) == (classes, hidden):
            last.fields.append(bound)
        else:
            rows.append(
                Row(name=spec.name, fields=[bound], half=spec.marker.half, classes=classes, hidden=hidden)
            )

    def _ties(self, spec: FieldSpec) -> tuple[str, bool]:
        """Name the classes of a row, and say whether a dropdown hides it."""
        classes = [f"switch-{self._numbers[spec.name]}"] if spec.name in self._numbers else []
        hidden = False
        for name, wanted in conditions(spec):
            accepted = wanted if isinstance(wanted, tuple) else (wanted,)
            if name in self._numbers:
                number = self._numbers[name]
                classes.append(f"needs-{number}")
                classes += [f"on-{number}-{self._place_of(name, value)}" for value in accepted]
            elif self._values.get(name) not in accepted:
                hidden = True
        return " ".join(classes), hidden

    def _place_of(self, name: str, value: object) -> int:
        """Give the place of a value among the choices of its field, counted from 1."""
        marker = self._specs[name].marker
        if isinstance(marker, Choice):
            return [option.value for option in marker.options].index(str(value)) + 1
        return ON if value else OFF
