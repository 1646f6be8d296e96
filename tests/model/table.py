"""One message, two workers, and everything that can go wrong, as a state table in plain Python.

Each guard of threat model §9 has a name here and can be left out on purpose; the search must notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

GUARDS = (
    "claim.state",  # 2: only a queued row is leased
    "mark.token",  # 3: the lease is mine
    "mark.lease",  # 3: the lease still runs
    "mark.settings",  # 3: the settings are still those it was claimed with
    "mark.commit",  # 3: `transmitting` is written before content leaves
    "settle.token",  # 5, 6, 8: only the holder moves the row on
    "late.wins",  # 4: a late acceptance wins over every open state
    "late.open",  # 4: but over no final one
    "recover.expired",  # 7, 8: only a lease that ran out is taken back
    "recover.policy",  # 8: hold never sends twice
    "lost.policy",  # 8: the same when the reply is lost
    "handback.token",  # 5: only the holder gives back what it did not send
    "expire.state",  # 10: only what waits grows too old
    "cancel.state",  # 10: nothing that is being handed over is cancelled
    "again.state",  # 11: only an uncertain one is sent again
    "retry.state",  # 11': only what failed or grew too old is tried again
)
FINAL = ("accepted", "failed", "expired", "cancelled")
RETRIED = ("failed", "expired")
TOKENS, FAULTS, ASKED, SAVES = 3, 2, 1, 1


class Broken(Exception):
    """An invariant does not hold."""


@dataclass(frozen=True)
class Worker:
    """What one worker knows: its token, how far it is, and what happened behind its back."""

    step: str = "idle"  # idle, holding, marked, sent
    token: int = 0
    stale: bool = False  # its lease ran out
    outdated: bool = False  # the settings it read were saved anew


@dataclass(frozen=True)
class World:
    """The row, the two workers, the sink, the faults after a marker, and what a person asked for."""

    status: str = "queued"
    token: int = 0
    lease: bool = False
    given: int = 0
    workers: tuple[Worker, Worker] = (Worker(), Worker())
    copies: int = 0
    faults: int = 0
    asked: int = 0
    saves: int = 0
    answered: bool = False


class Table:
    """The transitions, under a policy for doubtful messages and without the guard named."""

    def __init__(self, policy: str, *, without: str = "") -> None:
        self.policy = policy
        self.without = without

    def on(self, guard: str, holds: bool) -> bool:  # noqa: FBT001  # reads like the table
        """Say whether a guard lets something pass; one that was left out always does."""
        return holds or guard == self.without

    def moves(self, world: World) -> Iterator[tuple[str, World]]:
        """Give every next world with the name of the move."""
        for place in (0, 1):
            for name, after in self._worker_moves(world, place):
                yield f"{name} {place}", after
        yield from self._time_passes(world)
        yield from self._people_decide(world)

    def _time_passes(self, world: World) -> Iterator[tuple[str, World]]:
        in_hand = world.status in {"leased", "transmitting"}
        if in_hand and world.lease:
            # A holder that crashed is counted already; one that stalls is a fault of its own.
            stalls = any(w.step != "idle" and w.token == world.token for w in world.workers)
            fault = world.status == "transmitting" and stalls
            if world.faults < FAULTS or not fault:
                first, second = (replace(w, stale=w.stale or w.token == world.token) for w in world.workers)
                late = replace(world, lease=False, faults=world.faults + fault, workers=(first, second))
                yield "lease runs out", late
        if in_hand and self.on("recover.expired", not world.lease):
            yield "recover", self._doubt(world, "recover.policy", sure=world.status == "leased")
        if self.on("expire.state", world.status == "queued") and world.status not in FINAL:
            yield "expire", self._free(world, "expired")

    def _people_decide(self, world: World) -> Iterator[tuple[str, World]]:
        cancellable = world.status in {"queued", "leased", "uncertain"}
        if self.on("cancel.state", cancellable) and world.status not in FINAL:
            yield "cancel", self._free(world, "cancelled")
        if world.status == "uncertain" and world.copies:
            yield "it arrived", self._free(world, "accepted")
        if world.asked < ASKED:
            again = replace(self._free(world, "queued"), asked=world.asked + 1, answered=False)
            if self.on("again.state", world.status == "uncertain"):
                yield "send again", again
            if self.on("retry.state", world.status in RETRIED):
                yield "retry", again
        if world.saves < SAVES:
            first, second = (replace(w, outdated=w.step == "holding") for w in world.workers)
            yield "save", replace(world, saves=world.saves + 1, workers=(first, second))

    def _worker_moves(self, world: World, place: int) -> Iterator[tuple[str, World]]:
        worker = world.workers[place]
        mine = worker.token == world.token
        if worker.step == "idle":
            if self.on("claim.state", world.status == "queued") and world.given < TOKENS:
                token = world.given + 1
                taken = replace(world, status="leased", token=token, lease=True, given=token)
                yield "claim", self._set(taken, place, Worker("holding", token))
            return
        after_marker = worker.step in {"marked", "sent"}
        if world.faults < FAULTS or not after_marker:
            yield "crash", self._set(replace(world, faults=world.faults + after_marker), place, Worker())
        if worker.step == "sent":
            yield from self._ends_of_sending(world, place, mine=mine)
            return
        if worker.step == "holding":
            yield "mark", self._mark(world, place, mine=mine)
        else:
            yield "transmit", self._transmit(world, place)
        if self.on("settle.token", mine) and world.status not in FINAL:
            for status in ("queued", "failed"):
                yield f"refused: {status}", self._set(self._free(world, status), place, Worker())
        if self.on("handback.token", mine) and world.status in {"leased", "transmitting"}:
            yield "hand back", self._set(self._free(world, "queued"), place, Worker())

    def _ends_of_sending(self, world: World, place: int, *, mine: bool) -> Iterator[tuple[str, World]]:
        yield "record", self._record(world, place, mine=mine)
        if world.faults < FAULTS and self.on("settle.token", mine) and world.status not in FINAL:
            lost = self._doubt(replace(world, faults=world.faults + 1), "lost.policy", sure=False)
            yield "reply lost", self._set(lost, place, Worker())

    def _mark(self, world: World, place: int, *, mine: bool) -> World:
        worker = world.workers[place]
        passes = (
            # On the tables this one is tried too: there a cancelled row would have lost its token anyway.
            world.status == "leased"
            and self.on("mark.token", mine)
            and self.on("mark.lease", world.lease or not mine)
            and self.on("mark.settings", not worker.outdated)
        )
        if not passes:
            return self._set(world, place, Worker())
        if mine and not world.lease:
            raise Broken("guard 3: marked under a lease that ran out")
        if worker.outdated:
            raise Broken("I11: marked under settings that were saved anew")
        if world.answered:
            raise Broken("guard 4: marked again after an acceptance was recorded")
        status = world.status if self.without == "mark.commit" else "transmitting"
        marked = replace(world, status=status, lease=True)
        return self._set(marked, place, replace(worker, step="marked", stale=False))

    def _transmit(self, world: World, place: int) -> World:
        worker = world.workers[place]
        if world.status in {"cancelled", "expired"} and not worker.stale:
            raise Broken("I10: sent after its end was confirmed")
        sent = replace(world, copies=world.copies + 1)
        return self._set(sent, place, replace(worker, step="sent"))

    def _record(self, world: World, place: int, *, mine: bool) -> World:
        is_open = world.status not in FINAL
        recorded = replace(world, answered=world.answered or is_open)
        if mine or (self.without != "late.wins" and self.on("late.open", is_open)):
            recorded = self._free(recorded, "accepted")
        return self._set(recorded, place, Worker())

    def _doubt(self, world: World, guard: str, *, sure: bool) -> World:
        """Guards 7 and 8: what left nothing goes back; what may have left follows the policy."""
        hold = self.policy == "hold" and not sure and self.without != guard
        return self._free(world, "uncertain" if hold else "queued")

    def _free(self, world: World, status: str) -> World:
        return replace(world, status=status, token=0, lease=False)

    def _set(self, world: World, place: int, worker: Worker) -> World:
        first, second = world.workers
        return replace(world, workers=(worker, second) if place == 0 else (first, worker))
