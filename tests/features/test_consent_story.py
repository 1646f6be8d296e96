"""Connecting a Microsoft account: from the Emails page to the consent page, back, and out by a worker."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

import pytest
from django.urls import reverse

from mailsettings.models import AccountState, Connection, MailSettings, StoredSecret
from notifications.drain import drain
from notifications.models import Notification, Status
from notifications.services import enqueue
from orgs.models import AuditEntry, Event, Organization
from orgs.tenancy import tenant
from sandbox.smtp import SmtpServer
from tests.notifications.stories import look, make_due
from tests.plugin_consent import OTHER, PROVIDER, Admin, asked
from tests.plugin_sandbox import ACCOUNT, CLIENT_SECRET, Sandbox, smtp_values

pytestmark = pytest.mark.django_db(transaction=True)
Form = dict[str, object]


def send(organization: Organization) -> Notification:
    """Queue one notification and let a worker take its turn."""
    row = enqueue(organization=organization, to="reader@example.com", subject="Hello", text="x")
    drain(organization.pk)
    return look(row)


def events(organization: Organization, kind: str) -> list[Event]:
    with tenant(organization):
        return list(Event.objects.of(organization).filter(kind=kind))


def actions(organization: Organization) -> list[str]:
    with tenant(organization):
        return list(AuditEntry.objects.of(organization).order_by("seq").values_list("action", flat=True))


@pytest.mark.feature(
    "HIR-1", "HIR-2", "HIR-3", "HIR-4", "HIR-6", "HIR-7", "HIR-9", "HIR-14", "WPM-4", "WPM-14"
)
@pytest.mark.feature("WPM-18", "WPM-25", "WPM-26", "WPM-28", "WPM-29", "WPM-30")
def test_an_admin_connects_an_account_and_workers_send_as_it(
    connector: Admin, account_form: Form, exchange: SmtpServer, sandbox: Sandbox
) -> None:
    page = connector.read(connector.browser.get(f"{connector.emails}?provider={PROVIDER}"))
    assert "Settings" in page
    assert "SMTP.Send" in page
    assert "offline_access" in page
    assert 'aria-describedby="connect-hint"' in page
    connector.post(account_form)
    page = connector.read(connector.browser.get(f"{connector.emails}?provider={PROVIDER}"))
    assert 'aria-describedby="connect-hint"' not in page
    assert 'value="http://127.0.0.1:8000/oauth/microsoft/callback/"' in page
    assert connector.account() is None

    url = connector.leave(account_form | {"client_secret": ""})
    question = asked(url)
    resource, *others = question["scope"].split()
    assert resource.startswith("https://outlook.office")
    assert resource.endswith("/SMTP.Send")
    assert sorted(others) == ["email", "offline_access", "openid", "profile"]
    assert (question["response_type"], question["code_challenge_method"]) == ("code", "S256")
    assert question["redirect_uri"] == "http://127.0.0.1:8000/oauth/microsoft/callback/"
    assert len(question["state"]) >= 43

    answer = connector.come_back(connector.microsoft.accept(url, ACCOUNT))
    assert (answer.status_code, answer["Location"]) == (302, connector.page("consent_result"))
    page = connector.read(answer)
    assert page.count("is connected.") == 1
    for words in ("Contoso Notifications", ACCOUNT, "Granted", "SMTP.Send", "Send a test email"):
        assert words in page
    account = connector.account()
    assert account is not None
    assert (account.state, account.email) == (AccountState.CONNECTED, ACCOUNT)
    assert connector.connection.settings["sender_email"] == ACCOUNT
    assert "account.connected" in actions(connector.organization)
    [redeemed] = [one for one in connector.microsoft.token_requests if one.grant_type == "authorization_code"]
    assert redeemed.redirect_uri == question["redirect_uri"]
    with tenant(connector.organization):
        assert {row.field for row in StoredSecret.objects.of(connector.organization)} == {"client_secret"}

    row = send(connector.organization)
    assert row.status == Status.ACCEPTED
    [mail] = sandbox.inbox
    assert message_from_bytes(mail.raw, policy=default)["From"].addresses[0].addr_spec == ACCOUNT
    assert mail.envelope_from == ACCOUNT
    assert exchange.signed_in == [ACCOUNT]
    assert any("AUTH XOAUTH2" in line for line in exchange.transcript)


@pytest.mark.feature("HIR-5", "WPM-13", "WPM-27", "HIR-6")
def test_what_is_typed_is_stored_before_leaving_and_is_there_after_the_return(
    connector: Admin, account_form: Form, exchange: SmtpServer
) -> None:
    connector.post(account_form)
    typed = account_form | {
        "host": "localhost",
        "sender_name": "Contoso News",
        "client_secret": CLIENT_SECRET,
    }
    url = connector.leave(typed)
    assert connector.connection.settings["host"] == "localhost"
    stale = connector.connection.version
    answer = connector.come_back(connector.microsoft.accept(url, ACCOUNT))
    assert connector.connection.settings["sender_name"] == "Contoso News"
    assert connector.connection.version > stale
    assert answer.status_code == 302
    # A tab that was opened before everything else would overwrite newer account_form.
    form = {"smtp_enabled": "on", "provider": PROVIDER, "shown": PROVIDER, "version": 1, **account_form}
    assert connector.browser.post(connector.emails, form).status_code == 409


@pytest.mark.feature("HIR-6")
def test_without_a_script_a_page_with_a_plain_link_leads_on(connector: Admin, account_form: Form) -> None:
    connector.post(account_form)
    answer = connector.post(account_form | {"client_secret": ""}, action="connect")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Continue to Microsoft" in page
    assert f'href="{connector.microsoft.base_url}/common/oauth2/v2.0/authorize?' in page
    assert "SMTP.Send" in page


@pytest.mark.feature("HIR-8", "HIR-12", "HIR-13")
@pytest.mark.control("C-OAU-4")
def test_without_the_permission_nothing_is_sent_until_it_is_granted(
    connector: Admin, account_form: Form, exchange: SmtpServer, sandbox: Sandbox
) -> None:
    connector.post(account_form)
    page = connector.read(connector.connect(account_form, scopes=()))
    assert "The permission SMTP.Send is missing" in page
    assert "Reconnect and approve" in page
    assert "Missing" in page
    account = connector.account()
    assert account is not None
    assert account.state == AccountState.PERMISSION_MISSING
    activate(connector)
    row = send(connector.organization)
    assert (row.status, row.attempts) == (Status.QUEUED, 0)
    assert connector.connection.held_code == "permission_missing"
    assert exchange.sessions == []

    url = connector.leave_again()
    assert asked(url)["prompt"] == "consent"
    page = connector.read(connector.come_back(connector.microsoft.accept(url, ACCOUNT)))
    assert "The permission SMTP.Send is missing" not in page
    account = connector.account()
    assert account is not None
    assert account.state == AccountState.CONNECTED
    assert any(scope.endswith("SMTP.Send") for scope in account.scopes)
    make_due(connector.organization)
    drain(connector.organization.pk)
    assert look(row).status == Status.ACCEPTED


@pytest.mark.feature("HIR-10", "HIR-20")
def test_refused_consent_is_explained_and_mail_waits_without_touching_the_mail_server(
    connector: Admin, account_form: Form, exchange: SmtpServer
) -> None:
    connector.post(account_form)
    answer = connector.come_back(connector.microsoft.decline(connector.leave(account_form), ACCOUNT))
    page = connector.read(answer)
    assert "The consent was refused" in page
    assert "Try again" in page
    assert connector.account() is None
    activate(connector)
    row = send(connector.organization)
    assert (row.status, row.attempts) == (Status.QUEUED, 0)
    assert exchange.sessions == []
    assert connector.connection.held_code == "not_connected"
    make_due(connector.organization)
    drain(connector.organization.pk)
    [event] = events(connector.organization, "connection.held")
    assert event.detail["code"] == "not_connected"


@pytest.mark.feature("HIR-12")
@pytest.mark.control("C-OAU-5")
def test_a_cancelled_reconnect_leaves_the_account_usable(connected: Admin, sandbox: Sandbox) -> None:
    before = connected.tokens()
    page = connected.read(connected.come_back(connected.microsoft.decline(connected.leave_again(), ACCOUNT)))
    assert "The consent was refused" in page
    assert f"{ACCOUNT} is still connected" in page
    after = connected.tokens()
    assert before is not None
    assert after is not None
    assert (after.generation, bytes(after.refresh or b"")) == (
        before.generation,
        bytes(before.refresh or b""),
    )
    assert send(connected.organization).status == Status.ACCEPTED


@pytest.mark.feature("WPM-30", "HIR-12")
@pytest.mark.control("C-OAU-5")
def test_another_account_is_refused_until_its_right_to_send_is_declared(
    connector: Admin, account_form: Form, exchange: SmtpServer
) -> None:
    account_form = account_form | {"sender_email": ACCOUNT}
    connector.post(account_form)
    answer = connector.connect(account_form, OTHER)
    page = connector.read(answer)
    assert "Another account signed in" in page
    assert f"You signed in as {OTHER}, but the Sender email is {ACCOUNT}" in page
    assert connector.account() is None
    trip = answer["Location"].partition("trip=")[2]

    url = connector.leave_again(trip=trip, choice="sends_as")
    assert asked(url)["login_hint"] == OTHER
    connector.read(connector.come_back(connector.microsoft.accept(url, OTHER)))
    account = connector.account()
    assert account is not None
    assert (account.email, account.send_as_confirmed) == (OTHER, True)
    assert connector.connection.settings["sender_email"] == ACCOUNT
    # Declared for this account only: a third one is refused, and the declared one stays.
    connector.microsoft.add_account("third@contoso.com")
    page = connector.read(
        connector.come_back(connector.microsoft.accept(connector.leave_again(), "third@contoso.com"))
    )
    assert "You signed in as third@contoso.com" in page
    assert f"{OTHER} is still connected" in page


@pytest.mark.feature("WPM-30")
@pytest.mark.control("C-OAU-5")
def test_the_account_that_signed_in_can_become_the_sender(connector: Admin, account_form: Form) -> None:
    account_form = account_form | {"sender_email": ACCOUNT}
    connector.post(account_form)
    trip = connector.connect(account_form, OTHER)["Location"].partition("trip=")[2]
    url = connector.leave_again(trip=trip, choice="use")
    connector.come_back(connector.microsoft.accept(url, OTHER))
    account = connector.account()
    assert account is not None
    assert (account.email, account.send_as_confirmed) == (OTHER, False)
    assert connector.connection.settings["sender_email"] == OTHER


@pytest.mark.feature("WPM-30")
def test_another_sender_typed_later_is_warned_of_until_it_is_confirmed(
    connected: Admin, account_form: Form
) -> None:
    connected.post(account_form | {"sender_email": OTHER, "client_secret": ""}, action="save_unverified")
    page = connected.read(connected.browser.get(connected.page("consent_result")))
    assert "Another Sender email is set" in page
    answer = connected.browser.post(connected.page("choose_sender"), {"choice": "sends_as"})
    page = connected.read(answer)
    assert "Another Sender email is set" not in page
    assert connected.connection.settings["sender_email"] == OTHER
    assert "account.send_as_confirmed" in actions(connected.organization)


@pytest.mark.feature("WPM-49", "WPM-50", "HIR-20", "HIR-10")
@pytest.mark.control("C-OAU-7")
def test_a_removed_account_takes_its_tokens_along_and_nothing_else(
    connected: Admin, account_form: Form, exchange: SmtpServer
) -> None:
    assert send(connected.organization).status == Status.ACCEPTED
    sessions = len(exchange.sessions)
    question = connected.browser.get(connected.page("disconnect")).content.decode()
    assert ACCOUNT in question
    answer = connected.browser.post(connected.page("disconnect"))
    page = connected.read(answer)
    assert "No account is connected" in page
    assert (connected.account(), connected.tokens()) == (None, None)
    assert "account.removed" in actions(connected.organization)
    assert connected.connection.settings["client_id"]
    with tenant(connected.organization):
        assert StoredSecret.objects.of(connected.organization).count() == 1

    row = send(connected.organization)
    assert (row.status, row.attempts) == (Status.QUEUED, 0)
    assert connected.connection.held_code == "not_connected"
    assert len(exchange.sessions) == sessions

    connector = connected
    connector.read(connector.come_back(connector.microsoft.accept(connector.leave_again(), ACCOUNT)))
    make_due(connector.organization)
    drain(connector.organization.pk)
    assert look(row).status == Status.ACCEPTED


@pytest.mark.feature("WPM-42", "WPM-48", "HIR-22")
@pytest.mark.control("C-OAU-6")
@pytest.mark.parametrize("cause", ["require_mfa", "change_password", "revoke", "expire"])
def test_consent_that_ends_is_told_once_and_mail_waits_for_a_reconnect(connected: Admin, cause: str) -> None:
    getattr(connected.microsoft, cause)(ACCOUNT)
    row = send(connected.organization)
    assert (row.status, row.attempts) == (Status.QUEUED, 0)
    account = connected.account()
    assert account is not None
    assert account.state == AccountState.NEEDS_RECONNECT
    assert connected.connection.held_code == "token_reconnect"
    other = send(connected.organization)
    assert other.status == Status.QUEUED
    assert len(events(connected.organization, "connection.needs_reconnect")) == 1
    assert events(connected.organization, "connection.held") == []
    page = connected.read(connected.browser.get(f"{connected.emails}?provider={PROVIDER}"))
    assert "Reconnect needed" in page
    if cause != "expire":
        assert "MFA" in page
        assert "password" in page

    connected.read(connected.come_back(connected.microsoft.accept(connected.leave_again(), ACCOUNT)))
    make_due(connected.organization)
    drain(connected.organization.pk)
    assert [look(one).status for one in (row, other)] == [Status.ACCEPTED, Status.ACCEPTED]


@pytest.mark.feature("WPM-29", "HIR-22")
def test_how_an_account_fares_is_found_by_a_real_renewal(connected: Admin) -> None:
    page = connected.read(connected.browser.post(connected.page("check_account")))
    assert "Access was renewed just now" in page
    renewals = [one for one in connected.microsoft.token_requests if one.grant_type == "refresh_token"]
    assert len(renewals) == 1
    connected.microsoft.change_password(ACCOUNT)
    page = connected.read(connected.browser.post(connected.page("check_account")))
    assert "The password was changed: connect again" in page
    account = connected.account()
    assert account is not None
    assert account.state == AccountState.NEEDS_RECONNECT
    assert send(connected.organization).status == Status.QUEUED


@pytest.mark.feature("HIR-22")
def test_a_token_the_mail_server_refuses_is_renewed_once(connected: Admin, exchange: SmtpServer) -> None:
    connected.microsoft.end_access_tokens(ACCOUNT)
    assert send(connected.organization).status == Status.ACCEPTED
    renewals = [one for one in connected.microsoft.token_requests if one.grant_type == "refresh_token"]
    assert len(renewals) == 1
    tokens = connected.tokens()
    assert tokens is not None
    assert tokens.generation == 2


@pytest.mark.feature("HIR-11")
def test_a_server_that_wants_another_permission_is_answered_with_reconnect(
    connected: Admin, exchange: SmtpServer
) -> None:
    exchange.tokens = lambda _user, _token: False
    row = send(connected.organization)
    assert row.status == Status.QUEUED
    page = connected.read(connected.browser.get(f"{connected.emails}?provider={PROVIDER}"))
    assert "SMTP.Send" in page
    assert "Reconnect" in page


@pytest.mark.feature("HIR-26")
def test_each_method_keeps_its_settings_while_the_other_is_in_use(
    connected: Admin, account_form: Form, sandbox: Sandbox
) -> None:
    other = sandbox.smtp()
    answer = connected.post(
        {"provider": "smtp", "shown": "smtp", **smtp_values(other)}, action="save_unverified"
    )
    assert answer.status_code == 302
    assert send(connected.organization).status == Status.ACCEPTED
    assert len(other.sessions) == 1
    account = connected.account()
    assert account is not None
    assert account.state == AccountState.CONNECTED
    back = account_form | {"sender_email": ACCOUNT, "client_secret": ""}
    assert connected.post(back, action="save_unverified").status_code == 302
    assert send(connected.organization).status == Status.ACCEPTED
    assert len(other.sessions) == 1


def activate(connector: Admin) -> None:
    """Make a connection without a usable account the one that mail takes."""
    with tenant(connector.organization):
        Connection.objects.of(connector.organization).update(rank="primary")
        MailSettings.objects.of(connector.organization).update(smtp_enabled=True)


def test_the_pages_need_a_connection_with_consent(connector: Admin, sandbox: Sandbox) -> None:
    connector.post(
        {"provider": "smtp", "shown": "smtp", **smtp_values(sandbox.smtp())}, action="save_unverified"
    )
    with tenant(connector.organization):
        connection = Connection.objects.of(connector.organization).get()
    address = reverse("mailsettings:consent_result", args=[connector.organization.slug, connection.pk])
    assert connector.browser.get(address).status_code == 404
