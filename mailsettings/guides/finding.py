"""Search in the table of failures: every word typed must stand somewhere in an entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mailsettings.advice.catalogue import Entry, Group

# As many are shown with all their steps; more are listed by title.
SHOWN_WHOLE: Final = 12


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the page shows."""

    groups: tuple[Group, ...]
    count: int
    total: int

    @property
    def is_whole(self) -> bool:
        """Say whether the entries show their steps at once."""
        return self.count <= SHOWN_WHOLE


def find(groups: tuple[Group, ...], wanted: str, code: str = "") -> Found:
    """Choose entries by typed words, or the one of an anchor."""
    words = wanted.lower().split()

    def matches(entry: Entry) -> bool:
        if code:
            return code in (entry.anchor, entry.advice.code)
        return all(word in entry.words for word in words)

    chosen = tuple(
        Group(heading=group.heading, entries=matching)
        for group in groups
        if (matching := tuple(filter(matches, group.entries)))
    )
    return Found(
        groups=chosen,
        count=sum(len(group.entries) for group in chosen),
        total=sum(len(group.entries) for group in groups),
    )
