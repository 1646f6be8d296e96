"""Identifiers: version 7, in the order of time, never the same."""

from __future__ import annotations

import time

from orgs.ids import uuid7


def test_uuid7_has_the_version_and_variant_of_the_rfc() -> None:
    made = [uuid7() for _ in range(1000)]
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}
    assert len(set(made)) == 1000


def test_uuid7_sorts_by_time() -> None:
    earlier = uuid7()
    deadline = time.time_ns() + 2_000_000
    while time.time_ns() < deadline:
        pass
    later = uuid7()
    assert earlier < later
    assert abs((later.int >> 80) - time.time() * 1000) < 60_000
