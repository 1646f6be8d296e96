"""The state table on the real tables, by random walks; and the walks notice a guard that is gone."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from orgs.models import Organization
from tests.model.machine import Delivery
from tests.notifications.stories import connect

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
# The shortest way to meet each guard; the last step is the one that must not pass without it.
SCRIPTS = {
    "mark.token": "claim 0, lease_runs_out, recover, claim 1, mark 0",
    "mark.state": "claim 0, mark 0, mark 0",
    "mark.lease": "claim 0, lease_runs_out, mark 0",
    "mark.settings": "claim 0, save_settings, mark 0",
    "settle.token": "claim 0, lease_runs_out, recover, claim 1, settle 0 refused",
}


def walk(organization: Organization, *, doubtful: str, without: str, examples: int) -> None:
    connect(organization, doubtful=doubtful)
    told = {"organization": organization, "doubtful": doubtful, "without": without}
    machine = type("Walk", (Delivery,), told)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            database=None,
            report_multiple_bugs=False,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.control("C-DEL")
@pytest.mark.feature("NEW-7")
@pytest.mark.parametrize("doubtful", ["resend", "hold"])
def test_random_walks_break_no_invariant(contoso: Organization, reachable: object, doubtful: str) -> None:
    walk(contoso, doubtful=doubtful, without="", examples=5)


@pytest.mark.control("C-DEL")
@pytest.mark.parametrize("guard", list(SCRIPTS))
def test_a_short_walk_notices_the_guard_that_is_gone(
    contoso: Organization, reachable: object, guard: str
) -> None:
    connect(contoso)
    for without in ("", guard):
        told = {"organization": contoso, "doubtful": "resend", "without": without}
        walk_of = type("Walk", (Delivery,), told)()
        walk_of.begin()
        *steps, last = SCRIPTS[guard].split(", ")
        for step in steps:
            take(walk_of, step)
        if without:
            with pytest.raises(AssertionError):
                take(walk_of, last)
        else:
            take(walk_of, last)
        walk_of.teardown()


def take(walk_of: Delivery, step: str) -> None:
    name, *given = step.split()
    getattr(walk_of, name)(*[int(word) if word.isdigit() else word for word in given])
