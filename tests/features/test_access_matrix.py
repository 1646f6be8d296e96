"""Every address × method × person × kind of object: nobody reaches what is another's (C-TEN-5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from mailsettings.routing.conditions import read_groups
from mailsettings.routing.services import add_rule
from notifications.models import Notification
from notifications.services import enqueue
from notifications.testing import start_test
from orgs.models import Membership, Organization, Role, TenantQuerySet, User
from orgs.services import invite
from orgs.tenancy import tenant
from tests import factories
from tests.features.addresses import Address, addresses
from tests.plugin_sandbox import Sandbox, smtp_values

pytestmark = pytest.mark.django_db
ABSENT = UUID("00000000-0000-7000-8000-000000000000")
CANARY = "canary-of-fabrikam"
METHODS = ("get", "post", "put")
LEAKS_NOTHING = {302, 403, 404, 405}


@dataclass
class House:
    """Two organizations with everything an address may name."""

    own: dict[str, object]
    foreign: dict[str, object]


def furnish(organization: Organization, boss: User, word: str, sandbox: Sandbox) -> dict[str, object]:
    """Give an organization one of everything, all of it carrying `word`."""
    values = smtp_values(sandbox.smtp(), sender_name=word)
    connection = factories.connection(organization, "smtp", values, by=boss)
    mate = factories.user(f"{word}@{organization.slug}.example", name=word)
    place = factories.membership(mate, organization, Role.READ_ONLY)
    row = enqueue(organization=organization, to=f"{word}@example.com", subject=word, text=word)
    with tenant(organization):
        test = start_test(organization=organization, user=boss, to=f"{word}@test.example", draft=None)
        invitation = invite(
            organization=organization, email=f"{word}@invited.example", role=Role.READ_ONLY, actor=boss
        )
        groups = read_groups([[{"field": "subject", "operator": "is", "value": word}]])
        rule = add_rule(organization=organization, connection=connection, groups=groups, user=boss)
    return {
        "slug": organization.slug,
        "notification_id": row.pk,
        "test": test.pk,
        "membership_id": place.pk,
        "invitation_id": getattr(invitation, "pk", ABSENT),
        "draft_id": ABSENT,
        "shared_id": ABSENT,
        "connection_id": connection.pk,
        "rule_id": rule.pk,
        "token": "no-such-token",
        "provider": "graph",
    }


@pytest.fixture
def house(
    contoso: Organization, fabrikam: Organization, owner: User, stranger: User, sandbox: Sandbox
) -> House:
    return House(
        own=furnish(contoso, owner, "our-own-word", sandbox),
        foreign=furnish(fabrikam, stranger, CANARY, sandbox),
    )


@pytest.fixture
def people(  # fixtures
    owner: User, teammate: User, stranger: User, super_admin: User, client_of: Callable[[User], Client]
) -> dict[str, Client]:
    """The five roles of the matrix."""
    return {
        "anonymous": Client(),
        "member": client_of(teammate),
        "owner": client_of(owner),
        "stranger": client_of(stranger),
        "super admin": client_of(super_admin),
    }


def cases(house: House) -> Iterator[tuple[Address, str, dict[str, object]]]:
    """Each address of an organization with foreign and absent values in every place."""
    absent: dict[str, object] = {
        key: ABSENT if isinstance(value, UUID) else "nowhere" for key, value in house.own.items()
    }
    for address in addresses():
        if "slug" not in address.parameters:
            continue
        others = [name for name in address.parameters if name != "slug"]
        pairs: list[tuple[dict[str, object], dict[str, object]]] = [
            (house.foreign, house.foreign),
            (absent, absent),
        ]
        if others:
            pairs += [(house.own, house.foreign), (house.own, absent), (house.foreign, house.own)]
        for slug, rest in pairs:
            values = {name: (slug if name == "slug" else rest)[name] for name in address.parameters}
            kind = "own" if slug is house.own else "foreign" if slug is house.foreign else "absent"
            yield address, kind, values


def walk(house: House, people: dict[str, Client]) -> int:
    """Try everything; gives how many cases were tried."""
    tried = 0
    answers: dict[tuple[str, str, str], int] = {}
    for address, kind, values in cases(house):
        path = address.fill(values)
        for (person, browser), method in product(people.items(), METHODS):
            if kind == "foreign" and person == "stranger":
                continue  # the stranger's own house
            if person == "super admin" and address.route.startswith("console/"):
                continue  # the console is the super admin's room; its switches have tests of their own
            answer = getattr(browser, method)(path)
            tried += 1
            where = f"{person} {method} {path}: {answer.status_code}"
            assert answer.status_code < 500, where
            if person != "stranger":
                assert CANARY not in answer.content.decode(errors="replace"), where
            if kind != "own" or person not in {"owner", "member"}:
                assert answer.status_code in LEAKS_NOTHING, where
            if kind == "foreign":
                twin = address.fill(values | {"slug": "nowhere"})
                key = (person, method, twin)
                if key not in answers:
                    answers[key] = getattr(browser, method)(twin).status_code
                assert answers[key] == answer.status_code, where
    return tried


@pytest.mark.feature("CIR-14", "NEW-17")
@pytest.mark.control("C-TEN-5", "C-TEN-1")
def test_nobody_reaches_what_is_anothers(
    house: House, people: dict[str, Client], fabrikam: Organization
) -> None:
    before = census(fabrikam)
    assert walk(house, people) >= 1000
    assert census(fabrikam) == before


@pytest.mark.control("C-TEN-1")
def test_row_security_alone_keeps_the_walls(
    house: House, people: dict[str, Client], fabrikam: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = census(fabrikam)

    def unfiltered(self: TenantQuerySet[Any], organization: object) -> TenantQuerySet[Any]:
        return self.all()

    monkeypatch.setattr(TenantQuerySet, "of", unfiltered)
    walk(house, {"owner": people["owner"], "member": people["member"]})
    monkeypatch.undo()
    assert census(fabrikam) == before


def census(organization: Organization) -> tuple[list[object], list[object]]:
    """What must not change next door."""
    with tenant(organization):
        rows = Notification.objects.of(organization).order_by("pk").values_list("pk", "status", "next_at")
        places = Membership.objects.of(organization).order_by("pk").values_list("pk", "role")
        return list(rows), list(places)
