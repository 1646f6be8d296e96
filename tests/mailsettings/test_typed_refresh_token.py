"""Refresh tokens that were typed: the newest one counts, unused ones live on, ended ones are told once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailsettings.models import Connection, ConnectionToken
from notifications.drain import drain
from notifications.models import Notification, Status
from notifications.prune import prune
from notifications.services import enqueue
from orgs.models import Event
from orgs.tenancy import tenant
from sandbox.google import OAuthServer
from sandbox.grants import Grant
from sandbox.microsoft import Microsoft
from sandbox.smtp import SmtpServer
from tests.mailsettings.admin import Admin
from tests.notifications.stories import look, make_due
from tests.plugin_sandbox import (
    ACCOUNT,
    CLIENT_ID,
    CLIENT_SECRET,
    OAUTH_CLIENT_ID,
    OAUTH_MAILBOX,
    TENANT_ID,
    Sandbox,
    microsoft365_values,
    oauth_values,
)

pytestmark = pytest.mark.django_db(transaction=True)
Form = dict[str, object]


@pytest.fixture
def google(sandbox: Sandbox) -> OAuthServer:
    """A token endpoint in Google's manner."""
    return sandbox.google()


@pytest.fixture
def server(sandbox: Sandbox, google: OAuthServer) -> SmtpServer:
    """The mail server that takes its tokens."""
    return sandbox.smtp(tokens=google)


@pytest.fixture
def form(google: OAuthServer, server: SmtpServer) -> Form:
    """What the owner types: the legacy method with a refresh token made elsewhere."""
    token = google.refresh_token(OAUTH_CLIENT_ID, OAUTH_MAILBOX)
    return oauth_values(google, server, method="legacy", scope="", refresh_token=token)


def keep(admin: Admin, provider: str, form: Form) -> Connection:
    """Save, verified by the worker."""
    admin.finish(admin.save(provider, form))
    (saved,) = admin.connections().values()
    return saved


def send(admin: Admin) -> Notification:
    """Queue one notification and let a worker take its turn."""
    row = enqueue(organization=admin.organization, to="reader@example.com", subject="Hello", text="x")
    drain(admin.organization.pk)
    return look(row)


def kinds(admin: Admin) -> list[str]:
    with tenant(admin.organization):
        return list(Event.objects.of(admin.organization).values_list("kind", flat=True))


def a_day_later(admin: Admin) -> None:
    """Let the last renewal be a day ago, then let the daily round come."""
    with tenant(admin.organization):
        rows = ConnectionToken.objects.of(admin.organization)
        rows.update(renewed_at=timezone.now() - timedelta(days=1))
    prune()


def tokens(admin: Admin) -> ConnectionToken:
    with tenant(admin.organization):
        return ConnectionToken.objects.of(admin.organization).get()


def renewals(server: OAuthServer | Microsoft) -> int:
    return sum(one.grant_type == "refresh_token" for one in server.token_requests)


@pytest.mark.feature("COG-22", "WPM-42")
@pytest.mark.parametrize("by_mail", [True, False])
def test_an_ended_grant_holds_the_connection_and_is_told_once(
    admin: Admin, form: Form, google: OAuthServer, *, by_mail: bool
) -> None:
    keep(admin, "oauth_smtp", form)
    assert send(admin).status == Status.ACCEPTED
    google.revoke(OAUTH_MAILBOX)
    row = send(admin) if by_mail else None
    a_day_later(admin)
    a_day_later(admin)
    (saved,) = admin.connections().values()
    assert saved.held_code == "token_reconnect"
    assert kinds(admin).count("connection.held") == 1
    assert "connection.renewal_failed" not in kinds(admin)
    page = admin.browser.get(admin.url("mailsettings:emails")).content.decode()
    assert "Reconnect: the sign-in behind the refresh token has ended" in page
    assert "where the refresh token was made" in page

    fresh = google.refresh_token(OAUTH_CLIENT_ID, OAUTH_MAILBOX)
    google.add_account(OAUTH_MAILBOX).ended = False
    admin.finish(admin.save("oauth_smtp", {**form, "client_secret": "", "refresh_token": fresh}))
    (saved,) = admin.connections().values()
    assert saved.held_code == ""
    if row is not None:
        make_due(admin.organization)
        drain(admin.organization.pk)
        assert look(row).status == Status.ACCEPTED


