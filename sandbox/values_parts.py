"""The pieces of the values page: labelled values, folds for what goes wrong, tables."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.markup import Safe, fill, join

Pairs = list[tuple[str, str]]


def cases(listed: Sequence[tuple[str, str, Pairs]], usual: Pairs) -> Safe:
    """A fold per case: its label, its outcome, and its values beside the usual ones."""
    return join(
        fill(CASE, label=label, outcome=outcome, fields=fields(pairs, label, usual=usual))
        for label, outcome, pairs in listed
    )


def fields(pairs: Pairs, group: str, *, usual: Pairs | None = None) -> Safe:
    """Labels and values; those that are not the usual ones are marked."""
    return join(
        fill(
            FIELD,
            label=label,
            value=value,
            group=group,
            differs=Safe("") if usual is None or (label, value) in usual else Safe(' class="differs"'),
        )
        for label, value in pairs
    )


def table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Safe:
    """Values to type in the first columns, what happens in the last."""
    heads = join(fill('<th scope="col">{heading}</th>', heading=heading) for heading in headings)
    return fill(TABLE, heads=heads, rows=join(_row(headings, row) for row in rows))


def _row(headings: tuple[str, ...], row: tuple[str, ...]) -> Safe:
    *typed, outcome = row
    cells = join(
        fill(CELL, heading=heading, value=value) for heading, value in zip(headings, typed, strict=True)
    )
    return fill(ROW, cells=cells, outcome=outcome)


FIELD = """<div><dt>{label}</dt><dd><code{differs}>{value}</code>
<button class="btn small" type="button" data-copy="{value}"
hidden>Copy<span class="sr"> {label}, {group}</span></button></dd></div>"""

CASE = """<details class="case"><summary>{label}<span class="muted">{outcome}</span></summary>
<dl class="values">{fields}</dl></details>"""

CELL = '<td data-label="{heading}"><code>{value}</code></td>'

ROW = '<tr>{cells}<td data-label="What happens">{outcome}</td></tr>'

TABLE = """<table class="cards"><thead><tr>{heads}<th scope="col">What happens</th></tr></thead>
<tbody>{rows}</tbody></table>"""
