"""Hostile input over every form and address: an answer each time, never a fault (threat model §10)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from uuid import UUID

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from notifications.services import enqueue
from orgs.ids import uuid7
from orgs.models import Organization, User
from tests.features import hostile
from tests.features.addresses import addresses

pytestmark = pytest.mark.django_db(transaction=True)

FAULT = 500


@pytest.fixture
def browsers(contoso: Organization, owner: User, super_admin: User, settings: Settings) -> dict[str, Client]:
    """People whose requests are answered as a server would, faults included."""
    settings.ACCOUNT_RATE_LIMITS = False
    made = {name: Client(raise_request_exception=False) for name in ("owner", "super admin", "nobody")}
    made["owner"].force_login(owner)
    made["super admin"].force_login(super_admin)
    return made


@pytest.fixture
def notification(contoso: Organization) -> UUID:
    return enqueue(organization=contoso, to="reader@example.com", subject="Hello", text="x").pk


def person_for(path: str) -> str:
    """Choose who reaches a form."""
    if path.startswith("/console/"):
        return "super admin"
    return "nobody" if path.startswith(("/accounts/login", "/accounts/password/reset")) else "owner"


def variants(form: hostile.Form, turn: int) -> Iterator[hostile.Form]:
    """Spoil the fields in turn with every other value, and now and then all of them at once."""
    names = list(form)
    for number, value in enumerate(hostile.VALUES[turn % 2 :: 2]):
        yield {**form, names[(number + turn) % len(names)]: value}
        if number % 6 == 0:
            yield dict.fromkeys(form, value)


@pytest.mark.control("C-WEB-10")
def test_no_value_in_any_form_makes_a_fault(
    contoso: Organization, browsers: dict[str, Client], notification: UUID
) -> None:
    faults, tried = [], 0
    for turn, (path, form) in enumerate(hostile.forms(contoso.slug, notification)):
        browser = browsers[person_for(path)]
        for spoilt in variants(form, turn):
            answer = browser.post(path, spoilt)
            tried += 1
            if answer.status_code >= FAULT:
                faults.append((path, {name: v[:40] for name, v in spoilt.items() if form[name] != v}))
    assert faults == []
    assert tried > 350


def paths(slug: str, notification: UUID) -> list[str]:
    """Fill every address of the product."""
    values = dict.fromkeys(
        ("notification_id", "draft_id", "membership_id", "invitation_id", "host_id", "cloud_id", "rule_id"),
        str(notification),
    )
    values |= {"slug": slug, "token": "no:such:token", "key": "x"}
    return [address.fill(values) for address in addresses() if not set(address.parameters) - set(values)]


def test_no_query_string_makes_a_fault(
    contoso: Organization, browsers: dict[str, Client], notification: UUID
) -> None:
    faults = []
    for path in paths(contoso.slug, notification):
        browser = browsers["super admin" if path.startswith("/console/") else "owner"]
        for value in hostile.VALUES[::5]:
            answer = browser.get(path, dict.fromkeys(hostile.QUERY_NAMES, value[:3000]))
            if answer.status_code >= FAULT and path != "/readyz":
                faults.append((path, value[:40]))
    assert faults == []


def test_no_body_or_type_makes_a_fault(
    contoso: Organization, browsers: dict[str, Client], notification: UUID
) -> None:
    faults, kinds = [], cycle(hostile.CONTENT_TYPES)
    for path in paths(contoso.slug, notification):
        browser = browsers[person_for(path)]
        for body in hostile.RAW:
            kind = next(kinds)
            answers = [browser.generic("POST", path, body, content_type=kind)]
            answers.append(browser.get(path, QUERY_STRING=body.decode("latin-1")))
            faults += [(path, kind, body[:40]) for answer in answers if answer.status_code >= FAULT]
    assert [fault for fault in faults if fault[0] != "/readyz"] == []


@pytest.mark.parametrize("header", hostile.HEADERS, ids=" ".join)
def test_no_header_makes_a_fault(
    contoso: Organization, browsers: dict[str, Client], header: dict[str, str]
) -> None:
    for path in (f"/organizations/{contoso.slug}/emails/", "/accounts/login/", "/nowhere/"):
        for browser in (browsers["owner"], browsers["nobody"]):
            answer = browser.get(path, headers=header)
            assert answer.status_code < FAULT
            assert "Content-Security-Policy" in answer.headers
            assert answer.headers["X-Frame-Options"] == "DENY"


BAD_KEYS = (
    "%00",
    "x",
    str(uuid7())[:-1],
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "%2e%2e",
    "%ff%fe",
    "a" * 5000,
)
KEYS = (
    *("notification_id", "draft_id", "membership_id", "invitation_id", "host_id", "cloud_id", "rule_id"),
    *("slug", "token", "key"),
)


def test_no_key_in_an_address_makes_a_fault(contoso: Organization, browsers: dict[str, Client]) -> None:
    for address in addresses():
        if not address.parameters or set(address.parameters) - set(KEYS):
            continue
        for key in BAD_KEYS:
            for slug in (contoso.slug, key):
                path = address.fill({**dict.fromkeys(KEYS, key), "slug": slug})
                assert browsers["owner"].get(path).status_code < FAULT, path
                assert browsers["super admin"].post(path).status_code < FAULT, path
