"""What rules see of a message: frozen values, read once and only as far as the bounds below."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from html import unescape
from typing import Final

import idna

from mailsettings.routing.comparing import plain
from mailsettings.routing.conditions import HEADER_VALUE, Condition

# Rules look at this much of a body, of its plain text and of its HTML's text each.
BODY_LIMIT: Final = 20_000
# So much HTML is read for its text; a page of styles may come first.
HTML_LIMIT: Final = 200_000

TAG: Final = re.compile(r"/?([a-z][a-z0-9]*)", re.IGNORECASE | re.ASCII)
# Their content is no text.
UNSEEN: Final = {
    name: re.compile(rf"</{name}\b", re.IGNORECASE | re.ASCII) for name in ("script", "style", "title")
}
# Tags inside a word; every other one parts words.
INLINE: Final = frozenset(
    {
        *(
            "a",
            "abbr",
            "b",
            "bdi",
            "bdo",
            "big",
            "cite",
            "code",
            "em",
            "font",
            "i",
            "ins",
            "kbd",
            "mark",
            "q",
        ),
        *("s", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "wbr"),
    }
)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One message as rules see it; `headers` are its custom ones."""

    subject: str = ""
    text: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    from_address: str = ""
    from_name: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    notification_type: str = ""

    @cached_property
    def bodies(self) -> tuple[str, ...]:
        """The plain text and the text of the HTML, as far as rules look."""
        return tuple(body for body in (self.text[:BODY_LIMIT], html_text(self.html)) if body)

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """The domains of all recipients, as they travel and as people write them."""
        ends = dict.fromkeys(email.rpartition("@")[2] for email in (*self.to, *self.cc, *self.bcc))
        return tuple(dict.fromkeys(name for domain in ends for name in (domain, written(domain))))


VALUES: Final[Mapping[str, Callable[[Sample], tuple[str, ...]]]] = {
    "subject": lambda sample: (sample.subject,),
    "body": lambda sample: sample.bodies,
    "from_address": lambda sample: both((sample.from_address,)),
    "from_name": lambda sample: (sample.from_name,),
    "to": lambda sample: both(sample.to),
    "cc": lambda sample: both(sample.cc),
    "bcc": lambda sample: both(sample.bcc),
    "reply_to": lambda sample: both(sample.reply_to),
    "recipient_domain": lambda sample: sample.domains,
    "header_name": lambda sample: tuple(name for name, _ in sample.headers),
    "notification_type": lambda sample: (sample.notification_type,),
}


class Reading:
    """Reads a sample's values in the form in which they are compared, each once."""

    def __init__(self, sample: Sample) -> None:
        """Begin with nothing read."""
        self.sample = sample
        self._values = cache(self._read)

    def values(self, condition: Condition) -> tuple[str, ...]:
        """Give what a condition looks at; empty values count as none."""
        return self._values(condition.field, plain(condition.header))

    def _read(self, name: str, header: str) -> tuple[str, ...]:
        if name == HEADER_VALUE:
            pairs = self.sample.headers
            found = tuple(value for known, value in pairs if header in {"", plain(known)})
        else:
            found = VALUES[name](self.sample)
        return tuple(filter(None, map(plain, found)))


def both(emails: tuple[str, ...]) -> tuple[str, ...]:
    """Give addresses as they travel and, where that differs, as people write them."""
    return tuple(
        dict.fromkeys(
            shape
            for email in emails
            for local, at, domain in (email.rpartition("@"),)
            for shape in (email, f"{local}{at}{written(domain)}")
        )
    )


def written(domain: str) -> str:
    """Give a domain as people write it; one that does not decode as it is."""
    if "xn--" not in domain:
        return domain
    try:
        return idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        return domain


def html_text(html: str) -> str:
    """Give the text of HTML as far as rules look; a tag ends at its first `>`.

    Each character is looked at a bounded number of times, whatever the markup.
    """
    html = html[:HTML_LIMIT]
    parts: list[str] = []
    length, place = 0, 0
    while length < BODY_LIMIT:
        begin = html.find("<", place)
        seen = html[place:begin] if begin >= 0 else html[place:]
        place, between = _behind_tag(html, begin) if begin >= 0 else (-1, "")
        parts += (seen, between)
        length += len(seen) + len(between)
        if place < 0:
            break
    return unescape("".join(parts))[:BODY_LIMIT]


def _behind_tag(html: str, begin: int) -> tuple[int, str]:
    """Give the place behind the tag that begins here, -1 for none, and what stands for it in the text."""
    if html.startswith("<!--", begin):
        end = html.find("-->", begin + 4)
        return (end + 3 if end >= 0 else -1), ""
    tag = TAG.match(html, begin + 1)
    if tag is None and html[begin + 1 : begin + 2] not in {"!", "?", "/"}:
        return begin + 1, "<"
    end = html.find(">", begin)
    name = tag[1].lower() if tag else ""
    if end >= 0 and name in UNSEEN and html[begin + 1] != "/":
        closing = UNSEEN[name].search(html, end)
        end = html.find(">", closing.start()) if closing else -1
    return (end + 1 if end >= 0 else -1), "" if name in INLINE else " "
