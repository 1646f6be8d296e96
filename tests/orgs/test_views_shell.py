"""Home, choice, overview, theme and the headers of every page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from orgs.models import Organization, Role, User
from tests import factories

ClientOf = Callable[[User], Client]


def test_home_asks_for_the_sign_in_when_nobody_is_signed_in(client: Client, db: None) -> None:
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/accounts/login/?next=/"


def test_home_leads_to_the_only_organization(client_of: ClientOf, owner: User) -> None:
    assert client_of(owner).get("/").headers["Location"] == "/organizations/contoso/"


def test_home_leads_a_super_admin_to_the_console(client_of: ClientOf, super_admin: User) -> None:
    assert client_of(super_admin).get("/").headers["Location"] == "/console/"


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


@pytest.mark.parametrize(
    "address", ["/organizations/contoso/", "/organizations/absent/", "/organizations/x_-y/"]
)
def test_strangers_and_absent_organizations_look_the_same(
    client_of: ClientOf, owner: User, stranger: User, address: str
) -> None:
    answer = client_of(stranger).get(address)
    assert answer.status_code == 404
    assert "This page does not exist" in answer.content.decode()


def test_a_suspended_organization_is_closed_to_its_members(client_of: ClientOf, db: None) -> None:
    closed = factories.organization("Closed", slug="closed", active=False)
    person = factories.user()
    factories.membership(person, closed, Role.OWNER)
    assert client_of(person).get("/organizations/closed/").status_code == 404
    assert "No organization yet" in client_of(person).get("/", follow=True).content.decode()


def test_choice_searches_and_pages(client_of: ClientOf, db: None) -> None:
    person = factories.user()
    for number in range(30):
        factories.membership(person, factories.organization(f"Branch {number:02}"), Role.READ_ONLY)
    client = client_of(person)
    assert "1–25 of 30" in client.get("/organizations/").content.decode()
    assert "Branch 29" in client.get("/organizations/?page=2").content.decode()
    found = client.get("/organizations/?q=branch 07").content.decode()
    assert "Branch 07" in found
    assert "Branch 08" not in found
    assert "Nothing matches" in client.get("/organizations/?q=absent").content.decode()
    # The switcher stays short and leads here.
    assert "Find another organization" in found


def test_overview_links_what_the_role_may_open(client_of: ClientOf, owner: User, teammate: User) -> None:
    mine = client_of(owner).get("/organizations/contoso/").content.decode()
    theirs = client_of(teammate).get("/organizations/contoso/").content.decode()
    for name in ("emails", "members", "audit"):
        assert f'href="/organizations/contoso/{name}/"' in mine
        assert f'href="/organizations/contoso/{name}/"' not in theirs
    assert 'href="/organizations/contoso/deliveries/"' in theirs


@pytest.mark.parametrize(
    ("came_from", "goes_to"),
    [
        ("/organizations/contoso/?page=2", "/organizations/contoso/?page=2"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("orgs:home", "/"),
        ("no-such-view", "/"),
    ],
)
def test_theme_comes_back_to_this_site_only(client: Client, db: None, came_from: str, goes_to: str) -> None:
    answer = client.post("/theme/", {"theme": "dark", "next": came_from})
    assert (answer.status_code, answer.headers["Location"]) == (302, goes_to)
    assert client.cookies["theme"].value == "dark"
    assert 'data-theme="dark"' in client.get("/accounts/login/").content.decode()


def test_theme_takes_only_known_words_and_only_a_post(client: Client, db: None) -> None:
    assert client.get("/theme/").status_code == 405
    client.post("/theme/", {"theme": '"><script>'})
    assert "theme" not in client.cookies
    client.cookies["theme"] = '"><script>'
    assert "data-theme" not in client.get("/accounts/login/").content.decode()


@pytest.mark.control("C-WEB-5")
@pytest.mark.parametrize(
    "path", ["/organizations/contoso/", "/organizations/absent/", "/accounts/password/change/"]
)
def test_pages_of_signed_in_people_are_kept_by_nobody(client_of: ClientOf, owner: User, path: str) -> None:
    headers = client_of(owner).get(path).headers
    assert "no-store" in headers["Cache-Control"]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "HX-Request" in headers["Vary"]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
