"""Every interleaving of one message and two workers, and every guard missed when it is gone."""

from __future__ import annotations

from functools import cache

import pytest

from tests.model.search import POLICIES, ends_by_itself, explore, noticed_without
from tests.model.table import GUARDS, Table, World


@cache
def worlds(policy: str) -> dict[World, set[World]]:
    """Search the whole table once."""
    return explore(Table(policy))


@pytest.mark.control("C-DEL-1", "C-DEL-2", "C-DEL-3", "C-DEL-4", "C-DEL-5", "C-DEL-6", "C-DEL-10", "C-DEL-11")
@pytest.mark.parametrize("policy", POLICIES)
def test_no_interleaving_breaks_an_invariant_and_none_is_a_dead_end(policy: str) -> None:
    reached = worlds(policy)
    assert len(reached) > 2000
    assert ends_by_itself(reached) == set(reached)


@pytest.mark.parametrize("guard", GUARDS)
def test_the_search_notices_a_guard_that_is_gone(guard: str) -> None:
    assert noticed_without(guard), f"without {guard} nothing breaks"


@pytest.mark.control("C-DEL-3", "C-DEL-4")
@pytest.mark.parametrize("policy", POLICIES)
def test_without_faults_and_people_there_is_exactly_one_copy(policy: str) -> None:
    for world in worlds(policy):
        if world.status == "accepted" and not world.faults and not world.asked:
            assert world.copies == 1
