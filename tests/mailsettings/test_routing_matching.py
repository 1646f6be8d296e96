"""Which rule decides: groups, order, switches; held against a naive reading, and against hostile patterns."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsettings.routing import comparing, sample
from mailsettings.routing.comparing import matches
from mailsettings.routing.conditions import FIELDS, HEADER_VALUE, OPERATORS, read_groups
from mailsettings.routing.matching import choose, explain
from mailsettings.routing.sample import BODY_LIMIT, HTML_LIMIT, Sample, html_text
from tests.mailsettings.routing_stories import Stored, rule, when

SUBJECT = when("subject", "contains", "invoice")
TYPE = when("notification_type", "is", "billing")
OTHER = when("subject", "contains", "newsletter")
MESSAGE = Sample(subject="Your invoice", notification_type="billing")


@pytest.mark.feature("WPM-34")
@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([[SUBJECT]], True),
        ([[SUBJECT, TYPE]], True),
        ([[SUBJECT, OTHER]], False),
        ([[OTHER], [SUBJECT]], True),
        ([[OTHER, SUBJECT], [TYPE, SUBJECT]], True),
        ([[OTHER], [OTHER, TYPE]], False),
    ],
)
def test_one_group_must_match_and_in_it_every_condition(
    groups: list[list[Stored]], *, expected: bool
) -> None:
    chosen = choose([rule(*groups)], MESSAGE)
    assert (chosen is not None) is expected


@pytest.mark.feature("WPM-34")
def test_the_first_enabled_rule_that_matches_decides() -> None:
    off = rule([SUBJECT], place=1, enabled=False)
    misses, first, second = rule([OTHER], place=2), rule([SUBJECT], place=3), rule([TYPE], place=4)
    rules = [off, misses, first, second]
    assert choose(rules, MESSAGE) is first
    results = explain(rules, MESSAGE)
    assert [result.rule for result in results] == rules
    assert [result.matched for result in results] == [True, False, True, True]
    assert [result.decides for result in results] == [False, False, True, False]
    assert choose([off, misses], MESSAGE) is None
    assert choose([], MESSAGE) is None


# --- a naive reading of the same words ---------------------------------------------------------------

LETTERS = "aAbBß*? .@"
words = st.text(LETTERS, max_size=8)
some = st.lists(words, max_size=3).map(tuple)
samples = st.builds(
    Sample,
    subject=words,
    text=words,
    from_address=words,
    from_name=words,
    to=some,
    cc=some,
    bcc=some,
    reply_to=some,
    headers=st.lists(st.tuples(st.sampled_from(["X-A", "X-B"]), words), max_size=2).map(tuple),
    notification_type=words,
)
conditions = st.fixed_dictionaries(
    {
        "field": st.sampled_from([*FIELDS]),
        "operator": st.sampled_from([*OPERATORS]),
        "value": st.text(LETTERS, max_size=4),
        "header": st.sampled_from(["", "x-a"]),
    }
)
rule_lists = st.lists(
    st.builds(
        lambda groups, enabled: rule(*groups, enabled=enabled),
        st.lists(st.lists(conditions, max_size=3), max_size=3),
        st.booleans(),
    ),
    max_size=4,
)


def naive_text(text: str) -> str:
    return " ".join(text.casefold().split())


def naive_values(message: Sample, condition: Stored) -> list[str]:
    field, header = condition["field"], condition["header"]
    if field == "header_name":
        found = [name for name, _ in message.headers]
    elif field == HEADER_VALUE:
        found = [value for name, value in message.headers if not header or name.lower() == header]
    elif field == "recipient_domain":
        found = [email.split("@")[-1] for email in (*message.to, *message.cc, *message.bcc)]
    elif field == "body":
        found = [message.text]
    else:
        given = getattr(message, field)
        found = [given] if isinstance(given, str) else list(given)
    return [text for text in map(naive_text, found) if text]


def naive_matches(value: str, pattern: str) -> bool:
    if not pattern:
        return not value
    if pattern[0] == "*":
        return any(naive_matches(value[cut:], pattern[1:]) for cut in range(len(value) + 1))
    return bool(value) and pattern[0] in {"?", value[0]} and naive_matches(value[1:], pattern[1:])


NAIVE: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda value, wanted: wanted in value,
    "is": lambda value, wanted: value == wanted,
    "starts": lambda value, wanted: value[: len(wanted)] == wanted,
    "ends": lambda value, wanted: wanted == value[len(value) - len(wanted) :] and len(wanted) <= len(value),
    "matches": naive_matches,
}


def naive_holds(message: Sample, condition: Stored) -> bool:
    wanted, values = naive_text(condition["value"]), naive_values(message, condition)
    if not wanted:
        return False
    name = condition["operator"].replace("not_contains", "contains").replace("is_not", "is")
    found = [value for value in values if NAIVE[name](value, wanted)]
    return not found if name != condition["operator"] else bool(found)


def naive_choice(rules: list[Any], message: Sample) -> Any:
    for one in rules:
        for group in one.groups:
            if one.enabled and group and all(naive_holds(message, condition) for condition in group):
                return one
    return None


@pytest.mark.feature("WPM-34")
@settings(max_examples=150, deadline=None)
@given(rule_lists, samples)
def test_rules_choose_what_a_naive_reading_chooses(rules: list[Any], message: Sample) -> None:
    chosen = choose(rules, message)
    assert chosen is naive_choice(rules, message)
    results = explain(rules, message)
    assert [result.rule for result in results if result.decides] == ([chosen] if chosen else [])
    for result in results:
        for group, stored in zip(result.groups, result.rule.groups, strict=True):
            assert [one.matched for one in group.conditions] == [naive_holds(message, one) for one in stored]


@settings(max_examples=300, deadline=None)
@given(st.text("ab", max_size=12), st.text("ab*?", max_size=8))
def test_patterns_fit_what_a_naive_reading_fits(value: str, pattern: str) -> None:
    assert matches(value, pattern) is naive_matches(value, pattern)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["field", "operator", "value", "header", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(anything, samples)
def test_no_stored_groups_and_no_message_make_matching_fail(stored: Any, message: Sample) -> None:
    read_groups(stored)
    odd = rule(groups=stored)
    chosen, [result] = choose([odd], message), explain([odd], message)
    assert result.decides is (chosen is odd)


@settings(max_examples=150, deadline=None)
@given(st.text("<>/!-&;ab pstyle=\"'", max_size=60))
def test_any_markup_gives_text_no_longer_than_itself(html: str) -> None:
    assert len(html_text(html)) <= 2 * len(html)


# --- hostile patterns: steps are counted, not time -----------------------------------------------------

LONG = 100_000


def steps(module: Any, work: Callable[[], Any]) -> int:
    """Count the lines of a module that run during some work."""
    counted = 0

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal counted
        if frame.f_code.co_filename != module.__file__:
            return None
        counted += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        work()
    finally:
        sys.settrace(before)
    return counted


HOSTILE = [
    ("*a" * 10_000, "a" * LONG),
    ("*a" * 10_000 + "b", "a" * LONG),
    ("*a" * 10_000 + "*b", "a" * LONG),
    ("*a?" * 5_000 + "*b*", "a" * LONG),
    ("*" + "a?" * 250 + "b*", "a" * LONG),
    ("*" + "?" * 500 + "b*", "a" * LONG),
    ("*" + "a" * 499 + "b*", "a" * LONG),
    ("?" * LONG, "a" * LONG),
    ("*" * 10_000 + "b", "a" * LONG),
]


@pytest.mark.feature("WPM-34")
@pytest.mark.parametrize(("pattern", "value"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_pattern_takes_steps_by_the_length_only(pattern: str, value: str) -> None:
    taken = steps(comparing, lambda: matches(value, pattern))
    assert taken <= 6 * (len(pattern) + len(value))


@pytest.mark.parametrize("piece", ["<", "<p>", "<!--", "<style>", "<a '", "</", "&lt;", "<!", "<x"])
def test_hostile_markup_takes_steps_by_the_length_only(piece: str) -> None:
    html = piece * (HTML_LIMIT // len(piece))
    assert steps(sample, lambda: html_text(html)) <= 12 * len(html)
    assert len(html_text(html)) <= BODY_LIMIT
