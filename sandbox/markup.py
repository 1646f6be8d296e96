"""HTML with every value escaped: templates of the page and the way to fill them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from html import escape

LINK = re.compile(r"""(https?://[^\s<>"']*[^\s<>"'.,;:!?)])""")


class Safe(str):
    """Text that is HTML already."""

    __slots__ = ()


def fill(template: str, **values: object) -> Safe:
    """Fill a template; whatever is not Safe is escaped."""
    return Safe(template.format_map({name: _escaped(value) for name, value in values.items()}))


def join(parts: Iterable[Safe]) -> Safe:
    """One piece of HTML out of several."""
    return Safe("\n".join(parts))


def moment(at: datetime) -> Safe:
    """A point in time for people and for machines."""
    shown = f"{at.day} {at:%b %Y, %H:%M:%S} UTC"
    return fill('<time datetime="{machine}">{shown}</time>', machine=at.isoformat(), shown=shown)


def with_links(text: str) -> Safe:
    """Text whose web addresses can be followed."""
    pieces = LINK.split(text)
    return Safe("".join(_linked(piece) if odd % 2 else escape(piece) for odd, piece in enumerate(pieces)))


def layout(*, title: str, current: str, content: Safe) -> bytes:
    """A whole page."""
    links = [("/", "Mail that arrived"), ("/values", "Values to type")]
    nav = join(
        fill(
            '<li><a href="{href}"{current}>{label}</a></li>',
            href=href,
            label=label,
            current=Safe(' aria-current="page"') if href == current else Safe(""),
        )
        for href, label in links
    )
    return fill(SHELL, title=title, nav=nav, content=content).encode()


def _linked(url: str) -> str:
    return fill('<a href="{url}" target="_blank" rel="noopener noreferrer">{url}</a>', url=url)


def _escaped(value: object) -> str:
    return value if isinstance(value, Safe) else escape(str(value))


SHELL = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Sandbox</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
<script src="/sandbox.js" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
<header class="topbar">
<a class="brand" href="/"><img src="/favicon.svg" alt="" width="28" height="28">Sandbox</a>
<nav aria-label="Main"><ul class="tabs">{nav}</ul></nav>
</header>
<main id="content" tabindex="-1">
{content}
</main>
<footer><p>Runs on this computer only. Nothing that arrives here is sent on.</p></footer>
</body>
</html>
"""
