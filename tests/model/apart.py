"""What the long form does in processes of their own, each with its own organization."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from tests.model.search import noticed_without
from tests.model.table import GUARDS

if TYPE_CHECKING:
    from orgs.models import Organization

NOTICING_RUNS = 100
Told = tuple[str, int, int, int]


def walk_apart(told: Told) -> str:
    """Walk in a process of its own; gives what broke."""
    from tests.model.walks import NOTICED, walk  # noqa: PLC0415  # after django.setup

    policy, runs, steps, start = told
    try:
        walk(connected(policy), doubtful=policy, runs=runs, steps=steps, start=start)
    except NOTICED as broken:
        return f"{policy}: {broken}"
    return ""


def notice(told: tuple[str, int]) -> tuple[str, dict[str, object]]:
    """Take a guard out of the product; tells who notices: the search, the shortest way, walks at random."""
    from tests.model.mutants import without  # noqa: PLC0415  # after django.setup
    from tests.model.walks import HOLDING, NOTICED, follow, walk  # noqa: PLC0415

    guard, start = told
    policy = "hold" if guard in HOLDING else "resend"
    organization = connected(policy)
    by: dict[str, object] = {
        "search": noticed_without(guard) if guard in GUARDS else "",
        "short walk": follow(organization, guard, doubtful=policy, gone=True),
        "random walks": False,
    }
    with without(guard):
        try:
            walk(organization, doubtful=policy, runs=NOTICING_RUNS, steps=50, start=start, quiet=True)
        except NOTICED:
            by["random walks"] = True
    return guard, by


def connected(policy: str) -> Organization:
    """Make an organization with a connection and a policy."""
    from orgs.models import Organization  # noqa: PLC0415  # after django.setup
    from tests.notifications.stories import connect  # noqa: PLC0415

    slug = f"walk-{uuid4().hex}"
    made = Organization.objects.using("system").create(name=slug, slug=slug, custom_mail=True)
    connect(made, doubtful=policy)
    return made
