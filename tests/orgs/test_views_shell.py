"""Home, choice, overview, theme and the headers of every page."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from orgs.models import Organization, Role, User
from tests import factories

ClientOf = Callable[[User], Client]


def test_home_asks_for_the_sign_in_when_nobody_is_signed_in(client: Client, db: None) -> None:
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer.url == "/accounts/login/?next=/"


def test_home_leads_to_the_only_organization(client_of: ClientOf, owner: User) -> None:
    assert client_of(owner).get("/").url == "/organizations/contoso/"


def test_home_leads_a_super_admin_to_the_console(client_of: ClientOf, super_admin: User) -> None:
    assert client_of(super_admin).get("/").url == "/console/"


def test_home_offers_the_choice_when_there_are_several(
    client_of: ClientOf, owner: User, fabrikam: Organization
) -> None:
    factories.membership(owner, fabrikam, Role.READ_ONLY)
    page = client_of(owner).get("/", follow=True).content.decode()
    assert "/organizations/contoso/" in page
    assert "/organizations/fabrikam/" in page


def test_home_says_what_to_do_when_there_is_no_organization(client_of: ClientOf, db: None) -> None:
    newcomer = factories.user("newcomer@contoso.example")
    page = client_of(newcomer).get("/", follow=True).content.decode()
    assert "No organization yet" in page
    assert "newcomer@contoso.example" in page
