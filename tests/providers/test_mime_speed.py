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
from providers.message import FORBIDDEN_IN_BODY, _forbidden_in
from providers.mime import _base64, _base64_size, _text_part, compose
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
    assert _text_part("html", text) == expected


@settings(max_examples=300, deadline=None)
@given(content=st.binary(max_size=400))
@example(content=b"")
@example(content=bytes(57))
@example(content=bytes(58))
def test_base64_is_the_library_s(content: bytes) -> None:
    assert _base64(content) == base64.encodebytes(content).replace(b"\n", b"\r\n")
    assert _base64_size(len(content)) == len(base64.encodebytes(content))


@pytest.mark.control("C-MAIL-3")
@settings(max_examples=500, deadline=None)
@given(content=st.text(alphabet="ab.\r\n", max_size=40).map(str.encode) | st.binary(max_size=60))
def test_dots_and_line_ends_are_those_of_the_plain_way(content: bytes) -> None:
    expected = re.sub(rb"\r(?!\n)|(?<!\r)\n", b"\r\n", content)
    expected = expected if expected.endswith(b"\r\n") else expected + b"\r\n"
    assert stuffed(content) == re.sub(rb"(?m)^\.", b"..", expected)


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
    names = [Address("a@contoso.com", name) for name in ("Anna", "Berta", "Anna")]
    written = [re.search(rb"^From: (.*)\r$", compose(letter(sender=one)), re.MULTILINE) for one in names]
    assert [found[1] for found in written if found] == [
        b"Anna <a@contoso.com>",
        b"Berta <a@contoso.com>",
        b"Anna <a@contoso.com>",
    ]
