"""Random walks over the real tables, and the shortest way to each guard of the product's own code."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from orgs.models import Organization
from tests.model.machine import POSSIBLE, Delivery
from tests.model.mutants import without

# What one walk left behind may keep the next from repeating it.
NOTICED = (AssertionError, DatabaseError, Flaky)
OVERTAKEN = "claim 0, lease_runs_out, recover, claim 1"
LEFT = "claim 0, mark 0, transmit 0"
# What the last step does must not pass once the guard is gone.
SCRIPTS = {
    "claim.state": "claim 0, claim 1",
    "mark.token": f"{OVERTAKEN}, mark 0",
    "mark.state": "claim 0, mark 0, mark 0",
    "mark.lease": "claim 0, lease_runs_out, mark 0",
    "mark.settings": "claim 0, save_settings, mark 0",
    "mark.commit": f"{LEFT}, crash 0, lease_runs_out, recover, claim 1, mark 1, transmit 1, all_hold",
    "settle.token": f"{OVERTAKEN}, settle 0 refused",
    "late.wins": f"{LEFT}, lease_runs_out, recover, settle 0 accepted",
    "late.open": f"{LEFT}, lease_runs_out, recover, decide cancel, all_hold, settle 0 accepted, all_hold",
    "recover.expired": "claim 0, mark 0, recover, claim 1, mark 1, transmit 0, transmit 1, all_hold",
    "recover.policy": f"{LEFT}, crash 0, lease_runs_out, recover, claim 1, mark 1, transmit 1, all_hold",
    "lost.policy": f"{LEFT}, settle 0 unknown, claim 1, mark 1, transmit 1, all_hold",
    "handback.token": f"{OVERTAKEN}, give_back 0",
    "expire.state": "claim 0, mark 0, grow_old",
    "cancel.state": "claim 0, mark 0, decide cancel",
    "again.state": "claim 0, mark 0, decide again",
    "retry.state": "claim 0, mark 0, decide retry",
}
# These lead to a second copy only where the policy forbids it.
HOLDING = {"mark.commit", "recover.policy", "lost.policy"}


def walk(
    organization: Organization, *, doubtful: str, runs: int, steps: int, start: int = 0, quiet: bool = False
) -> None:
    """Walk at random; raise what the first broken promise raises.

    Args:
        organization: whose outbox; it must be connected with this policy.
        doubtful: the policy.
        runs: how many walks.
        steps: how long each is.
        start: the seed.
        quiet: do not print the way to a broken promise.
    """
    machine = type("Walk", (Delivery,), {"organization": organization, "doubtful": doubtful})
    told = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        phases=(Phase.generate,),
        verbosity=Verbosity.quiet if quiet else Verbosity.normal,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(start)(machine), settings=told)


def follow(organization: Organization, guard: str, *, doubtful: str, gone: bool) -> bool:
    """Walk the short way to a guard, with or without it; tells whether a promise was broken."""
    machine = type("Walk", (Delivery,), {"organization": organization, "doubtful": doubtful})()
    machine.begin()
    *steps, last = SCRIPTS[guard].split(", ")
    with without(guard if gone else ""):
        try:
            for step in steps:
                take(machine, step)
        except NOTICED:
            if not gone:
                raise
            return True
        try:
            take(machine, last)
        except NOTICED:
            return True
        finally:
            machine.teardown()
    return False


def take(machine: Delivery, step: str) -> None:
    """Take one step, unless the worker named is not where it could."""
    name, *given = step.split()
    values: list[Any] = [int(word) if word.isdigit() else word for word in given]
    if values and isinstance(values[0], int):
        place, *said = values
        if " ".join((name, *said)) not in POSSIBLE[machine.steps[place]]:
            return
    getattr(machine, name)(*values)
