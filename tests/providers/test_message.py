"""What a message may hold: nothing that could smuggle a header, a recipient or a line."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from email import message_from_bytes, policy
from typing import Any

import pytest

from providers import (
    Address,
    Attachment,
    Message,
    MessageInvalid,
    Priority,
    compose,
)
from tests.providers.conftest import MAILBOX, letter, shown_name, words

BREAKS = [
    *(chr(number) for number in (*range(0x20), 0x7F, *range(0x80, 0xA0), 0x2028, 0x2029)),
    "\r\n",
    "\n\r",
    "\r\n\r\n",
    "\r\n ",
    "\n\t",
    "\ud800",
]


SMUGGLED = ["Bcc: victim@example.org", "X-Evil: 1", "", " folded", ".\r\nMAIL FROM:<x@example.org>"]


PAYLOADS = ["Hello" + "".join(parts) for parts in itertools.product(BREAKS, SMUGGLED)]


PLACES: list[Callable[[str], object]] = [
    lambda text: letter(subject=text),
    lambda text: letter(sender=Address(MAILBOX, text)),
    lambda text: letter(sender=Address(f"{text}@example.com")),
    lambda text: letter(sender=Address(f"a@example.com{text}")),
    lambda text: letter(bcc=(Address(f"b@x.example{text}"),)),
    lambda text: letter(reply_to=(Address("r@example.com", text),)),
    lambda text: letter(headers=(("X-Tag", text),)),
    lambda text: letter(headers=((f"X-{text}", "1"),)),
    lambda text: letter(headers=(("List-Unsubscribe", f"<https://x.example/{text}>"),)),
    lambda text: Attachment(text, "text/plain", b"x"),
    lambda text: Attachment("a.txt", f"text/{text}", b"x"),
    lambda text: Attachment("a.png", "image/png", b"x", content_id=text),
    lambda text: letter(message_id=f"<{text}@example.com>"),
]


def test_there_are_as_many_payloads_as_promised() -> None:
    assert len(set(PAYLOADS)) * len(PLACES) >= 500
    assert len(set(PAYLOADS)) >= 300


@pytest.mark.control("C-MAIL-1")
@pytest.mark.control("C-MAIL-2")
def test_no_payload_passes_in_any_place() -> None:
    for payload in PAYLOADS:
        for build in PLACES:
            with pytest.raises(MessageInvalid) as caught:
                build(payload)
            assert caught.value.field
            assert caught.value.text[0] == "“" or caught.value.text[0].isupper()
            assert caught.value.text.isprintable()


NAMES = ["Bcc", "to", "CC", "From", "Sender", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version"]


NAMES += [
    "Content-Type",
    "Content-Transfer-Encoding",
    "Received",
    "Return-Path",
    "DKIM-Signature",
    "ARC-Seal",
]


NAMES += [
    "X-Priority",
    "Importance",
    "Resent-To",
    "Apparently-To",
    "",
    " ",
    "X Y",
    "X:Y",
    "X-\xe9",
    "1X",
    "-X",
]


@pytest.mark.control("C-MAIL-1")
@pytest.mark.parametrize("name", NAMES)
def test_header_that_is_ours_or_unknown_is_refused(name: str) -> None:
    with pytest.raises(MessageInvalid) as caught:
        letter(headers=((name, "value"),))
    assert caught.value.field == "headers"


@pytest.mark.control("C-MAIL-1")
def test_sent_headers_are_exactly_the_expected_ones() -> None:
    tricky = [
        '"Doe, Jane" x',
        "a,b;c:d",
        "=?utf-8?q?x?=",
        "ü" * 90,
        "x" * 180,
        "a  b",
        'q"\\',
        "<x@y.example>",
        "(c)",
        "@",
    ]
    for name in tricky:
        message = letter(
            sender=Address(MAILBOX, name),
            to="",
            cc=(Address("cc@example.com", name), Address("c2@example.com", name[::-1])),
            bcc=(Address("hidden@example.com", name),),
            reply_to=(Address("reply@example.com", name),),
            subject=f"{name} {name}",
            headers=(("X-Tag", name), ("List-Unsubscribe", "<https://x.example/u>, <mailto:u@x.example>")),
        )
        parsed = message_from_bytes(compose(message), policy=policy.default)
        assert sorted(parsed.keys()) == sorted(
            words(
                "Date From Message-ID Subject Cc Reply-To X-Tag List-Unsubscribe MIME-Version"
                " Content-Type Content-Transfer-Encoding"
            )
        )
        assert [one.addr_spec for one in parsed["cc"].addresses] == ["cc@example.com", "c2@example.com"]
        assert [one.addr_spec for one in parsed["from"].addresses] == [MAILBOX]
        assert shown_name(compose(message), "from") == name
        assert parsed["subject"] == message.subject
        assert b"hidden@" not in compose(message)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"to": "", "cc": ()}, "to"),
        ({"subject": "x" * 990}, "subject"),
        ({"text": "a\x00b"}, "text"),
        ({"html": "a\x1bb"}, "html"),
        ({"text": "\ud800"}, "text"),
        ({"message_id": "no-brackets@example.com"}, "message_id"),
        ({"headers": (("X-A", "1"), ("x-a", "2"))}, "headers"),
        ({"headers": tuple((f"X-{number}", "1") for number in range(51))}, "headers"),
        ({"headers": (("X-A", "x" * 901),)}, "headers"),
        ({"headers": (("X-A", " "),)}, "headers"),
    ],
)
def test_message_names_the_field_that_is_wrong(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(MessageInvalid) as caught:
        letter(**changes)
    assert caught.value.field == field


@pytest.mark.parametrize("name", ["", " ", "a/b.txt", "..\\x", 'a"b', "x" * 256, "a:b", "a|b"])
def test_file_name_that_is_a_path_is_refused(name: str) -> None:
    with pytest.raises(MessageInvalid, match="file name"):
        Attachment(name, "text/plain", b"")


@pytest.mark.parametrize(
    "media", ["", "text", "text/", "/plain", "multipart/mixed", "message/rfc822", "a b/c"]
)
def test_odd_media_type_is_refused(media: str) -> None:
    with pytest.raises(MessageInvalid, match="application/octet-stream"):
        Attachment("a.txt", media, b"")


def test_subject_of_989_characters_and_empty_one_pass() -> None:
    assert letter(subject="ü" * 989).subject
    assert letter(subject="").subject == ""


def test_message_id_is_made_once_at_the_senders_domain() -> None:
    message = letter()
    assert message.message_id.endswith("@contoso.com>")
    assert compose(message) == compose(message)
    plain: dict[str, Any] = {"to": [Address("b@x.com")], "priority": "high"}
    assert Message(sender=Address("a@x.com"), **plain).priority is Priority.HIGH
