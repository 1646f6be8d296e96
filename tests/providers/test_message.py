"""What a message may hold: nothing that could smuggle a header, a recipient or a line."""

from __future__ import annotations

import itertools
from email import message_from_bytes, policy

import pytest

from providers import (
    Address,
    Attachment,
    Message,
    MessageInvalid,
    Priority,
    compose,
    parse_addresses,
)
from tests.providers.conftest import MAILBOX, letter, shown_name

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


def test_there_are_as_many_payloads_as_promised():
    places = 9
    assert len(set(PAYLOADS)) * places >= 500 * 3
    assert len(set(PAYLOADS)) >= 300


@pytest.mark.control("C-MAIL-1")
@pytest.mark.control("C-MAIL-2")
def test_no_payload_passes_in_any_place():
    accepted = []
    for payload in PAYLOADS:
        for place, build in {
            "subject": lambda text: letter(subject=text),
            "sender name": lambda text: letter(sender=Address(MAILBOX, text)),
            "sender": lambda text: letter(sender=Address(f"{text}@example.com")),
            "domain": lambda text: letter(sender=Address(f"a@example.com{text}")),
            "recipient": lambda text: letter(to="x@example.com", bcc=(Address(f"b@x.example{text}"),)),
            "reply-to": lambda text: letter(reply_to=(Address("r@example.com", text),)),
            "header value": lambda text: letter(headers=(("X-Tag", text),)),
            "header name": lambda text: letter(headers=((f"X-{text}", "1"),)),
            "list header": lambda text: letter(
                headers=(("List-Unsubscribe", f"<https://x.example/{text}>"),)
            ),
            "file name": lambda text: Attachment(text, "text/plain", b"x"),
            "media type": lambda text: Attachment("a.txt", f"text/{text}", b"x"),
            "content id": lambda text: Attachment("a.png", "image/png", b"x", content_id=text),
            "message id": lambda text: letter(message_id=f"<{text}@example.com>"),
        }.items():
            try:
                build(payload)
            except MessageInvalid as error:
                assert error.field
                assert error.text[0] in "“" or error.text[0].isupper()
                assert error.text.isprintable()
            else:
                accepted.append((place, payload))
    # A control character at the very end is cut off by nobody: every place refuses.
    assert accepted == []


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
def test_header_that_is_ours_or_unknown_is_refused(name):
    with pytest.raises(MessageInvalid) as caught:
        letter(headers=((name, "value"),))
    assert caught.value.field == "headers"


@pytest.mark.control("C-MAIL-1")
def test_sent_headers_are_exactly_the_expected_ones():
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
            "Date From Message-ID Subject Cc Reply-To X-Tag List-Unsubscribe MIME-Version Content-Type"
            " Content-Transfer-Encoding".split()
        )
        assert [one.addr_spec for one in parsed["cc"].addresses] == ["cc@example.com", "c2@example.com"]
        assert [one.addr_spec for one in parsed["from"].addresses] == [MAILBOX]
        assert shown_name(compose(message), "from") == name
        assert parsed["subject"] == message.subject
        assert b"hidden@" not in compose(message)


@pytest.mark.feature("COG-7")
@pytest.mark.parametrize(
    ("typed", "emails"),
    [
        ("a@x.com, b@y.com", ["a@x.com", "b@y.com"]),
        ("  a@x.com ,\n b@y.com\r\n", ["a@x.com", "b@y.com"]),
        ("a@x.com;b@y.com", ["a@x.com", "b@y.com"]),
        ("a@x.com\nb@y.com", ["a@x.com", "b@y.com"]),
        ("Name <a@x.com>", ["a@x.com"]),
        ('"Doe, Jane" <jane@x.com>, b@y.com', ["jane@x.com", "b@y.com"]),
        ("a@x.com, A@X.COM, a@x.com", ["a@x.com"]),
        ("jörg@bücher.example", ["jörg@xn--bcher-kva.example"]),
        ("", []),
        (",,;", []),
        ("o'brien+tag@x.com", ["o'brien+tag@x.com"]),
    ],
)
def test_addresses_are_read_as_people_type_them(typed, emails):
    assert [one.email for one in parse_addresses(typed)] == emails


@pytest.mark.feature("COG-7")
@pytest.mark.parametrize(
    "wrong",
    """
    a a@ @x.com a@x a@@x.com a@x..com .a@x.com a.@x.com a..b@x.com a@-x.com a@x.com> <a@x.com a@[127.0.0.1]
    a@127.0.0.1 "a"@x.com a(c)@x.com a@x_y.com a@x.123 a@b@c.com <> Name<> a@x.com<b@y.com a:b@x.com a@x.c\u200bom
    """.split(),
)
def test_wrong_address_is_named_and_nothing_is_sent(wrong):
    with pytest.raises(MessageInvalid) as caught:
        parse_addresses(f"good@x.com, {wrong}")
    assert wrong.replace("Name", "").strip("<>")[:3] in caught.value.text


@pytest.mark.feature("COG-7")
def test_too_many_recipients_are_refused():
    many = ", ".join(f"a{number}@x.com" for number in range(101))
    with pytest.raises(MessageInvalid, match="101 recipients are more than the 100"):
        parse_addresses(many)
    assert len(parse_addresses(many, limit=500)) == 101


def test_names_keep_their_commas_and_quotes():
    found = parse_addresses(r'"Doe, \"J\" Jane" <jane@x.com>')
    assert found == (Address("jane@x.com", 'Doe, "J" Jane'),)


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
def test_message_names_the_field_that_is_wrong(changes, field):
    with pytest.raises(MessageInvalid) as caught:
        letter(**changes)
    assert caught.value.field == field


@pytest.mark.parametrize("name", ["", " ", "a/b.txt", "..\\x", 'a"b', "x" * 256, "a:b", "a|b"])
def test_file_name_that_is_a_path_is_refused(name):
    with pytest.raises(MessageInvalid, match="file name"):
        Attachment(name, "text/plain", b"")


@pytest.mark.parametrize(
    "media", ["", "text", "text/", "/plain", "multipart/mixed", "message/rfc822", "a b/c"]
)
def test_odd_media_type_is_refused(media):
    with pytest.raises(MessageInvalid, match="application/octet-stream"):
        Attachment("a.txt", media, b"")


def test_subject_of_989_characters_and_empty_one_pass():
    assert letter(subject="ü" * 989).subject
    assert letter(subject="").subject == ""


def test_message_id_is_made_once_at_the_senders_domain():
    message = letter()
    assert message.message_id.endswith("@contoso.com>")
    assert compose(message) == compose(message)
    assert isinstance(message.priority, Priority)
    assert (
        Message(sender=Address("a@x.com"), to=[Address("b@x.com")], priority="high").priority is Priority.HIGH
    )  # type: ignore[arg-type]
