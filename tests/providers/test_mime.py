"""The bytes on the wire: ASCII, CRLF, lines within limits, and everything found again when parsed."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers import Address, Attachment, Priority, compose
from tests.providers.conftest import letter, shown_name

TEXT = st.text(
    alphabet=st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029"),
    max_size=120,
)


def read(raw: bytes) -> EmailMessage:
    parsed = message_from_bytes(raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def check_wire(raw: bytes) -> None:
    assert raw.isascii()
    assert raw.replace(b"\r\n", b"").count(b"\n") == raw.replace(b"\r\n", b"").count(b"\r") == 0
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


@pytest.mark.control("C-MAIL-3")
@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "",
        "ends\r",
        "bare\rcarriage\rreturns",
        "mixed\r\nends\nof\rlines\n\r",
        "x" * 5000,
        ("y" * 2000 + " ") * 3,
        "ü" * 3000,
        "漢字" * 2000,
        ".\r\n.\r\n..",
        "From here\nFrom there",
        "trailing \t \nblanks   ",
        "=_not a boundary",
        "😀" * 500,
    ],
)
def test_text_survives_and_lines_stay_within_limits(text: str) -> None:
    message = letter(text=text)
    raw = compose(message)
    check_wire(raw)
    expected = text.replace("\r\n", "\n").replace("\r", "\n")
    got = read(raw).get_body(("plain",))
    assert got is not None
    assert got.get_content().replace("\r\n", "\n").rstrip("\n") == expected.rstrip("\n")


@settings(max_examples=150, deadline=None)
@given(
    subject=TEXT,
    name=TEXT,
    text=st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc"))),
    html=TEXT,
)
def test_whatever_is_written_is_read_again(subject: str, name: str, text: str, html: str) -> None:
    message = letter(
        subject=subject,
        text=text,
        html=html,
        sender=Address("a@contoso.com", name),
        headers=(("X-A", f"v{name}"),),
    )
    raw = compose(message)
    check_wire(raw)
    parsed = read(raw)
    assert parsed["subject"] == subject
    assert shown_name(raw, "from").strip() == name.strip()
    assert len(parsed["from"].addresses) == 1
    assert parsed["x-a"].rstrip() == f"v{name}".rstrip() or "\u3000" in name or not name.isascii()
    plain = parsed.get_body(("plain",))
    if plain is not None:
        assert plain.get_content().replace("\r\n", "\n").rstrip("\n") == text.rstrip("\n")


def test_whole_structure_is_mixed_alternative_related() -> None:
    message = letter(
        text="text",
        html='<img src="cid:logo">',
        attachments=(
            Attachment("logo.png", "image/png", b"\x89PNG", content_id="logo"),
            Attachment(
                "Übersicht – der Zahlen für das ganze lange Geschäftsjahr 2026.pdf",
                "application/pdf",
                b"%PDF",
            ),
            Attachment("notes.txt", "text/plain", b"line\n.\nline"),
        ),
    )
    raw = compose(message)
    check_wire(raw)
    parsed = read(raw)
    kinds = [part.get_content_type() for part in parsed.walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
        "text/plain",
    ]
    files = {
        part.get_filename(): part.get_payload(decode=True) for part in parsed.walk() if part.get_filename()
    }
    assert files == {one.name: one.content for one in message.attachments}
    image = next(part for part in parsed.walk() if part.get_content_type() == "image/png")
    assert image["content-id"] == "<logo>"
    assert image.get_content_disposition() == "inline"


@pytest.mark.parametrize(
    "name", ["a.txt", "ü.txt", "long " * 40 + ".txt", "漢" * 60 + ".pdf", "a'b%c.txt", "x;y=z.txt"]
)
def test_file_name_is_found_again(name: str) -> None:
    raw = compose(letter(attachments=(Attachment(name, "text/plain", b"x"),)))
    check_wire(raw)
    assert [part.get_filename() for part in read(raw).walk() if part.get_filename()] == [name]


@pytest.mark.parametrize(
    ("priority", "headers"),
    [
        (Priority.HIGH, {"X-Priority": "1 (Highest)", "X-MSMail-Priority": "High", "Importance": "high"}),
        (Priority.NORMAL, {}),
        (Priority.LOW, {"X-Priority": "5 (Lowest)", "X-MSMail-Priority": "Low", "Importance": "low"}),
    ],
)
def test_priority_is_written_for_every_reader(priority: Priority, headers: Any) -> None:
    parsed = read(compose(letter(priority=priority)))
    found = {
        name: parsed[name] for name in ("X-Priority", "X-MSMail-Priority", "Importance") if name in parsed
    }
    assert found == headers


def test_date_and_message_id_are_those_of_the_message() -> None:
    at = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    parsed = read(compose(letter(date=at, message_id="<one@contoso.com>")))
    assert parsed["date"].datetime == at
    assert parsed["message-id"] == "<one@contoso.com>"


def test_bcc_stands_in_the_headers_only_for_graph() -> None:
    message = letter(bcc=(Address("hidden@example.com"),))
    assert b"hidden@example.com" not in compose(message)
    assert read(compose(message, with_bcc=True))["bcc"] == "hidden@example.com"


def test_address_beyond_ascii_is_written_in_utf8() -> None:
    raw = compose(letter(to="jörg@example.com"))
    assert "To: jörg@example.com".encode() in raw
