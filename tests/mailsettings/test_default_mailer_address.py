"""A slip in DEFAULT_MAILER_URL breaks no page and never tells the password in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from mailsettings.default_mailer import default_sender, parse_default_mailer
from orgs.models import Organization, User

pytestmark = pytest.mark.django_db

SECRET = "Canary-of-the-operator"
WRONG = (
    f"smtp://name:{SECRET}℀@mail.example.com:587?from=a@example.com",
    f"smtp://name:{SECRET}[@mail.example.com:587?from=a@example.com",
    f"smtp://name:{SECRET}/@mail.example.com:587?from=a@example.com",
    f"smtp://name:{SECRET}#@mail.example.com:587?from=a@example.com",
    f"smtp://name:{SECRET}@mail.example.com:99999?from=a@example.com",
    f"smtp://name:{SECRET}@10.0.0.7:587?from=a@example.com",
    f"smtp://name:{SECRET}@mail.example.com:587?from=nobody",
    f"http://name:{SECRET}@mail.example.com",
)


@pytest.mark.control("C-CRY-7")
@pytest.mark.parametrize("url", WRONG)
def test_a_wrong_address_is_told_without_its_password(
    contoso: Organization,
    owner: User,
    client_of: Callable[[User], Client],
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    url: str,
) -> None:
    settings.DEFAULT_MAILER_URL = url
    with pytest.raises(ImproperlyConfigured) as told:
        parse_default_mailer(url)
    assert SECRET not in str(told.value)
    assert told.value.__cause__ is None
    browser = client_of(owner)
    browser.raise_request_exception = False
    page = browser.get(reverse("mailsettings:emails", args=[contoso.slug]))
    assert page.status_code == 200
    assert SECRET not in page.content.decode() + caplog.text


def test_a_right_address_tells_its_sender(settings: Settings) -> None:
    settings.DEFAULT_MAILER_URL = "smtp://name:word@mail.example.com:587?from=a@example.com"
    assert default_sender() == "a@example.com"
    settings.DEFAULT_MAILER_URL = ""
    assert default_sender() == ""
