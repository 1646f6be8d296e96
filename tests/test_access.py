"""The access matrix: every address × method × person × object, made from the resolver (C-TEN-5).

A new address is found by itself; one that neither decorator guards must be named in OPEN.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orgs.access import ROLES, Permission
from orgs.ids import uuid7
from orgs.models import Organization, Role, User
from tests import factories
from tests.access_matrix import (
    ABSENT_SLUG,
    CONSOLE,
    EVERY,
    GUARDED,
    SECOND_KEYS,
    TENANTS,
    WORDS,
    Address,
    Stage,
    names,
)

# Addresses that belong to no organization: everybody may ask, each says by itself what it shows to whom.
OPEN = {
    *("healthz", "readyz", "orgs:home", "orgs:theme", "orgs:choose", "orgs:accept_invitation"),
    *("guides", "guide", "failures", "shared_result", "oauth_microsoft_callback", "oauth_google_callback"),
}
METHODS = ("GET", "POST", "DELETE")
HIDDEN = b"Fabrikam"


@pytest.fixture
def stage(
    contoso: Organization, fabrikam: Organization, super_admin: User, client_of: Callable[..., Client]
) -> Stage:
    """Set the stage."""
    member, admin, other = (factories.user(name=name) for name in ("Member", "Admin", "Other"))
    factories.membership(member, contoso, Role.DELIVERIES)
    factories.membership(admin, contoso, Role.OWNER)
    factories.membership(other, fabrikam, Role.OWNER)
    people = {"anonymous": None, "member A": member, "admin A": admin, "admin B": other, "super": super_admin}
    browsers = {name: client_of(person) if person else Client() for name, person in people.items()}
    for browser in browsers.values():
        browser.raise_request_exception = False
    return Stage(contoso, fabrikam, people, browsers)


def cases(stage: Stage, address: Address) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give slug, kind of object and the parameters of an address."""
    known = SECOND_KEYS | WORDS
    fixed = {name: value for name, value in known.items() if name in address.parameters}
    slugs = {"contoso": stage.contoso, "fabrikam": stage.fabrikam}
    for slug, organization in slugs.items():
        other = slugs["fabrikam" if slug == "contoso" else "contoso"]
        yield slug, "own", fixed | stage.objects(organization, address)
        if address.ids:
            yield slug, "foreign", fixed | stage.objects(other, address)
            yield slug, "absent", fixed | {name: uuid7() for name in address.ids}
    yield ABSENT_SLUG, "own", fixed | stage.objects(stage.contoso, address)


def expected(stage: Stage, address: Address, *, person: str, slug: str, kind: str, method: str) -> set[int]:
    """Say which answers are right."""
    if method not in address.view.methods:
        return {405}
    if person == "anonymous":
        return {302}
    role = stage.role(person, slug)
    if role is None:
        return {404}
    if Permission(address.view.permission) not in ROLES[role]:
        return {403}
    if kind != "own" or set(SECOND_KEYS) & set(address.parameters):
        return {404}
    # What the page then says to its own people is told by its own tests; it exists and it does not break.
    return {200, 204, 302, 400, 409, 422}


def plain(answer: Any) -> str:
    """Take out of a page what must differ: the address itself and the token of its forms."""
    text = answer.content.decode()
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|contoso|fabrikam|" + ABSENT_SLUG, "·", text)
    return re.sub(r"csrf[^>]*value=\"\w+\"|\"X-CSRFToken\": ?\"\w+\"|&quot;\w{64}&quot;", "·", text)


def test_every_address_is_guarded_or_named_as_open() -> None:
    unguarded = {address.name for address in EVERY if address not in GUARDED}
    assert {name for name in unguarded if not name.startswith("account_")} == OPEN


def test_the_matrix_is_large_enough() -> None:
    per_address = [2 * (3 if address.ids else 1) + 1 for address in TENANTS]
    assert sum(per_address) * len(METHODS) * 5 + len(CONSOLE) * len(METHODS) * 5 >= 1000


@pytest.mark.control("C-TEN-5", "C-WEB-6")
@pytest.mark.parametrize("address", TENANTS, ids=names(TENANTS))
@pytest.mark.parametrize("method", METHODS)
def test_every_address_answers_everyone_as_the_table_says(
    stage: Stage, address: Address, method: str
) -> None:
    wrong = []
    for person, browser in stage.browsers.items():
        not_found: set[str] = set()
        for slug, kind, parameters in cases(stage, address):
            path = reverse(address.name, kwargs={"slug": slug, **parameters})
            answer = browser.generic(method, path)
            right = expected(stage, address, person=person, slug=slug, kind=kind, method=method)
            if answer.status_code not in right:
                wrong.append((person, slug, kind, answer.status_code, right))
            if answer.status_code == 404:
                not_found.add(plain(answer))
            if person != "admin B" and slug != "contoso":
                assert HIDDEN not in answer.content
        # An object of others looks exactly like one that does not exist.
        assert len(not_found) <= 1, not_found
    assert wrong == []


@pytest.mark.control("C-TEN-5")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", CONSOLE, ids=names(CONSOLE))
@pytest.mark.parametrize("method", METHODS)
def test_the_console_exists_for_super_admins_only(stage: Stage, address: Address, method: str) -> None:
    for person, browser in stage.browsers.items():
        for slug in ("contoso", ABSENT_SLUG):
            # One round with what is there, one with what is not.
            kwargs = stage.of_the_console(address, present=slug == "contoso")
            status = browser.generic(method, reverse(address.name, kwargs=kwargs)).status_code
            if method not in address.view.methods:
                assert (person, status) == (person, 405)
            elif person == "anonymous":
                assert status == 302
            elif person != "super" or (kwargs and slug == ABSENT_SLUG):
                assert (person, slug, status) == (person, slug, 404)
            else:
                assert status in {200, 302, 422}
