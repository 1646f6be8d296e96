"""Account mail: its links come from the configured address, whatever a request says (C-WEB-7)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from django.conf import settings as product
from django.core import mail
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django.fixtures import Settings

from notifications.models import Notification
from orgs.accounts import AccountAdapter, absolute
from orgs.models import User
from orgs.services import platform_organization_id
from orgs.tenancy import tenant
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _post_box(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.ALLOWED_HOSTS = ["*"]


@pytest.mark.control("C-WEB-7")
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8443"},
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "https"},
        {"Host": "evil.example", "X-Forwarded-Host": "evil.example"},
    ],
)
@pytest.mark.parametrize("address", ["owner@contoso.example", "nobody@contoso.example"])
def test_every_link_of_a_reset_mail_is_ours(headers: dict[str, str], address: str) -> None:
    factories.user("owner@contoso.example", password=factories.PASSWORD)
    Client().post(reverse("account_reset_password"), {"email": address}, headers=headers)
    message = mail.outbox[0]
    links = re.findall(r"https?://[^\s\"'<>]+", str(message.body))
    assert links
    assert {urlsplit(link)[:2] for link in links} == {urlsplit(product.BASE_URL)[:2]}
    assert "evil.example" not in message.message().as_string()


@pytest.mark.parametrize(
    "target", ["http://[", "//evil.example", "https://evil.example/", "/\\evil.example", "javascript:x"]
)
def test_a_sign_in_leads_nowhere_else(target: str) -> None:
    person = factories.user(password=factories.PASSWORD)
    browser = Client()
    assert browser.get("/accounts/login/", {"next": target}).status_code == 200
    typed = {"login": person.email, "password": factories.PASSWORD, "next": target}
    assert browser.post("/accounts/login/", typed).headers["Location"] == "/"


def test_the_reset_link_leads_to_a_new_password() -> None:
    person = factories.user("owner@contoso.example", password=factories.PASSWORD)
    browser = Client()
    browser.post(reverse("account_reset_password"), {"email": person.email})
    link = re.search(rf"{product.BASE_URL}(/\S+)", str(mail.outbox[0].body))
    assert link
    form = browser.get(link.group(1), follow=True)
    assert form.status_code == 200
    word = "Ten-green-kites-rise"
    browser.post(form.request["PATH_INFO"], {"password1": word, "password2": word})
    assert User.objects.get(pk=person.pk).check_password(word)


def test_nobody_signs_up_by_themselves() -> None:
    assert not AccountAdapter().is_open_for_signup(RequestFactory().get("/"))


@pytest.mark.parametrize("path", ["/a/", "a/"])
def test_absolute_keeps_to_the_base(path: str) -> None:
    assert absolute(path) == f"{product.BASE_URL}/a/"


def test_people_sign_in_with_any_spelling_of_their_address() -> None:
    factories.user("owner@contoso.example", password=factories.PASSWORD)
    browser = Client()
    browser.post(reverse("account_login"), {"login": "OWNER@Contoso.example", "password": factories.PASSWORD})
    assert "_auth_user_id" in browser.session


@pytest.mark.django_db(transaction=True)
def test_a_reset_mail_reaches_the_platforms_outbox(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "notifications.backend.OutboxBackend"
    person = factories.user("owner@contoso.example", password=factories.PASSWORD)
    answer = Client().post(reverse("account_reset_password"), {"email": person.email})
    assert answer.status_code == 302
    platform = platform_organization_id()
    with tenant(platform):
        queued = Notification.objects.of(platform).get()
    assert queued.secret_content
    assert queued.sender_email == ""
