"""The cast of every story: an owner, a teammate, a stranger, and a super admin."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from orgs.models import Organization, Role, User
from tests import factories


@pytest.fixture
def contoso(db: None) -> Organization:
    """The organization the story is about; it may send through its own provider."""
    return factories.organization("Contoso", slug="contoso", custom_mail=True)


@pytest.fixture
def fabrikam(db: None) -> Organization:
    """Another organization, next door."""
    return factories.organization("Fabrikam", slug="fabrikam", custom_mail=True)


@pytest.fixture
def owner(contoso: Organization) -> User:
    """An owner of Contoso."""
    person = factories.user("owner@contoso.example", name="Org admin")
    factories.membership(person, contoso, Role.OWNER)
    return person


@pytest.fixture
def teammate(contoso: Organization) -> User:
    """A member of Contoso who looks after deliveries only."""
    person = factories.user("teammate@contoso.example", name="Service desk")
    factories.membership(person, contoso, Role.DELIVERIES)
    return person


@pytest.fixture
def stranger(fabrikam: Organization) -> User:
    """An owner of Fabrikam, who has no business at Contoso."""
    person = factories.user("stranger@fabrikam.example", name="Next door")
    factories.membership(person, fabrikam, Role.OWNER)
    return person


@pytest.fixture
def super_admin(db: None) -> User:
    """A super admin, member of nothing."""
    return factories.user("super@platform.example", name="Super admin", super_admin=True)


@pytest.fixture
def client_of(db: None) -> Callable[[User], Client]:
    """Make a browser in which this person is signed in."""

    def sign_in(person: User) -> Client:
        browser = Client()
        browser.force_login(person)
        return browser

    return sign_in
