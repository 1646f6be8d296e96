"""How texts are compared: without case, each look at a text in time that grows with its length only."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final

# A value of the message and what the rule wants, both `plain`.
Comparison = Callable[[str, str], bool]

# Marks of one letter that are put into order, as Unicode bounds them for streams of text (UAX 15, 13).
MARKS_LIMIT: Final = 30
# Parts nothing that readers see.
JOINER: Final = "\u034f"
# Marks although their class says otherwise: each is taken apart into two.
ODD_MARKS: Final = frozenset("\u0f73\u0f75\u0f81")


def plain(text: str) -> str:
    """Give a text without what readers do not tell apart: case, kinds and runs of blanks, ways to write é."""
    one_line = " ".join(text.split())
    if one_line.isascii():
        return one_line.lower()
    apart = unicodedata.normalize("NFD", with_few_marks(one_line))
    return unicodedata.normalize("NFC", apart.casefold())


def with_few_marks(text: str) -> str:
    """Part runs of more marks than letters have: sorting a run takes the square of its length."""
    # A run that is too long holds one of these places.
    if not any(map(_is_mark, text[::MARKS_LIMIT])):
        return text
    parts, run = [], 0
    for character in text:
        run = run + 1 if _is_mark(character) else 0
        if run > MARKS_LIMIT:
            parts.append(JOINER)
            run = 1
        parts.append(character)
    return "".join(parts)


def _is_mark(character: str) -> bool:
    return bool(unicodedata.combining(character)) or character in ODD_MARKS


def contains(value: str, wanted: str) -> bool:
    """Say whether the value holds the wanted text."""
    return wanted in value


def equals(value: str, wanted: str) -> bool:
    """Say whether the value is the wanted text."""
    return value == wanted


def starts(value: str, wanted: str) -> bool:
    """Say whether the value begins with the wanted text."""
    return value.startswith(wanted)


def ends(value: str, wanted: str) -> bool:
    """Say whether the value ends with the wanted text."""
    return value.endswith(wanted)


def matches(value: str, pattern: str) -> bool:
    """Say whether the whole value fits a pattern in which * stands for anything and ? for one character.

    Each character of the value is looked at once: a piece between two stars is taken where it comes first,
    for what follows can only gain by that, and the search for the next one goes on behind it.
    """
    first, *middle = pattern.split("*")
    if not middle:
        return len(value) == len(pattern) and _fits(value, pattern, 0)
    last = middle.pop()
    end = len(value) - len(last)
    if end < len(first) or not _fits(value, first, 0) or not _fits(value, last, end):
        return False
    place = len(first)
    for piece in filter(None, middle):
        place = _behind(value, piece, place, end)
        if place < 0:
            return False
    return True


def _fits(value: str, piece: str, place: int) -> bool:
    """Say whether a piece without stars stands in the value at this place."""
    if "?" not in piece:
        return value.startswith(piece, place)
    pairs = zip(piece, value[place : place + len(piece)], strict=False)
    return place + len(piece) <= len(value) and all(wanted in {"?", found} for wanted, found in pairs)


def _behind(value: str, piece: str, place: int, end: int) -> int:
    """Find a piece in value[place:end]; give the place behind it, or -1."""
    if "?" not in piece:
        found = value.find(piece, place, end)
        return found + len(piece) if found >= 0 else -1
    # Bit n of `state` says: the last n+1 characters are the first n+1 of the piece (Shift-And).
    anything = sum(1 << bit for bit, wanted in enumerate(piece) if wanted == "?")
    masks: dict[str, int] = {}
    for bit, wanted in enumerate(piece):
        masks[wanted] = masks.get(wanted, anything) | 1 << bit
    state, done = 0, 1 << len(piece) - 1
    for here in range(place, end):
        state = (state << 1 | 1) & masks.get(value[here], anything)
        if state & done:
            return here + 1
    return -1
