"""Sign-in, sign-out, passwords and closed doors."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.test import Client

from orgs.models import Organization, Role, User
from tests import factories

LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def _fresh_limits(db: None) -> None:
    cache.clear()


@pytest.fixture
def person(contoso: Organization) -> User:
    someone = factories.user("mail@contoso.example", name="Mail admin", password=factories.PASSWORD)
    factories.membership(someone, contoso, Role.MAIL_ADMIN)
    return someone


def sign_in(client: Client, email: str, password: str) -> tuple[int, str]:
    answer = client.post(LOGIN, {"login": email, "password": password})
    return answer.status_code, answer.content.decode()


def test_sign_in_leads_home_and_ignores_case_of_the_address(client: Client, person: User) -> None:
    answer = client.post(LOGIN, {"login": " Mail@Contoso.Example ", "password": factories.PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert client.get("/").headers["Location"] == "/organizations/contoso/"
    # The session ends with the browser; longer stays are not offered yet.
    assert client.session.get_expire_at_browser_close()


def test_sign_in_goes_back_to_the_page_that_asked_for_it_but_never_to_another_host(
    client: Client, person: User
) -> None:
    values = {"login": person.email, "password": factories.PASSWORD}
    inside = client.post(LOGIN, {**values, "next": "/organizations/contoso/audit/"})
    assert inside.headers["Location"] == "/organizations/contoso/audit/"
    client.logout()
    outside = client.post(LOGIN, {**values, "next": "https://evil.example/"})
    assert outside.headers["Location"] == "/"


@pytest.mark.control("C-WEB-4")
def test_sign_in_says_the_same_for_a_wrong_password_and_an_unknown_account(
    client: Client, person: User
) -> None:
    known = sign_in(client, person.email, "wrong")
    unknown = sign_in(client, "nobody@contoso.example", "wrong")
    pattern = re.compile(r'value="[^"]*"')
    assert pattern.sub("", known[1]) == pattern.sub("", unknown[1])
    assert known[0] == unknown[0] == 200
    assert 'role="alert"' in known[1]


@pytest.mark.control("C-WEB-4")
def test_sign_in_is_limited_and_the_right_password_does_not_help_then(client: Client, person: User) -> None:
    for _ in range(5):
        sign_in(client, person.email, "wrong")
    _status, page = sign_in(client, person.email, factories.PASSWORD)
    assert "Too many failed sign-ins" in page
    assert "_auth_user_id" not in client.session


def test_many_requests_meet_a_plain_page(client: Client, person: User) -> None:
    statuses = [
        client.post("/accounts/password/reset/", {"email": person.email}).status_code for _ in range(6)
    ]
    assert statuses[0] == 302
    assert statuses[-1] == 429
    page = client.post("/accounts/password/reset/", {"email": person.email}).content.decode()
    assert "Too many tries" in page


def test_sign_out_takes_a_post(client: Client, person: User) -> None:
    client.force_login(person)
    assert client.get("/accounts/logout/").status_code == 200
    assert "_auth_user_id" in client.session
    assert client.post("/accounts/logout/").status_code == 302
    assert "_auth_user_id" not in client.session


@pytest.mark.control("C-WEB-7")
def test_reset_sets_a_new_password_by_a_link_of_the_configured_address(client: Client, person: User) -> None:
    client.post("/accounts/password/reset/", {"email": person.email}, headers={"host": "localhost"})
    letter = mail.outbox[-1]
    assert letter.to == [person.email]
    link = re.search(r"http\S+/accounts/password/reset/key/\S+", str(letter.body))
    assert link
    assert link[0].startswith(settings.BASE_URL)
    form = client.get(link[0].removeprefix(settings.BASE_URL), follow=True)
    assert "Set a new password" in form.content.decode()
    where = form.redirect_chain[-1][0]
    done = client.post(
        where, {"password1": "Ten-red-boats-sink", "password2": "Ten-red-boats-sink"}, follow=True
    )
    assert "Your password is changed" in done.content.decode()
    assert sign_in(client, person.email, "Ten-red-boats-sink")[0] == 302
    used = client.get(link[0].removeprefix(settings.BASE_URL), follow=True)
    assert "This link does not work" in used.content.decode()


@pytest.mark.control("C-WEB-4")
def test_reset_says_the_same_for_an_unknown_address(client: Client, person: User) -> None:
    answers = [
        client.post("/accounts/password/reset/", {"email": email}, follow=True).content.decode()
        for email in (person.email, "nobody@contoso.example")
    ]
    assert answers[0] == answers[1]


def test_change_of_password_asks_for_the_current_one(client: Client, person: User) -> None:
    client.post(LOGIN, {"login": person.email, "password": factories.PASSWORD})
    path = "/accounts/password/change/"
    new = {"password1": "Ten-red-boats-sink", "password2": "Ten-red-boats-sink"}
    refused = client.post(path, {"oldpassword": "wrong", **new})
    assert 'aria-invalid="true"' in refused.content.decode()
    done = client.post(path, {"oldpassword": factories.PASSWORD, **new}, follow=True)
    assert "Your password is changed." in done.content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "signup/",
        "email/",
        "confirm-email/",
        "confirm-email/abc:def/",
        "reauthenticate/",
        "login/code/confirm/",
    ],
)
def test_ways_in_that_do_not_exist_say_so(client: Client, db: None, path: str) -> None:
    for answer in (client.get(f"/accounts/{path}"), client.post(f"/accounts/{path}")):
        assert answer.status_code == 403
        assert "People come in by an invitation." in answer.content.decode()


def test_a_switched_off_account_does_not_open(client: Client, person: User) -> None:
    person.is_active = False
    person.save(update_fields=["is_active"])
    client.post(LOGIN, {"login": person.email, "password": factories.PASSWORD}, follow=True)
    assert "_auth_user_id" not in client.session
    assert client.get("/accounts/inactive/").status_code == 403
