"""Conditions: every field with every operator, several values, bodies, and what is stored broken."""

from __future__ import annotations

from typing import Any

import pytest

from mailsettings.routing.conditions import (
    CONDITIONS_LIMIT,
    FIELDS,
    GROUPS_LIMIT,
    HEADER_VALUE,
    OPERATORS,
    VALUE_LIMIT,
    RuleInvalid,
    check_groups,
    read_condition,
    read_groups,
)
from mailsettings.routing.matching import choose, explain, holds
from mailsettings.routing.sample import BODY_LIMIT, HTML_LIMIT, VALUES, Reading, Sample, html_text
from tests.mailsettings.routing_stories import rule, when

SAMPLE = Sample(
    subject="Invoice 2026-1187 is ready",
    text="Dear customer,\r\n\r\nyour invoice\tis ready.",
    from_address="Billing@Legal.Contoso.com",
    from_name="Contoso Billing",
    to=("first@fabrikam.com", "second@tailspin.example"),
    cc=("copy@fabrikam.com",),
    bcc=("archive@contoso.com",),
    reply_to=("answers@contoso.com",),
    headers=(("X-Campaign", "Spring 2026"), ("X-Region", "north")),
    notification_type="invoice.monthly",
)
# For each field: the whole value, a part of it, how it begins, how it ends, a pattern it fits.
SEEN = {
    "subject": ("invoice 2026-1187 is ready", "2026-1187", "INVOICE", "is ready", "invoice ????-* is *"),
    "body": (
        "dear customer, your invoice is ready.",
        "Your Invoice is",
        "dear",
        "ready.",
        "*invoice is?ready*",
    ),
    "from_address": (
        "billing@legal.contoso.com",
        "legal",
        "billing@",
        "@legal.contoso.com",
        "*@*.contoso.com",
    ),
    "from_name": ("contoso billing", "so bi", "Contoso", "billing", "contoso*"),
    "to": ("second@tailspin.example", "tailspin", "second@", "@tailspin.example", "*@tailspin.*"),
    "cc": ("copy@fabrikam.com", "fabrikam", "copy", ".com", "copy@*"),
    "bcc": ("archive@contoso.com", "contoso", "archive", "@contoso.com", "*chive@*"),
    "reply_to": ("answers@contoso.com", "contoso", "answers", "@contoso.com", "answer?@*"),
    "recipient_domain": ("contoso.com", "contoso", "con", "oso.com", "c*o.com"),
    "header_name": ("x-campaign", "campaign", "X-C", "paign", "x-c*"),
    "header_value": ("spring 2026", "ring", "Spring", "2026", "spring*"),
    "notification_type": ("invoice.monthly", "month", "invoice.", ".monthly", "invoice.*"),
}
# What holds and what does not, as numbers into the row above; 5 is what no value has.
HOLDS = {
    "contains": (1, 5),
    "not_contains": (5, 1),
    "is": (0, 1),
    "is_not": (1, 0),
    "starts": (2, 5),
    "ends": (3, 5),
    "matches": (4, 1),
}
TABLE = [
    (field, operator, (*seen, "zebra")[place], expected)
    for field, seen in SEEN.items()
    for operator, places in HOLDS.items()
    for place, expected in zip(places, (True, False), strict=True)
]


def held(stored: object, sample: Sample = SAMPLE) -> bool:
    return holds(read_condition(stored), Reading(sample))


@pytest.mark.feature("WPM-34")
@pytest.mark.parametrize(("field", "operator", "value", "expected"), TABLE)
def test_every_field_is_compared_with_every_operator(
    field: str, operator: str, value: str, *, expected: bool
) -> None:
    assert held(when(field, operator, value)) is expected


@pytest.mark.feature("WPM-34")
def test_the_table_leaves_no_field_and_no_operator_out() -> None:
    assert set(SEEN) == set(FIELDS) == {*VALUES, HEADER_VALUE}
    assert set(HOLDS) == set(OPERATORS)


