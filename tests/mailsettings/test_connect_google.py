"""Connecting a Google account from the Emails page."""

from __future__ import annotations

import pytest

from tests.mailsettings.admin import Admin

TYPED = {
    "service": "gmail",
    "method": "connect",
    "username": "notifications@fabrikam.com",
    "client_id": "mailroom.apps.example.com",
    "client_secret": "GOCSPX-secret-of-the-tests-0123456789",
    "client_authentication": "body",
    "force_sender": "on",
}


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "shown"), [("connect", True), ("client_credentials", False)])
def test_the_account_is_part_of_the_page_where_somebody_signs_in(
    admin: Admin, method: str, *, shown: bool
) -> None:
    answer = admin.save("oauth_smtp", {**TYPED, "method": method}, action="fields")
    page = answer.content.decode()
    assert ("Connect Google account" in page) is shown


@pytest.mark.django_db
def test_connect_stores_what_was_typed_and_leads_to_google(admin: Admin) -> None:
    answer = admin.save("oauth_smtp", TYPED, action="connect")
    page = answer.content.decode()
    assert "https://accounts.google.com/o/oauth2/v2/auth?" in page
    assert "code_challenge_method=S256" in page
    assert TYPED["client_secret"] not in page
    (saved,) = admin.connections().values()
    assert (saved.provider, saved.settings["username"]) == ("oauth_smtp", "notifications@fabrikam.com")
