"""How a provider's fields stand on the page: sections, and rows of one or two."""

from __future__ import annotations

from dataclasses import dataclass

from django.forms import BoundField

from providers import FieldSpec


@dataclass
class Row:
    """Fields that stand beside each other, and the setting they depend on."""

    fields: list[BoundField]
    half: bool
    only_if: str


@dataclass
class Section:
    """Fields under one heading."""

    heading: str
    rows: list[Row]

    def add(self, spec: FieldSpec, field: BoundField) -> None:
        """Place a field beside the last one when both are halves, else below it."""
        only_if = spec.marker.only_if[0] if spec.marker.only_if else ""
        last = self.rows[-1] if self.rows else None
        if last and last.half and spec.marker.half and len(last.fields) == 1 and last.only_if == only_if:
            last.fields.append(field)
        else:
            self.rows.append(Row(fields=[field], half=spec.marker.half, only_if=only_if))
