"""Recipients as people type them (COG-7)."""

from __future__ import annotations

from typing import Any

import pytest

from providers import (
    Address,
    MessageInvalid,
    parse_addresses,
)
from tests.providers.conftest import words


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
def test_addresses_are_read_as_people_type_them(typed: Any, emails: list[str]) -> None:
    assert [one.email for one in parse_addresses(typed)] == emails


@pytest.mark.feature("COG-7")
@pytest.mark.parametrize(
    "wrong",
    words("""
    a a@ @x.com a@x a@@x.com a@x..com .a@x.com a.@x.com a..b@x.com a@-x.com a@x.com> <a@x.com
    a@[127.0.0.1] a@127.0.0.1 "a"@x.com a(c)@x.com a@x_y.com a@x.123 a@b@c.com <> Name<>
    a@x.com<b@y.com a:b@x.com a@x.c\u200bom
    """),
)
def test_wrong_address_is_named_and_nothing_is_sent(wrong: str) -> None:
    with pytest.raises(MessageInvalid) as caught:
        parse_addresses(f"good@x.com, {wrong}")
    assert wrong.replace("Name", "").strip("<>")[:3] in caught.value.text


@pytest.mark.feature("COG-7")
def test_too_many_recipients_are_refused() -> None:
    many = ", ".join(f"a{number}@x.com" for number in range(101))
    with pytest.raises(MessageInvalid, match="101 recipients are more than the 100"):
        parse_addresses(many)
    assert len(parse_addresses(many, limit=500)) == 101


def test_names_keep_their_commas_and_quotes() -> None:
    found = parse_addresses(r'"Doe, \"J\" Jane" <jane@x.com>')
    assert found == (Address("jane@x.com", 'Doe, "J" Jane'),)
