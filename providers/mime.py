"""From a message to the bytes on the wire: CRLF, pure ASCII, no Bcc; the same bytes on every try."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from providers.address import Address
from providers.headers import address_header, header, structured_header, text_header
from providers.message import Attachment, Message, Priority
from providers.transfer import base64_lines, base64_size, quoted_printable

LONGEST_LINE: Final = 990
LINE_END: Final = re.compile(r"\r\n?")
SHORT_NAME: Final = 60
PRIORITY: Final = {
    Priority.HIGH: (("X-Priority", "1 (Highest)"), ("X-MSMail-Priority", "High"), ("Importance", "high")),
    Priority.NORMAL: (),
    Priority.LOW: (("X-Priority", "5 (Lowest)"), ("X-MSMail-Priority", "Low"), ("Importance", "low")),
}
FREE_TEXT: Final = {"organization", "comments", "keywords"}


def compose(message: Message, *, with_bcc: bool = False) -> bytes:
    """Write a message in MIME; `with_bcc` is for Graph, which reads the recipients from the headers."""
    utf8 = message.needs_smtputf8
    lines = [
        _date_header(message.date.replace(microsecond=0), message.date.utcoffset()),
        _from_header(message.sender, utf8=utf8),
        f"Message-ID: {message.message_id}\r\n",
        text_header("Subject", message.subject),
    ]
    for name, addresses in (
        ("To", message.to),
        ("Cc", message.cc),
        ("Bcc", message.bcc if with_bcc else ()),
        ("Reply-To", message.reply_to),
    ):
        if addresses:
            lines.append(address_header(name, addresses, utf8=utf8))
    lines += [header(name, [value]) for name, value in PRIORITY[message.priority]]
    lines += [_own_header(name, value) for name, value in message.headers]
    lines.append("MIME-Version: 1.0\r\n")
    return b"".join(("".join(lines).encode(), *_body(message)))


@lru_cache(maxsize=256)
def _date_header(date: datetime, offset: timedelta | None) -> str:
    """Write Date, which many messages of one moment share; equal moments of two zones are not one."""
    del offset
    return f"Date: {format_datetime(date)}\r\n"


@lru_cache(maxsize=256)
def _from_header(sender: Address, *, utf8: bool) -> str:
    """Write From, which is the same for all mail of a connection."""
    return address_header("From", [sender], utf8=utf8)


def _own_header(name: str, value: str) -> str:
    free = name.lower().startswith("x-") or name.lower() in FREE_TEXT or not value.isascii()
    return text_header(name, value) if free else structured_header(name, value)


def _body(message: Message) -> list[bytes]:
    """Write the body, in pieces to be joined, so that long ones are copied once."""
    inline = [one for one in message.attachments if one.content_id and message.html]
    files = [one for one in message.attachments if one not in inline]
    marks = _Boundaries(message.message_id)
    parts: list[list[bytes]] = []
    if message.text or not message.html:
        parts.append(_text_part("plain", message.text))
    if message.html:
        html = _text_part("html", message.html)
        parts.append(marks.join("related", [html, *map(_inline_part, inline)]) if inline else html)
    content = parts[0] if len(parts) == 1 else marks.join("alternative", parts)
    return marks.join("mixed", [content, *map(_file_part, files)]) if files else content


class _Boundaries:
    """Boundaries that follow from the Message-ID, so that every try sends the same bytes."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._count = 0

    def join(self, kind: str, parts: list[list[bytes]]) -> list[bytes]:
        """Put parts into one multipart; `=_` occurs in no encoded part."""
        self._count += 1
        mark = f"=_{hashlib.sha256(self._seed.encode()).hexdigest()[:32]}_{self._count}"
        begin = f"--{mark}\r\n".encode()
        pieces = [f'Content-Type: multipart/{kind}; boundary="{mark}"\r\n\r\n'.encode()]
        for part in parts:
            pieces += (begin, *part, b"\r\n")
        pieces.append(f"--{mark}--\r\n".encode())
        return pieces


def _text_part(subtype: str, text: str) -> list[bytes]:
    lines = LINE_END.sub("\n", text) if "\r" in text else text
    lines = lines if lines.endswith("\n") or not lines else lines + "\n"
    raw = lines.encode()
    if lines.isascii() and not _has_long_line(raw) and b"=_" not in raw:
        transfer, charset, body = "7bit", "us-ascii", raw.replace(b"\n", b"\r\n")
    else:
        quoted = quoted_printable(raw)
        # Which is shorter is known without writing both: every text here ends with a line feed.
        shorter = len(quoted) <= base64_size(len(raw) + raw.count(b"\n"))
        transfer, charset = ("quoted-printable" if shorter else "base64"), "utf-8"
        body = (quoted if shorter else raw).replace(b"\n", b"\r\n")
        body = body if shorter else base64_lines(body)
    head = f"Content-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: {transfer}\r\n\r\n"
    return [head.encode(), body]


def _has_long_line(raw: bytes) -> bool:
    return len(raw) > LONGEST_LINE and max(map(len, raw.split(b"\n"))) > LONGEST_LINE


def _file_part(attachment: Attachment) -> list[bytes]:
    return _binary_part(attachment, "attachment")


def _inline_part(attachment: Attachment) -> list[bytes]:
    return _binary_part(attachment, "inline", f"Content-ID: <{attachment.content_id}>\r\n")


def _binary_part(attachment: Attachment, disposition: str, extra: str = "") -> list[bytes]:
    head = (
        f"Content-Type: {attachment.content_type}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: {disposition};{_file_name(attachment.name)}\r\n{extra}\r\n"
    )
    return [head.encode(), base64_lines(attachment.content)]


def _file_name(name: str) -> str:
    """Write the file name parameter; beyond short ASCII in numbered pieces (RFC 2231)."""
    if name.isascii() and len(name) <= SHORT_NAME:
        return f'\r\n filename="{name}"'
    pieces = re.findall(r"(?:%[0-9A-F]{2}|.){1,20}", quote(name, safe=""))
    pieces[0] = f"utf-8''{pieces[0]}"
    if len(pieces) == 1:
        return f"\r\n filename*={pieces[0]}"
    return ";".join(f"\r\n filename*{number}*={piece}" for number, piece in enumerate(pieces))