MANY: list[tuple[str, str, bool]] = [
    ("is", "first@fabrikam.com", True),
    ("is", "second@tailspin.example", True),
    ("is_not", "second@tailspin.example", False),
    ("is_not", "third@fabrikam.com", True),
    ("not_contains", "tailspin", False),
    ("not_contains", "contoso", True),
]


@pytest.mark.parametrize(("operator", "value", "expected"), MANY)
def test_several_values_match_by_one_and_exclude_by_none(
    operator: str, value: str, *, expected: bool
) -> None:
    assert held(when("to", operator, value)) is expected


@pytest.mark.parametrize("field", FIELDS)
def test_of_a_message_without_a_value_only_negative_operators_hold(field: str) -> None:
    empty = Sample()
    assert {name for name in OPERATORS if held(when(field, name, "x"), empty)} == {"not_contains", "is_not"}
    assert not held(when(field, "matches", "*"), empty)


def test_a_single_header_is_looked_at_by_its_name() -> None:
    assert held(when("header_value", "is", "north", "x-region"))
    assert not held(when("header_value", "is", "north", "X-Campaign"))
    assert held(when("header_value", "is", "north")), "without a name it is any header"
    assert held(when("header_value", "is_not", "north", "X-Missing"))
    assert read_condition(when("subject", "is", "x", "X-Region")).header == ""


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("ÉCOLE", "e\u0301cole"),
        ("straße", "STRASSE"),
        ("two  words", "two\r\n words"),
        ("\u00a0edge ", "edge"),
    ],
)
def test_case_blanks_and_ways_to_write_a_letter_make_no_difference(written: str, seen: str) -> None:
    assert held(when("subject", "is", written), Sample(subject=seen))


def test_a_domain_is_found_as_it_travels_and_as_people_write_it() -> None:
    sample = Sample(to=("info@xn--bcher-kva.example",), from_address="a@xn--bcher-kva.example")
    for field in ("recipient_domain", "to", "from_address"):
        assert held(when(field, "ends", "bücher.example"), sample)
        assert held(when(field, "ends", "XN--BCHER-KVA.example"), sample)
        assert not held(when(field, "not_contains", "bücher"), sample)


HTML = """<!DOCTYPE html><html><head><title>Secret title</title><style>.spring { color: red }</style></head>
<body><script>var spring = "</scrip" + "t>";</script><!-- spring --><p>Your <b>in</b>voice</p>
<p>No&nbsp;7 &lt;paid&gt; 1 < 2</p><td>one</td><td>two</td></body></html>"""


@pytest.mark.feature("WPM-34")
def test_the_body_is_the_text_and_the_text_of_the_html() -> None:
    sample = Sample(text="Plain words", html=HTML)
    assert held(when("body", "contains", "plain words"), sample)
    assert held(when("body", "contains", "your invoice no 7 <paid> 1 < 2 one two"), sample)
    assert held(when("body", "ends", "two"), sample)
    for unseen in ("spring", "secret title", "<p>", "onetwo", "doctype"):
        assert held(when("body", "not_contains", unseen), sample), unseen


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("no tags", "no tags"),
        ("cut off <a href='x", "cut off"),
        ("cut off <!-- x", "cut off"),
        ("cut off <style> x", "cut off"),
        ("<STYLE>x</Style >seen", "seen"),
        ("a<br/>b", "a b"),
        ("a<", "a<"),
        ("a</>b", "a b"),
        ("i <3 you", "i <3 you"),
        ("<title/>rest", ""),
    ],
)
def test_html_that_nobody_should_write_gives_text_all_the_same(html: str, text: str) -> None:
    assert " ".join(html_text(html).split()) == text


def test_a_body_is_looked_at_up_to_its_bound() -> None:
    long = "x" * BODY_LIMIT
    assert not held(when("body", "contains", "needle"), Sample(text=f"{long}needle"))
    assert held(when("body", "contains", "needle"), Sample(text=f"{long[6:]}needle"))
    assert not held(when("body", "contains", "needle"), Sample(html=f"<p>{long}</p>needle"))
    styles = f"<style>{'y' * (HTML_LIMIT - 100)}</style>"
    assert held(when("body", "contains", "needle"), Sample(html=f"{styles}needle"))
    assert not held(when("body", "contains", "needle"), Sample(html=f"{styles}{'<p>' * 100}needle"))


