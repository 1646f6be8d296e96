"""From a message to the bytes on the wire: CRLF, pure ASCII, no Bcc; the same bytes on every try."""

from __future__ import annotations

import binascii
import hashlib
import re
from email.utils import format_datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from providers.address import Address
from providers.headers import address_header, header, structured_header, text_header
from providers.message import Attachment, Message, Priority

LONGEST_LINE: Final = 990
LONG_LINE: Final = re.compile(rf"[^\n]{{{LONGEST_LINE + 1}}}")
LINE_END: Final = re.compile(r"\r\n?")
BASE64_LINE: Final = 76
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
        header("Date", [format_datetime(message.date)]),
        _from_header(message.sender, utf8=utf8),
        header("Message-ID", [message.message_id]),
        text_header("Subject", message.subject),
        *(
            address_header(name, addresses, utf8=utf8)
            for name, addresses in (
                ("To", message.to),
                ("Cc", message.cc),
                ("Bcc", message.bcc if with_bcc else ()),
                ("Reply-To", message.reply_to),
            )
            if addresses
        ),
        *(header(name, [value]) for name, value in PRIORITY[message.priority]),
        *(_own_header(name, value) for name, value in message.headers),
        "MIME-Version: 1.0\r\n",
    ]
    return "".join(lines).encode() + _body(message)


@lru_cache(maxsize=256)
def _from_header(sender: Address, *, utf8: bool) -> str:
    """Write From, which is the same for all mail of a connection."""
    return address_header("From", [sender], utf8=utf8)


def _own_header(name: str, value: str) -> str:
    free = name.lower().startswith("x-") or name.lower() in FREE_TEXT or not value.isascii()
    return text_header(name, value) if free else structured_header(name, value)


def _body(message: Message) -> bytes:
    inline = tuple(one for one in message.attachments if one.content_id and message.html)
    files = tuple(one for one in message.attachments if one not in inline)
    marks = _Boundaries(message.message_id)
    parts: list[bytes] = []
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
        self._seed = hashlib.sha256(seed.encode()).hexdigest()[:32]
        self._count = 0

    def join(self, kind: str, parts: list[bytes]) -> bytes:
        """Put parts into one multipart; `=_` occurs in no encoded part."""
        self._count += 1
        mark = f"=_{self._seed}_{self._count}"
        head = f'Content-Type: multipart/{kind}; boundary="{mark}"\r\n\r\n'
        body = b"".join(b"--%s\r\n%s\r\n" % (mark.encode(), part) for part in parts)
        return head.encode() + body + f"--{mark}--\r\n".encode()


def _text_part(subtype: str, text: str) -> bytes:
    lines = LINE_END.sub("\n", text) if "\r" in text else text
    lines = lines if lines.endswith("\n") or not lines else lines + "\n"
    raw = lines.encode()
    if lines.isascii() and "=_" not in lines and not LONG_LINE.search(lines):
        transfer, charset, body = "7bit", "us-ascii", raw.replace(b"\n", b"\r\n")
    else:
        quoted = binascii.b2a_qp(raw, istext=True)
        # Which is shorter is known without writing both: every text here ends with a line feed.
        shorter = len(quoted) <= _base64_size(len(raw) + raw.count(b"\n"))
        transfer, charset = ("quoted-printable" if shorter else "base64"), "utf-8"
        body = quoted.replace(b"\n", b"\r\n") if shorter else _base64(raw.replace(b"\n", b"\r\n"))
    head = f"Content-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: {transfer}\r\n\r\n"
    return head.encode() + body


def _base64(content: bytes) -> bytes:
    """Write base64 in lines of 76 characters."""
    written = binascii.b2a_base64(content, newline=False)
    lines = [written[start : start + BASE64_LINE] for start in range(0, len(written), BASE64_LINE)]
    return b"\r\n".join((*lines, b"")) if lines else b""


def _base64_size(size: int) -> int:
    """Give the length of so many bytes in base64, each line end counted as one character."""
    characters = (size + 2) // 3 * 4
    return characters + (characters + BASE64_LINE - 1) // BASE64_LINE


def _file_part(attachment: Attachment) -> bytes:
    return _binary_part(attachment, "attachment")


def _inline_part(attachment: Attachment) -> bytes:
    return _binary_part(attachment, "inline", f"Content-ID: <{attachment.content_id}>\r\n")


def _binary_part(attachment: Attachment, disposition: str, extra: str = "") -> bytes:
    head = (
        f"Content-Type: {attachment.content_type}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: {disposition};{_file_name(attachment.name)}\r\n{extra}\r\n"
    )
    return head.encode() + _base64(attachment.content)


def _file_name(name: str) -> str:
    """Write the file name parameter; beyond short ASCII in numbered pieces (RFC 2231)."""
    if name.isascii() and len(name) <= SHORT_NAME:
        return f'\r\n filename="{name}"'
    pieces = re.findall(r"(?:%[0-9A-F]{2}|.){1,20}", quote(name, safe=""))
    pieces[0] = f"utf-8''{pieces[0]}"
    if len(pieces) == 1:
        return f"\r\n filename*={pieces[0]}"
    return ";".join(f"\r\n filename*{number}*={piece}" for number, piece in enumerate(pieces))
