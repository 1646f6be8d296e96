"""The search: every world that can be reached, and what must hold in each and between them."""

from __future__ import annotations

from collections.abc import Iterable

from tests.model.table import FINAL, RETRIED, Broken, Table, World

POLICIES = ("resend", "hold")
ENDS = (*FINAL, "uncertain", "queued")


def explore(table: Table) -> dict[World, set[World]]:
    """Visit every world that can be reached; gives the next ones of each, but for what people cancel.

    Raises:
        Broken: an invariant does not hold; names it.
    """
    start = World()
    reached: dict[World, set[World]] = {start: set()}
    line = [start]
    while line:
        world = line.pop()
        for name, after in table.moves(world):
            check(after, table.policy)
            check_end(world, after, name)
            if name != "cancel":
                reached[world].add(after)
            if after not in reached:
                reached[after] = set()
                line.append(after)
    return reached


def check(world: World, policy: str) -> None:
    """See that every invariant holds in a world.

    Raises:
        Broken: it does not.
    """
    if world.status == "accepted" and not world.copies:
        raise Broken("I2: accepted without a copy")
    if world.copies - 1 > world.faults + world.asked:
        raise Broken("I3: more copies than faults explain")
    if policy == "hold" and world.copies > 1 + world.asked:
        raise Broken("I4: two copies in spite of hold")
    live = [w for w in world.workers if w.step != "idle" and w.token == world.token and world.lease]
    if len(live) > 1:
        raise Broken("I5: two live holders")
    if world.status in {"leased", "transmitting"} and not world.token:
        raise Broken("a row in hand without a token")


def check_end(before: World, after: World, name: str) -> None:
    """See that a final state changes by a retry only.

    Raises:
        Broken: it changed otherwise.
    """
    retried = name == "retry" and before.status in RETRIED
    if before.status in FINAL and after.status != before.status and not retried:
        raise Broken(f"I6: {before.status} became {after.status} by {name}")


def ends_by_itself(reached: dict[World, set[World]]) -> set[World]:
    """Name the worlds from which the message comes out of everybody's hands without a person (I1)."""
    before: dict[World, set[World]] = {world: set() for world in reached}
    for world, following in reached.items():
        for after in following:
            before[after].add(world)
    safe = {world for world in reached if world.status in ENDS}
    line = list(safe)
    while line:
        fresh = before[line.pop()] - safe
        safe |= fresh
        line.extend(fresh)
    return safe


def noticed_without(guard: str, policies: Iterable[str] = POLICIES) -> str:
    """Tell which invariant breaks when a guard is gone; empty when none does."""
    for policy in policies:
        try:
            explore(Table(policy, without=guard))
        except Broken as broken:
            return str(broken)
    return ""
