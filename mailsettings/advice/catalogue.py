"""The whole table, entry by entry, for the page of failures and for docs/failures.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from mailsettings.advice import FIXERS, GROUPS, Advice, Row, varied, worded
from mailsettings.advice.row import Variant
from mailsettings.advice.signs import signs

# Stands for the organization's own values; what is not here reads as plain words, such as "your app".
EXAMPLES: Final[Mapping[str, str]] = {
    "host": "smtp.example.com",
    "port": "587",
    "sender": "notifications@example.com",
    "mailbox": "notifications@example.com",
    "username": "notifications@example.com",
    "custom_from": "news@example.com",
    "limit": "35 MB",
    "missing": "Mail.Send",
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One way to fail: its advice with plain words for unknown values, and what tells it apart."""

    anchor: str
    advice: Advice
    known_by: str
    signs: tuple[str, ...] = ()

    @property
    def said_as(self) -> str:
        """The numbers and replies behind it; the names of Graph's codes are for searching only."""
        return ", ".join(sign for sign in self.signs if not sign[0].islower())

    @property
    def words(self) -> str:
        """Everything a person may search for, in lower case."""
        said = (
            self.advice.code,
            self.advice.title,
            self.advice.cause,
            *self.advice.steps,
            self.known_by,
            *self.signs,
        )
        return " ".join(said).lower()


@dataclass(frozen=True, kw_only=True)
class Group:
    """Entries that a message meets at one place of its way."""

    heading: str
    entries: tuple[Entry, ...]


def catalogue() -> tuple[Group, ...]:
    """List every row and each of its closer readings, in the order of the way out."""
    return tuple(
        Group(
            heading=_(heading),
            entries=tuple(entry for code, row in table.items() for entry in entries(code, row)),
        )
        for heading, table in GROUPS.items()
    )


def entries(code: str, row: Row) -> Iterator[Entry]:
    """Give the row itself, then its closer readings."""
    yield Entry(
        anchor=code,
        advice=worded(code, row, EXAMPLES),
        known_by="",
        signs=signs().get(code, ()),
    )
    for number, variant in enumerate(row.variants, 1):
        closer = varied(row, variant)
        yield Entry(
            anchor=f"{code}-{number}",
            advice=worded(code, closer, EXAMPLES),
            known_by=known_by(variant),
        )


def known_by(variant: Variant) -> str:
    """Say in one line what tells a closer reading apart."""
    said = [variant.codes.replace(" ", ", ")] if variant.codes else []
    said += [f"“{words}”" for words in variant.said]
    said += [variant.fact.replace("=", ": ").replace("_", " ")] if variant.fact else []
    said += [variant.provider.replace(" ", ", ").replace("_", " ")] if variant.provider else []
    return "; ".join(said)


def document() -> str:
    """Write the table as a page of the docs (Markdown)."""
    lines = [
        "# Failures",
        "",
        "What the product says when a message does not leave: the cause, the steps, and who can fix it.",
        "This page is written by `python manage.py failures_page`; a test compares it with the table in",
        "`mailsettings/advice/`. On the screen your own values stand in place of the examples: host, mailbox,",
        "application id, directory. A reading “known by” is chosen by what the other side said.",
        "",
        "Who can fix it: " + "; ".join(str(label) for label in FIXERS.values()) + ".",
    ]
    for group in catalogue():
        lines += ["", f"## {group.heading}"]
        for entry in group.entries:
            lines += ["", *section(entry)]
    return "\n".join(lines) + "\n"


def section(entry: Entry) -> Iterator[str]:
    """Write one entry."""
    advice = entry.advice
    yield f"### {advice.title}"
    yield ""
    yield f"`{advice.code}`" + (f", known by {entry.known_by}" if entry.known_by else "")
    if entry.said_as:
        yield ""
        yield f"Said as: {entry.said_as}."
    yield ""
    yield advice.cause
    yield ""
    yield from (f"{number}. {step}" for number, step in enumerate(advice.steps, 1))
    if advice.commands:
        yield ""
        yield from (f"    {command}" for command in advice.commands)
    yield ""
    yield f"{advice.fixer_label}." + (f" [{advice.link_label}]({advice.link})" if advice.link else "")
