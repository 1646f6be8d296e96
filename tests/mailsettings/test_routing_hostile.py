"""Texts made to cost: a rule looks at them in time that grows with their length only."""

from __future__ import annotations

import time
from itertools import cycle, islice

import pytest

from mailsettings.routing.comparing import plain
from mailsettings.routing.sample import BODY_LIMIT

ACUTE, BELOW = "\u0301", "\u0316"


@pytest.mark.feature("WPM-34")
@pytest.mark.parametrize(
    "marks",
    [
        f"{ACUTE}{BELOW}",
        f"{ACUTE}{ACUTE}{ACUTE}{BELOW}",
        # Vowels that are marks only when they are taken apart, unlike what their own class says.
        "\u0f73",
        "\u0344\u0316",
    ],
)
def test_a_letter_under_thousands_of_marks_costs_no_more_than_another_text(marks: str) -> None:
    hostile = "a" + "".join(islice(cycle(marks), BODY_LIMIT))
    begun = time.process_time()
    plain(hostile)
    # Sorting all marks of one letter takes the square of their number: seconds.
    assert time.process_time() - begun < 0.2


def test_marks_that_people_write_are_compared_in_every_order() -> None:
    assert plain(f"a{ACUTE}{BELOW}") == plain(f"a{BELOW}{ACUTE}") == plain(f"\u00e1{BELOW}")
    zalgo = "z" + f"{BELOW}{ACUTE}" * 15
    assert plain(zalgo) == plain("z" + BELOW * 15 + ACUTE * 15)
