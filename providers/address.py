"""E-mail addresses: strict reading, one wire form, lists as people type them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import idna

RECIPIENT_LIMIT = 100
LOCAL_LIMIT, ADDRESS_LIMIT, NAME_LIMIT = 64, 254, 200
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
LOCAL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u00a1-\U0010ffff]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u00a1-\U0010ffff]+)*"
)
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"}
MARKS = re.compile(r'[,;\r\n"]')
NAMED = re.compile(r"(?P<name>.*?)\s*<\s*(?P<email>[^<>]*?)\s*>", re.DOTALL)


class MessageInvalid(ValueError):
    """A part of a message that cannot be sent: the field and what to change."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(f"{field}: {text}")
        self.field = field
        self.text = text


def shown(text: str) -> str:
    """Quote what somebody typed inside a sentence, shortened and without invisible characters."""
    plain = "".join(character if character.isprintable() else "�" for character in text.strip())
    return f"“{plain[:60]}…”" if len(plain) > 60 else f"“{plain}”"  # noqa: PLR2004 - a line's worth


@lru_cache(maxsize=4096)
def domain_name(text: str) -> str:
    """Give the A-label form of a domain with at least one dot.

    Raises:
        ValueError: it is not a domain name.
    """
    name = text.lower()
    if not name.isascii():
        try:
            name = idna.encode(text, uts46=True, transitional=False).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise ValueError("not a domain name") from error
    labels = name.split(".")
    fits = len(name) <= 253 and len(labels) > 1 and not labels[-1].isdigit()  # noqa: PLR2004 - RFC 1035
    if not fits or not all(LABEL.fullmatch(label) for label in labels):
        raise ValueError("not a domain name")
    return name


def checked_email(text: str) -> str:
    """Give an address with its domain in A-label form.

    Raises:
        ValueError: one sentence that names the address and what is wrong with it.
    """
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        raise ValueError(f"{shown(text)} is not a full address. Enter one like name@example.com.")
    # The plain case is known without a look at every character.
    plain = text.isascii() and text.isprintable() and " " not in text
    if not plain and any(unicodedata.category(character) in INVISIBLE for character in text):
        raise ValueError(f"{shown(text)} contains a blank or invisible character. Remove it.")
    if len(local.encode()) > LOCAL_LIMIT or not LOCAL.fullmatch(local):
        raise ValueError(f"{shown(text)} is not an address: check the part before the @.")
    try:
        wire = domain_name(domain)
    except ValueError:
        raise ValueError(f"{shown(text)} is not an address: check the domain after the @.") from None
    if len(local.encode()) + 1 + len(wire) > ADDRESS_LIMIT:
        raise ValueError(f"{shown(text)} is longer than {ADDRESS_LIMIT} characters.")
    return f"{local}@{wire}"


@dataclass(frozen=True)
class Address:
    """A mailbox: address with A-label domain, and the name shown with it."""

    email: str
    name: str = ""

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "email", checked_email(self.email))
        except ValueError as error:
            raise MessageInvalid("address", str(error)) from None
        if CONTROL.search(self.name):
            raise MessageInvalid(
                "address", f"The name {shown(self.name)} contains a control character. Remove it."
            )
        if len(self.name) > NAME_LIMIT:
            raise MessageInvalid(
                "address", f"The name {shown(self.name)} is longer than {NAME_LIMIT} characters."
            )

    @property
    def domain(self) -> str:
        """The domain in A-label form."""
        return self.email.rpartition("@")[2]


def parse_addresses(text: str, *, limit: int = RECIPIENT_LIMIT) -> tuple[Address, ...]:
    """Read `a@x, Name <b@y>`, split by comma, semicolon or line break; doubles are dropped (COG-7).

    Raises:
        MessageInvalid: names the first wrong address, or the limit.
    """
    found: dict[str, Address] = {}
    for part in _split(text):
        match = NAMED.fullmatch(part)
        if match is None and ("<" in part or ">" in part):
            raise MessageInvalid(
                "address", f"{shown(part)} is not an address. Write it like Name <name@example.com>."
            )
        address = Address(match["email"], _unquoted(match["name"])) if match else Address(part)
        found.setdefault(address.email.lower(), address)
    if len(found) > limit:
        raise MessageInvalid(
            "address", f"{len(found)} recipients are more than the {limit} allowed in one message."
        )
    return tuple(found.values())


def _unquoted(name: str) -> str:
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    return name


def _split(text: str) -> list[str]:
    """Cut at separators outside quotes; inside quotes a comma belongs to the name."""
    if not MARKS.search(text):
        return [text.strip()] if text.strip() else []
    parts, current, quoted, escaped = [], "", False, False
    for character in text:
        if quoted:
            quoted, escaped = (character != '"' or escaped), (character == "\\" and not escaped)
        elif character in ",;\r\n":
            parts.append(current)
            current = ""
            continue
        elif character == '"':
            quoted, escaped = True, False
        current += character
    return [part.strip() for part in (*parts, current) if part.strip()]
