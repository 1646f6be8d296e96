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
    "mark.commit",  # 3: `transmitting` is written before content leaves
    "settle.token",  # 5, 6, 8: only the holder moves the row on
    "late.wins",  # 4: a late acceptance wins over every open state
    "late.open",  # 4: but over no final one
    "recover.expired",  # 7, 8: only a lease that ran out is taken back
    "recover.policy",  # 8: hold never sends twice
    "lost.policy",  # 8: the same when the reply is lost
    "handback.token",  # 5: only the holder gives back what it did not send
    "cancel.state",  # 10: nothing that is being handed over is cancelled
)
FINAL = ("accepted", "failed", "cancelled")
TOKENS, FAULTS = 4, 2


class Broken(Exception):
    """An invariant does not hold."""


@dataclass(frozen=True)
class Worker:
    """What one worker knows: its token, how far it is, and whether its lease ran out meanwhile."""

    step: str = "idle"  # idle, holding, marked, sent
    token: int = 0
    stale: bool = False


@dataclass(frozen=True)
class World:
    """The row, the two workers, the sink, and the faults that hit the message after a marker."""

    status: str = "queued"
    token: int = 0
    lease: bool = False
    given: int = 0
    workers: tuple[Worker, Worker] = (Worker(), Worker())
    copies: int = 0
    faults: int = 0
    answered: bool = False


class Table:
    """The transitions, under a policy for doubtful messages and without the guards named."""

    def __init__(self, policy: str, *, without: str = "") -> None:
        self.policy = policy
        self._without = without

    def on(self, guard: str, holds: bool) -> bool:  # noqa: FBT001  # reads like the table
        """Say whether a guard lets something pass; one that was left out always does."""
        return holds or guard == self._without

    def moves(self, world: World) -> Iterator[tuple[str, World]]:
        """Give every next world with the name of the move."""
        for place in (0, 1):
            for name, after in self._worker_moves(world, place):
                yield f"{name} {place}", after
        yield from self._common_moves(world)

    def _common_moves(self, world: World) -> Iterator[tuple[str, World]]:
        in_hand = world.status in {"leased", "transmitting"}
        if in_hand and world.lease:
            # A holder that crashed is counted already; one that stalls is a fault of its own.
            stalls = any(w.step != "idle" and w.token == world.token for w in world.workers)
            fault = world.status == "transmitting" and stalls
            if world.faults < FAULTS or not fault:
                workers = tuple(replace(w, stale=w.stale or w.token == world.token) for w in world.workers)
                yield (
                    "lease runs out",
                    replace(world, lease=False, faults=world.faults + fault, workers=workers),  # type: ignore[arg-type]
                )
        if in_hand and self.on("recover.expired", not world.lease):
            yield "recover", self._doubt(world, "recover.policy", sure=world.status == "leased")
        cancellable = world.status in {"queued", "leased", "uncertain"}
        if self.on("cancel.state", cancellable) and world.status not in FINAL:
            yield "cancel", self._free(world, "cancelled")

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
        )
        if not passes:
            return self._set(world, place, Worker())
        if world.status in FINAL:
            raise Broken("I6, I10: a final row was marked")
        if mine and not world.lease:
            raise Broken("guard 3: marked under a lease that ran out")
        if world.answered:
            raise Broken("guard 4: marked again after an acceptance was recorded")
        status = world.status if self._without == "mark.commit" else "transmitting"
        marked = replace(world, status=status, lease=True)
        return self._set(marked, place, replace(worker, step="marked", stale=False))

    def _transmit(self, world: World, place: int) -> World:
        worker = world.workers[place]
        if world.status == "cancelled" and not worker.stale:
            raise Broken("I10: sent after cancel was confirmed")
        sent = replace(world, copies=world.copies + 1)
        return self._set(sent, place, replace(worker, step="sent"))

    def _record(self, world: World, place: int, *, mine: bool) -> World:
        is_open = world.status not in FINAL
        recorded = world
        if is_open:
            recorded = replace(world, answered=True)
        if mine or (self._without != "late.wins" and self.on("late.open", is_open)):
            if not is_open and world.status != "accepted":
                raise Broken("I6: a final state changed")
            recorded = self._free(recorded, "accepted")
        return self._set(recorded, place, Worker())

    def _doubt(self, world: World, guard: str, *, sure: bool) -> World:
        """Guards 7 and 8: what left nothing goes back; what may have left follows the policy."""
        hold = self.policy == "hold" and not sure and self._without != guard
        return self._free(world, "uncertain" if hold else "queued")

    def _free(self, world: World, status: str) -> World:
        return replace(world, status=status, token=0, lease=False)

    def _set(self, world: World, place: int, worker: Worker) -> World:
        workers = list(world.workers)
        workers[place] = worker
        return replace(world, workers=(workers[0], workers[1]))

    def check(self, world: World) -> None:
        """See that every invariant holds here."""
        if world.status == "accepted" and not world.copies:
            raise Broken("I2: accepted without a copy")
        if world.copies - 1 > world.faults:
            raise Broken("I3: more copies than faults explain")
        if self.policy == "hold" and world.copies > 1:
            raise Broken("I4: two copies in spite of hold")
        live = [w for w in world.workers if w.step != "idle" and w.token == world.token and world.lease]
        if len(live) > 1:
            raise Broken("I5: two live holders")
        if world.status in {"leased", "transmitting"} and not world.token:
            raise Broken("a row in hand without a token")
