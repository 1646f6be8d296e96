"""A message as handed to a provider: frozen, and free of what could smuggle a header or recipient."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from uuid import uuid4

from providers.address import (
    RECIPIENT_LIMIT,
    Address,
    MessageInvalid,
    checked_email,
    parse_addresses,
    shown,
)
from providers.attachment import FORBIDDEN, Attachment

SUBJECT_LIMIT, HEADER_LIMIT, HEADERS_LIMIT = 989, 900, 50
FORBIDDEN_IN_BODY = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
FORBIDDEN_ASCII = bytes(code for code in range(128) if FORBIDDEN_IN_BODY.fullmatch(chr(code)))
HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,76}")
MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+>")
# Written by us from the message's own attributes.
OURS = {"x-priority", "x-msmail-priority", "importance", "priority"}
ALLOWED_HEADERS = {
    *("auto-submitted", "precedence", "in-reply-to", "references", "feedback-id", "organization"),
    *("comments", "keywords", "sensitivity", "list-unsubscribe", "list-unsubscribe-post", "list-id"),
    *("list-help", "list-archive", "list-owner", "list-post", "list-subscribe"),
}


class Priority(StrEnum):
    """How urgent the sender says it is."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


@dataclass(frozen=True, kw_only=True)
class Message:
    """One mail to one set of recipients; Message-ID and date stay the same on every try."""

    sender: Address
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str = ""
    text: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    attachments: tuple[Attachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    priority: Priority = Priority.NORMAL
    message_id: str = ""
    date: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        for name in ("to", "cc", "bcc", "reply_to", "attachments", "headers"):
            if type(given := getattr(self, name)) is not tuple:
                object.__setattr__(self, name, tuple(given))
        if type(self.priority) is not Priority:
            object.__setattr__(self, "priority", Priority(self.priority))
        if not self.message_id:
            object.__setattr__(self, "message_id", new_message_id(self.sender))
        for check in _CHECKS:
            check(self)

    @cached_property
    def recipients(self) -> tuple[str, ...]:
        """Every address of the envelope once, in order."""
        return tuple(dict.fromkeys([one.email for one in (*self.to, *self.cc, *self.bcc)]))

    @cached_property
    def needs_smtputf8(self) -> bool:
        """Say whether an address goes beyond ASCII before the @."""
        everybody = (self.sender, *self.to, *self.cc, *self.bcc, *self.reply_to)
        return not all(one.email.isascii() for one in everybody)


def new_message_id(sender: Address) -> str:
    """Make a Message-ID at the sender's domain."""
    return f"<{uuid4()}@{sender.domain}>"


def _check_recipients(message: Message) -> None:
    if not (message.to or message.cc or message.bcc):
        raise MessageInvalid("to", "Enter at least one recipient.")


def _check_subject(message: Message) -> None:
    if FORBIDDEN.search(message.subject):
        raise MessageInvalid("subject", "The subject contains a line break or control character. Remove it.")
    if len(message.subject) > SUBJECT_LIMIT:
        raise MessageInvalid("subject", f"The subject is longer than {SUBJECT_LIMIT} characters. Shorten it.")


def _check_body(message: Message) -> None:
    for name, label in (("text", "plain text"), ("html", "HTML")):
        found = _forbidden_in(getattr(message, name))
        if found:
            raise MessageInvalid(
                name, f"The {label} contains the control character U+{ord(found[0]):04X}. Remove it."
            )


def _forbidden_in(text: str) -> re.Match[str] | None:
    """Find the first character no body may hold; plain text is known at a glance."""
    plain = text.encode() if text.isascii() else FORBIDDEN_ASCII
    return FORBIDDEN_IN_BODY.search(text) if plain != plain.translate(None, FORBIDDEN_ASCII) else None


def _check_identity(message: Message) -> None:
    if not MESSAGE_ID.fullmatch(message.message_id) or len(message.message_id) > HEADER_LIMIT:
        raise MessageInvalid("message_id", "The Message-ID must look like <unique@example.com>.")
    if message.date.tzinfo is None:
        raise MessageInvalid("date", "The date must carry its time zone.")


def _check_headers(message: Message) -> None:
    if not message.headers:
        return
    if len(message.headers) > HEADERS_LIMIT:
        raise MessageInvalid("headers", f"More than {HEADERS_LIMIT} headers. Leave some out.")
    object.__setattr__(message, "headers", tuple((str(name), str(value)) for name, value in message.headers))
    seen: set[str] = set()
    for name, value in message.headers:
        lower = name.lower()
        if not HEADER_NAME.fullmatch(name):
            raise MessageInvalid(
                "headers", f"The header name {shown(name)} may hold letters, digits, - only."
            )
        if lower in OURS or not (lower.startswith("x-") or lower in ALLOWED_HEADERS):
            raise MessageInvalid(
                "headers",
                f"The header {shown(name)} is not allowed here. Use one that begins with X-.",
            )
        if lower in seen:
            raise MessageInvalid("headers", f"The header {shown(name)} is given twice. Keep one.")
        if FORBIDDEN.search(value) or len(value.encode(errors="replace")) > HEADER_LIMIT or not value.strip():
            raise MessageInvalid(
                "headers",
                f"The value of {shown(name)} must be 1 to {HEADER_LIMIT} bytes without line breaks"
                " or control characters.",
            )
        seen.add(lower)


_CHECKS: tuple[Callable[[Message], None], ...] = (
    _check_recipients,
    _check_subject,
    _check_body,
    _check_identity,
    _check_headers,
)

__all__ = [
    "RECIPIENT_LIMIT",
    "Address",
    "Attachment",
    "Message",
    "MessageInvalid",
    "Priority",
    "checked_email",
    "new_message_id",
    "parse_addresses",
]
