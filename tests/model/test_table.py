"""Every interleaving of one message and two workers, and every guard missed when it is gone."""

from __future__ import annotations

import pytest

from tests.model.table import FINAL, GUARDS, Broken, Table, World

POLICIES = ("resend", "hold")


def explore(table: Table) -> dict[World, set[World]]:
    """Visit every world that can be reached; raise with the path when an invariant breaks."""
    start = World()
    reached: dict[World, set[World]] = {start: set()}
    line = [start]
    while line:
        world = line.pop()
        for name, after in table.moves(world):
            table.check(after)
            if name != "cancel":
                reached[world].add(after)
            if after not in reached:
                reached[after] = set()
                line.append(after)
    return reached


@pytest.mark.control("C-DEL")
@pytest.mark.parametrize("policy", POLICIES)
def test_no_interleaving_breaks_an_invariant_and_none_is_a_dead_end(policy: str) -> None:
    reached = explore(Table(policy))
    assert len(reached) > 500
    # I1: whatever happened, what is in somebody's hand comes out of it without anybody's help.
    ends = {world for world in reached if world.status in {*FINAL, "uncertain", "queued"}}
    before: dict[World, set[World]] = {world: set() for world in reached}
    for world, following in reached.items():
        for after in following:
            before[after].add(world)
    safe, line = set(ends), list(ends)
    while line:
        for world in before[line.pop()] - safe:
            safe.add(world)
            line.append(world)
    assert set(reached) == safe


@pytest.mark.control("C-DEL")
@pytest.mark.parametrize("guard", GUARDS)
def test_the_search_notices_a_guard_that_is_gone(guard: str) -> None:
    noticed = []
    for policy in POLICIES:
        try:
            explore(Table(policy, without=guard))
        except Broken as broken:
            noticed.append(str(broken))
    assert noticed, f"without {guard} nothing breaks"


def test_without_faults_there_is_exactly_one_copy() -> None:
    """I3 with nothing going wrong: accepted rows have exactly one copy."""
    for world in explore(Table("resend")):
        if world.status == "accepted" and not world.faults:
            assert world.copies == 1
