"""What is written the quick way is, byte for byte, what the slow and plain way writes."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from providers import Address, checked_email
from providers.address import INVISIBLE
from providers.headers import _text_tokens, header, text_header
from providers.message import FORBIDDEN_IN_BODY, _forbidden_in
from providers.mime import _text_part, compose
from providers.transfer import LONG as LONG_LINE
from providers.transfer import base64_lines, base64_size, quoted_printable
from providers.transports.smtp_content import stuffed
from tests.providers.conftest import letter

# Short alphabets, so that the edges are met: ends of lines, dots, letters beyond ASCII.
ROUGH = st.text(alphabet="ab .=_\r\n\tü漢", max_size=60) | st.text(max_size=200)
LONG = st.builds(lambda piece, times: piece * times, ROUGH, st.integers(1, 120))


def plain_text_part(subtype: str, text: str) -> bytes:
    """Write a text as the standard library's encoders do it, both ways, and take the shorter one."""
    lines = re.sub(r"\r\n?", "\n", text)
    lines = lines if lines.endswith("\n") or not lines else lines + "\n"
    raw = lines.encode()
    if lines.isascii() and "=_" not in lines and max(map(len, lines.split("\n"))) <= 990:
        transfer, charset, body = "7bit", "us-ascii", raw
    else:
        quoted = binascii.b2a_qp(raw, istext=True)
        encoded = base64.encodebytes(raw.replace(b"\n", b"\r\n"))
        transfer = "quoted-printable" if len(quoted) <= len(encoded) else "base64"
        charset, body = "utf-8", quoted if transfer == "quoted-printable" else encoded
    head = f"Content-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: {transfer}\r\n\r\n"
    return head.encode() + body.replace(b"\n", b"\r\n")


@settings(max_examples=500, deadline=None)
@given(text=(ROUGH | LONG).filter(lambda text: text.isprintable() or "\ud800" not in text))
@example(text="x" * 990)
@example(text="x" * 991)
@example(text="a\n" * 400 + "x" * 991)
@example(text="漢" * 500)
def test_a_text_is_written_as_the_plain_way_writes_it(text: str) -> None:
    try:
        expected = plain_text_part("html", text)
    except UnicodeEncodeError:
        return
    assert b"".join(_text_part("html", text)) == expected


@settings(max_examples=300, deadline=None)
@given(content=st.binary(max_size=400))
@example(content=b"")
@example(content=bytes(57))
@example(content=bytes(58))
def test_base64_is_the_library_s(content: bytes) -> None:
    assert base64_lines(content) == base64.encodebytes(content).replace(b"\n", b"\r\n")
    assert base64_size(len(content)) == len(base64.encodebytes(content))


@settings(max_examples=500, deadline=None)
@given(pieces=st.lists(st.tuples(ROUGH, st.integers(1, 200)), max_size=4))
@example(pieces=[("x" * 76, 1)])
@example(pieces=[("<a href=x>", 80), ("x", 201)])
def test_quoted_printable_is_the_library_s(pieces: list[tuple[str, int]]) -> None:
    text = "\n".join(piece * times for piece, times in pieces)
    # Lines end with a line feed only, as whoever calls it sees to.
    raw = text.replace("\r", "\n").encode(errors="replace") + b"\n"
    assert quoted_printable(raw) == binascii.b2a_qp(raw, istext=True)


@settings(max_examples=500, deadline=None)
@given(
    length=st.integers(LONG_LINE, LONG_LINE + 2 * 76),
    marks=st.lists(st.tuples(st.integers(0, LONG_LINE + 150), st.sampled_from("=. \tü")), max_size=60),
)
def test_a_long_line_is_cut_where_the_library_cuts_it(length: int, marks: list[tuple[int, str]]) -> None:
    letters = ["x"] * length
    for place, mark in marks:
        letters[place % length] = mark
    raw = "".join(letters).encode() + b"\n"
    assert quoted_printable(raw) == binascii.b2a_qp(raw, istext=True)


@pytest.mark.control("C-MAIL-3")
@settings(max_examples=500, deadline=None)
@given(text=st.text(alphabet="ab.\r\n", max_size=40), html=st.text(alphabet="a.=_\r\nü漢", max_size=99))
def test_dots_are_doubled_and_nothing_but_crlf_ends_a_line(text: str, html: str) -> None:
    content = compose(letter(text=text, html=html))
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", content)
    assert content.endswith(b"\r\n")
    assert stuffed(content) == re.sub(rb"(?m)^\.", b"..", content)


@settings(max_examples=300, deadline=None)
@given(value=st.text(alphabet="ab =?ü", max_size=12) | st.text(alphabet="a", min_size=60, max_size=80))
def test_a_short_header_is_written_like_a_long_one(value: str) -> None:
    for name in ("Subject", "X-A"):
        assert text_header(name, value) == header(name, _text_tokens(value))


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=20) | st.text(alphabet="ab@. \x7f\x00\xa0ü\u200b", max_size=12))
def test_no_invisible_letter_passes_the_quick_look(text: str) -> None:
    invisible = any(unicodedata.category(character) in INVISIBLE for character in text)
    for address in (f"{text}@x.com", f"a@{text}"):
        try:
            checked_email(address)
        except ValueError:
            continue
        assert not invisible


@settings(max_examples=100, deadline=None)
@given(text=LONG.filter(lambda text: text.isprintable()), html=ROUGH.filter(lambda text: text.isprintable()))
def test_it_reads_as_what_the_library_would_write(text: str, html: str) -> None:
    ours = message_from_bytes(compose(letter(text=text or "-", html=html or "-")), policy=policy.default)
    theirs = EmailMessage(policy=policy.SMTP.clone(cte_type="7bit"))
    theirs.set_content(text or "-")
    theirs.add_alternative(html or "-", subtype="html")
    assert isinstance(ours, EmailMessage)
    assert ours.get_content_type() == theirs.get_content_type()
    for kind in ("plain", "html"):
        one, other = ours.get_body((kind,)), theirs.get_body((kind,))
        assert one is not None
        assert other is not None
        assert one.get_content().replace("\r\n", "\n") == other.get_content().replace("\r\n", "\n")


@pytest.mark.parametrize("code", range(0x180))
def test_no_control_character_passes_the_glance_at_a_body(code: int) -> None:
    text = f"before {chr(code)} after"
    assert bool(_forbidden_in(text)) == bool(FORBIDDEN_IN_BODY.search(text))


def test_one_sender_s_header_is_not_another_s() -> None:
    names = [Address("a@contoso.com", name) for name in ("Billing", "Orders", "Billing")]
    written = [re.search(rb"^From: (.*)\r$", compose(letter(sender=one)), re.MULTILINE) for one in names]
    assert [found[1] for found in written if found] == [
        b"Billing <a@contoso.com>",
        b"Orders <a@contoso.com>",
        b"Billing <a@contoso.com>",
    ]
