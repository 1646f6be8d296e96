"""Names that are asked for: checked before a question leaves, however hostile the record they came from."""

from __future__ import annotations

import re
from typing import Final

import idna

from providers import checked_email

LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
LONGEST_NAME: Final = 253
# RFC 9989 §4.10: a longer name is cut to its last seven labels after the first question.
MOST_LABELS, KEPT_LABELS = 8, 7


def record_name(text: str) -> str | None:
    """Give a name from a record in lower case without final dot; None when it cannot be asked for."""
    name = text.strip().lower().removesuffix(".")
    labels = name.split(".")
    if len(name) > LONGEST_NAME or len(labels) < 2:  # noqa: PLR2004  # a single label is nobody's domain
        return None
    return name if all(LABEL.fullmatch(label) for label in labels) else None


def domain_of(email: str) -> str:
    """Give the domain of an address in A-labels; empty when it is no address."""
    try:
        return checked_email(email).rpartition("@")[2].lower()
    except ValueError:
        return ""


def shown(domain: str) -> str:
    """Write a domain for people: an internationalized one in its own letters too."""
    if "xn--" not in domain:
        return domain
    try:
        return f"{idna.decode(domain)} ({domain})"
    except (idna.IDNAError, UnicodeError):
        return domain


def walk(domain: str) -> tuple[str, ...]:
    """List the domains whose DMARC record counts, the closest first (RFC 9989 §4.10)."""
    labels = domain.split(".")
    names = [domain]
    rest = labels[-KEPT_LABELS:] if len(labels) > MOST_LABELS else labels[1:]
    while len(rest) > 1:
        names.append(".".join(rest))
        rest = rest[1:]
    return tuple(names)
