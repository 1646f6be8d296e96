"""Connecting a Google account from the Emails page, and what becomes of it when Google ends the consent."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from mailsettings.models import AccountState, ConnectedAccount, ConnectionToken
from notifications.drain import drain
from notifications.models import Notification, Status
from notifications.services import enqueue
from orgs.models import Event
from orgs.tenancy import tenant
from sandbox.google import OAuthServer
from sandbox.smtp import SmtpServer
from tests.mailsettings.admin import Admin
from tests.notifications.stories import look, make_due
from tests.plugin_sandbox import OAUTH_CLIENT_ID, OAUTH_MAILBOX, Sandbox, oauth_values

Form = dict[str, object]
TYPED = {
    "service": "gmail",
    "method": "connect",
    "username": "notifications@fabrikam.com",
    "client_id": "mailroom.apps.example.com",
    "client_secret": "GOCSPX-secret-of-the-tests-0123456789",
    "client_authentication": "body",
    "force_sender": "on",
}


@pytest.fixture
def google(sandbox: Sandbox) -> OAuthServer:
    """Google, where the mailbox can sign in."""
    return sandbox.google()


@pytest.fixture
def server(sandbox: Sandbox, google: OAuthServer) -> SmtpServer:
    """Google's mail server."""
    return sandbox.smtp(tokens=google)


@pytest.fixture
def form(google: OAuthServer, server: SmtpServer) -> Form:
    """What the owner types."""
    return oauth_values(google, server, method="connect", scope="")


def connect(admin: Admin, google: OAuthServer, form: Form) -> str:
    """Leave for the consent page, allow, come back; gives the page that follows."""
    typed = admin.typed("oauth_smtp", form, action="connect")
    away = admin.browser.post(admin.url("mailsettings:emails"), typed, headers={"HX-Request": "true"})
    parts = urlsplit(google.accept(away["HX-Redirect"], OAUTH_MAILBOX))
    return str(admin.browser.get(f"{parts.path}?{parts.query}", follow=True).content.decode())


def send(admin: Admin) -> Notification:
    """Queue one notification and let a worker take its turn."""
    row = enqueue(organization=admin.organization, to="reader@example.com", subject="Hello", text="x")
    drain(admin.organization.pk)
    return look(row)


def account(admin: Admin) -> ConnectedAccount | None:
    with tenant(admin.organization):
        return ConnectedAccount.objects.of(admin.organization).first()


def kinds(admin: Admin) -> list[str]:
    with tenant(admin.organization):
        return list(Event.objects.of(admin.organization).values_list("kind", flat=True))


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


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("action", ["", "save_unverified"])
def test_a_save_before_anybody_connected_stores_and_proves_nothing(
    admin: Admin, form: Form, google: OAuthServer, action: str
) -> None:
    page = admin.finish(admin.save("oauth_smtp", form, action=action))
    assert "Saved. Connect the account before mail can go out through it." in page
    assert "Connect Google account" in page
    (saved,) = admin.connections().values()
    assert (saved.rank, saved.held_code) == ("additional", "")
    assert google.token_requests == []
    with tenant(admin.organization):
        assert not Notification.objects.of(admin.organization).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.feature("WPM-42", "WPM-48")
def test_a_consent_google_ended_is_seen_and_mended_by_a_person(
    admin: Admin, form: Form, google: OAuthServer, server: SmtpServer
) -> None:
    assert "is connected." in connect(admin, google, form)
    assert send(admin).status == Status.ACCEPTED
    assert server.signed_in == [OAUTH_MAILBOX]
    google.revoke(OAUTH_MAILBOX)

    row = send(admin)
    asked = len(google.token_requests)
    assert (row.status, row.attempts) == (Status.QUEUED, 0)
    ended = account(admin)
    assert ended is not None
    assert (ended.state, ended.failed_code) == (AccountState.NEEDS_RECONNECT, "token_reconnect")
    (saved,) = admin.connections().values()
    assert saved.held_code == "token_reconnect"
    assert kinds(admin).count("connection.needs_reconnect") == 1
    page = admin.browser.get(admin.url("mailsettings:emails")).content.decode()
    assert "Reconnect needed" in page
    assert "Reconnect Google account" in page

    # Nobody asks Google again, neither a worker nor a plain Save.
    make_due(admin.organization)
    drain(admin.organization.pk)
    admin.finish(admin.save("oauth_smtp", {**form, "client_secret": ""}))
    drain(admin.organization.pk)
    assert len(google.token_requests) == asked
    assert kinds(admin).count("connection.needs_reconnect") == 1

    assert "is connected." in connect(admin, google, {**form, "client_secret": ""})
    make_due(admin.organization)
    drain(admin.organization.pk)
    assert look(row).status == Status.ACCEPTED


def test_going_back_to_the_legacy_method_leaves_the_accounts_token_behind(
    admin: Admin, form: Form, google: OAuthServer
) -> None:
    typed = {
        **form,
        "method": "legacy",
        "refresh_token": google.refresh_token(OAUTH_CLIENT_ID, OAUTH_MAILBOX),
    }
    admin.finish(admin.save("oauth_smtp", typed))
    connect(admin, google, form)
    with tenant(admin.organization):
        assert ConnectionToken.objects.of(admin.organization).get().refresh is not None
    back = {**typed, "refresh_token": "", "client_secret": ""}
    assert admin.save("oauth_smtp", back, action="save_unverified").status_code == 302
    with tenant(admin.organization):
        assert not ConnectionToken.objects.of(admin.organization).exists()
