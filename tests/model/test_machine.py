"""The state table on the real tables, by random walks; and the walks notice a guard that is gone."""

from __future__ import annotations

import pytest

from orgs.models import Organization
from tests.model.mutants import MUTANTS
from tests.model.table import GUARDS
from tests.model.walks import HOLDING, SCRIPTS, follow, walk
from tests.notifications.stories import connect

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.mark.control("C-DEL-2", "C-DEL-3", "C-DEL-4", "C-DEL-6", "C-DEL-8", "C-DEL-9", "C-DEL-10", "C-DEL-11")
@pytest.mark.feature("NEW-7")
@pytest.mark.parametrize("doubtful", ["resend", "hold"])
def test_random_walks_break_no_invariant(contoso: Organization, reachable: object, doubtful: str) -> None:
    """The short form of `python -m tests.model`."""
    connect(contoso, doubtful=doubtful)
    walk(contoso, doubtful=doubtful, runs=6, steps=50)


@pytest.mark.parametrize("guard", list(SCRIPTS))
def test_a_short_walk_notices_the_guard_that_is_gone(
    contoso: Organization, reachable: object, guard: str
) -> None:
    doubtful = "hold" if guard in HOLDING else "resend"
    connect(contoso, doubtful=doubtful)
    assert not follow(contoso, guard, doubtful=doubtful, gone=False)
    assert follow(contoso, guard, doubtful=doubtful, gone=True)


def test_every_guard_of_the_table_is_taken_out_of_the_product_too() -> None:
    assert set(MUTANTS) == set(SCRIPTS) == {*GUARDS, "mark.state"}