BROKEN: list[tuple[object, str]] = [
    ({}, "field"),
    (None, "field"),
    ([], "field"),
    (7, "field"),
    ("subject is x", "field"),
    ({"field": "moon", "operator": "is", "value": "x"}, "field"),
    ({"field": ["subject"], "operator": "is", "value": "x"}, "field"),
    ({"field": "subject", "operator": "regex", "value": "x"}, "operator"),
    ({"field": "subject", "operator": None, "value": "x"}, "operator"),
    ({"field": "subject", "operator": "is"}, "value"),
    ({"field": "subject", "operator": "is", "value": " \t"}, "value"),
    ({"field": "subject", "operator": "is", "value": 5}, "value"),
    ({"field": "subject", "operator": "is_not", "value": {"x": 1}}, "value"),
    ({"field": "subject", "operator": "is", "value": "x" * (VALUE_LIMIT + 1)}, "value"),
    ({"field": "subject", "operator": "is", "value": "a\x00b"}, "value"),
    ({"field": "header_value", "operator": "is", "value": "x", "header": "h" * 78}, "header"),
    ({"field": "header_value", "operator": "is", "value": "x", "header": "a\x7fb"}, "header"),
]


@pytest.mark.parametrize(("stored", "part"), BROKEN)
def test_what_is_stored_broken_never_matches_and_says_what_is_wrong(stored: object, part: str) -> None:
    condition = read_condition(stored)
    assert condition.fault is not None
    assert condition.fault.part == part
    assert condition.fault.text
    assert str(condition.field_label) or str(condition.operator_label) or part == "field"
    assert not held(stored)
    whole = rule([when("subject", "contains", "invoice"), stored], [when("subject", "is", "x")])  # type: ignore[list-item]
    assert choose([whole], SAMPLE) is None
    [result] = explain([whole], SAMPLE)
    assert [one.matched for one in result.groups[0].conditions] == [True, False]
    with pytest.raises(RuleInvalid) as refused:
        check_groups(read_groups(whole.groups))
    assert set(refused.value.faults) == {(0, 1)}


def test_a_broken_condition_leaves_the_other_groups_alone() -> None:
    stored: Any = [[{"field": "moon"}], "nonsense", [when("subject", "contains", "invoice")]]
    assert choose([rule(*stored)], SAMPLE) is not None


@pytest.mark.parametrize("groups", [None, {}, [], [[]], [[], []], "x", 3, {"field": "subject"}])
def test_groups_that_are_none_match_nothing(groups: Any) -> None:
    odd = rule(groups=groups)
    assert choose([odd], SAMPLE) is None
    assert explain([odd], SAMPLE)[0].matched is False
    with pytest.raises(RuleInvalid):
        check_groups(read_groups(groups))


@pytest.mark.feature("WPM-34")
def test_groups_and_conditions_have_bounds() -> None:
    good = when("subject", "contains", "invoice")
    most = [[good] * CONDITIONS_LIMIT] * GROUPS_LIMIT
    check_groups(read_groups(most))
    assert choose([rule(*most)], SAMPLE) is not None
    for groups, words in (
        ([[good]] * (GROUPS_LIMIT + 1), "at most 10 groups"),
        ([[good] * (CONDITIONS_LIMIT + 1)], "at most 10 conditions"),
        ([[good], []], "at least one condition"),
    ):
        with pytest.raises(RuleInvalid, match=words):
            check_groups(read_groups(groups))
    assert choose([rule([good] * (CONDITIONS_LIMIT + 1))], SAMPLE) is None, "stored past the forms"
    late = [[when("subject", "is", "x")]] * GROUPS_LIMIT + [[good]]
    assert choose([rule(*late)], SAMPLE) is None


def test_a_condition_is_stored_as_it_was_read() -> None:
    stored = when("header_value", "is", "North  side ", "X-Region")
    assert read_condition(stored).as_json() == {**stored, "value": "North side"}
    assert read_condition(when("to", "is", "x")).as_json() == when("to", "is", "x")
