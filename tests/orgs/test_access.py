"""From the address of an organization to the view inside its walls (C-TEN-5, C-TEN-8, C-WEB-6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from orgs.access import ROLES, Access, Permission
from orgs.models import AuditEntry, Event, Organization, Role, User
from orgs.tenancy import tenant
from tests import factories

pytestmark = [pytest.mark.urls("tests.orgs.urls_access"), pytest.mark.django_db]
SignIn = Callable[[User], Client]
HOME = "/organizations/contoso/"

# Mock-up 11, row by row: owner, mail admin, deliveries, read only.
TABLE = {
    Permission.SEE_DELIVERIES: (True, True, True, True),
    Permission.READ_CONTENT: (True, False, True, False),
    Permission.RETRY: (True, True, True, False),
    Permission.CHANGE_MAIL: (True, True, False, False),
    Permission.RUN_TESTS: (True, True, False, False),
    Permission.TOKENS: (True, True, False, False),
    Permission.MEMBERS: (True, False, False, False),
    Permission.AUDIT: (True, True, False, True),
}


@pytest.fixture(autouse=True)
def _plain_middleware(settings: Settings) -> None:
    """The little product has no other pages, so nothing looks for them."""
    wanted = ("Session", "Common", "Csrf", "Authentication", "Message", "Htmx")
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if any(word in name for word in wanted)]


@pytest.mark.parametrize("permission", Permission)
def test_roles_may_what_the_table_says(permission: Permission) -> None:
    person, organization = User(), Organization()
    found = tuple(Access(user=person, organization=organization, role=role).may(permission) for role in Role)
    assert found == TABLE[permission]
    assert set(ROLES) == set(Role)


def test_a_member_enters_inside_the_walls(owner: User, contoso: Organization, client_of: SignIn) -> None:
    answer = client_of(owner).get(HOME).json()
    assert answer["organization"] == str(contoso.pk)
    assert answer["slug"] == ["contoso", "contoso"]
    assert (answer["role"], answer["actor"], answer["acting"]) == ("owner", "Org admin", "")
    assert answer["may"] == sorted(Permission)


@pytest.mark.control("C-TEN-5")
@pytest.mark.parametrize("address", [HOME, f"{HOME}late/", f"{HOME}change/"])
def test_strangers_get_the_same_answer_as_for_an_organization_that_does_not_exist(
    contoso: Organization, stranger: User, super_admin: User, client_of: SignIn, address: str
) -> None:
    for person in (stranger, super_admin, factories.user()):
        browser = client_of(person)
        ask = browser.post if address.endswith("change/") else browser.get
        foreign, absent = ask(address), ask(address.replace("contoso", "nowhere"))
        assert (foreign.status_code, foreign.content) == (404, b"not found")
        assert (absent.status_code, absent.content) == (404, b"not found")
        assert foreign.headers.items() == absent.headers.items()
    with tenant(contoso):
        assert not Event.objects.exists()


def test_a_missing_permission_is_403_for_members(
    teammate: User, contoso: Organization, client_of: SignIn
) -> None:
    browser = client_of(teammate)
    assert browser.get(f"{HOME}late/").status_code == 200
    assert browser.post(f"{HOME}change/").status_code == 403
    with tenant(contoso):
        assert not Event.objects.exists()


def test_nobody_is_sent_to_the_sign_in_and_back(contoso: Organization, client: Client) -> None:
    for address in (HOME, f"{HOME}?page=2", "/organizations/nowhere/", "/console/3/"):
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/accounts/login/?next=/")
    assert (
        client.get(f"{HOME}?page=2").headers["Location"].endswith("?next=/organizations/contoso/%3Fpage%3D2")
    )
    # After the sign-in a GET follows; an address that only takes POST is no place to return to.
    assert client.post(f"{HOME}change/").headers["Location"] == "/accounts/login/?next=/"


def test_a_part_of_a_page_leads_the_whole_page_to_the_sign_in(contoso: Organization, client: Client) -> None:
    answer = client.get(HOME, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert answer.headers["HX-Redirect"] == f"/accounts/login/?next={HOME}"


@pytest.mark.control("C-WEB-6")
@pytest.mark.parametrize(
    ("address", "method"),
    [
        (HOME, "post"),
        (HOME, "delete"),
        (f"{HOME}change/", "get"),
        (f"{HOME}change/", "put"),
        ("/console/1/", "post"),
    ],
)
def test_a_wrong_method_is_405_for_everyone(
    owner: User, client: Client, client_of: SignIn, address: str, method: str
) -> None:
    for browser in (client, client_of(owner)):
        answer = getattr(browser, method)(address)
        assert answer.status_code == 405
        assert answer.headers["Allow"] in {"GET", "POST"}


@pytest.mark.control("C-WEB-6")
def test_a_post_without_its_token_is_403(owner: User, contoso: Organization) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    assert browser.post(f"{HOME}change/").status_code == 403
    with tenant(contoso):
        assert not Event.objects.exists()


def test_a_view_is_committed_and_recorded_once(owner: User, contoso: Organization, client_of: SignIn) -> None:
    assert client_of(owner).post(f"{HOME}change/word/").content == b"changed"
    with tenant(contoso):
        assert Event.objects.get().detail == {"slug": "contoso", "word": "word"}
        entry = AuditEntry.objects.get()
    assert (entry.actor_id, entry.on_behalf_of, entry.ip) == (owner.pk, "", "127.0.0.1")


@pytest.mark.control("C-AUD-1")
@pytest.mark.parametrize("word", ["fail", "deny"])
@pytest.mark.django_db(transaction=True)
def test_a_failing_view_leaves_nothing_behind(
    owner: User, contoso: Organization, client_of: SignIn, word: str
) -> None:
    browser = client_of(owner)
    browser.raise_request_exception = False
    assert browser.post(f"{HOME}change/{word}/").status_code in {403, 500}
    with tenant(contoso):
        assert not Event.objects.exists()
        assert not AuditEntry.objects.exists()


def test_a_template_is_rendered_inside_the_walls(
    owner: User, contoso: Organization, client_of: SignIn
) -> None:
    browser = client_of(owner)
    browser.get(HOME)
    with tenant(contoso):
        Event.objects.create(organization=contoso, kind="test")
    assert browser.get(f"{HOME}late/").content == b"1 of 1"