@pytest.mark.feature("COG-22")
def test_a_newly_typed_refresh_token_wins_over_an_older_rotated_one(
    admin: Admin, form: Form, google: OAuthServer
) -> None:
    google.tokens.rotates = True
    keep(admin, "oauth_smtp", form)
    assert send(admin).status == Status.ACCEPTED
    rotated = tokens(admin)
    assert rotated.refresh is not None
    newer = google.refresh_token(OAUTH_CLIENT_ID, OAUTH_MAILBOX, token="1//0newer-token-of-the-tests")
    typed = {**form, "client_secret": "", "refresh_token": newer}
    answer = admin.save("oauth_smtp", typed, action="save_unverified")
    assert answer.status_code == 302
    before = len(google.token_requests)
    assert send(admin).status == Status.ACCEPTED
    [request] = google.token_requests[before:]
    assert request.grant_type == "refresh_token"
    # The typed one was used up by that renewal: it, and not the older one, was what was sent.
    assert not google._permits.get(newer)


@pytest.mark.feature("COG-22")
@pytest.mark.parametrize("action", ["save", "save_unverified"])
def test_a_newly_typed_client_secret_keeps_the_rotated_refresh_token(
    admin: Admin, form: Form, google: OAuthServer, action: str
) -> None:
    google.tokens.rotates = True
    keep(admin, "oauth_smtp", form)
    assert send(admin).status == Status.ACCEPTED
    generation = tokens(admin).generation
    typed = {**form, "client_secret": form["client_secret"], "refresh_token": ""}
    admin.finish(admin.save("oauth_smtp", typed, action=action))
    # The first refresh token was used up long ago; only the one it was traded for still works.
    assert send(admin).status == Status.ACCEPTED
    assert tokens(admin).generation == generation + (2 if action == "save" else 1)


def test_a_typed_refresh_token_nobody_used_is_renewed_too(
    admin: Admin, form: Form, google: OAuthServer
) -> None:
    admin.save("oauth_smtp", form, action="save_unverified")
    assert google.token_requests == []
    prune()
    assert renewals(google) == 1
    assert tokens(admin).refresh is not None
    prune()
    assert renewals(google) == 1


@pytest.mark.feature("HIR-22")
def test_a_persons_refresh_token_of_microsoft365_is_renewed_daily(admin: Admin, sandbox: Sandbox) -> None:
    microsoft = sandbox.microsoft()
    server = sandbox.smtp(tokens=microsoft)
    app = microsoft.add_app(TENANT_ID, CLIENT_ID, CLIENT_SECRET)
    who = microsoft.account(ACCOUNT)
    scopes = ("https://outlook.office.com/SMTP.Send", "offline_access")
    grant = Grant(app=app, account=who, scopes=scopes, generation=who.generation)
    token = microsoft.entra.grants.new_refresh(grant)
    keep(admin, "microsoft365_smtp", microsoft365_values(microsoft, server, refresh_token=token))
    assert send(admin).status == Status.ACCEPTED
    before, asked = tokens(admin), renewals(microsoft)
    prune()
    assert renewals(microsoft) == asked
    a_day_later(admin)
    assert renewals(microsoft) == asked + 1
    assert tokens(admin).generation == before.generation + 1

    microsoft.revoke(ACCOUNT)
    a_day_later(admin)
    a_day_later(admin)
    (saved,) = admin.connections().values()
    assert saved.held_code == "token_reconnect"
    assert kinds(admin).count("connection.held") == 1


def test_an_app_of_its_own_has_nothing_to_keep_alive(admin: Admin, sandbox: Sandbox) -> None:
    microsoft = sandbox.microsoft()
    microsoft.add_app(TENANT_ID, CLIENT_ID, CLIENT_SECRET, ("SMTP.SendAsApp",))
    keep(admin, "microsoft365_smtp", microsoft365_values(microsoft, sandbox.smtp(tokens=microsoft)))
    assert send(admin).status == Status.ACCEPTED
    asked = len(microsoft.token_requests)
    a_day_later(admin)
    assert len(microsoft.token_requests) == asked
