"""What single rows of the feature list promise, walked on the pages and through the worker."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from notifications.drain import drain, run_tests
from notifications.models import Notification, Status
from notifications.services import enqueue
from orgs.models import Organization, User
from orgs.tenancy import tenant
from sandbox.microsoft import Microsoft
from sandbox.smtp import SmtpServer
from tests.features import failures
from tests.mailsettings.admin import Admin as Emails
from tests.notifications.stories import look
from tests.plugin_consent import OTHER, PROVIDER, Admin, asked
from tests.plugin_sandbox import (
    ACCOUNT,
    CLIENT_ID,
    CLIENT_SECRET,
    MAILBOX,
    TENANT_ID,
    Sandbox,
    graph_values,
    microsoft365_values,
)

pytestmark = pytest.mark.django_db(transaction=True)
Form = dict[str, object]


def words(html: str) -> str:
    """A page as it is read: without tags, with single blanks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def send(organization: Organization, count: int = 1) -> list[Notification]:
    """Queue notifications and let a worker take its turns until nothing is due."""
    rows = [
        enqueue(organization=organization, to="reader@example.com", subject=f"Hello {number}", text="x")
        for number in range(count)
    ]
    while drain(organization.pk):
        pass
    return [look(row) for row in rows]


def saved_page(person: Admin, answer: Any) -> str:
    """Let the worker look at a save, and read the page that follows."""
    assert answer.status_code == 302, answer.content.decode()
    run_tests(person.organization.pk)
    return str(person.browser.get(answer["Location"], follow=True).content.decode())


def walker_of(person: Admin) -> failures.Admin:
    return failures.Admin(person.organization, person.browser)


@pytest.mark.feature("HIR-11")
@pytest.mark.parametrize("way", ["save", "test"])
def test_an_account_the_mail_server_refuses_is_told_to_reconnect_with_smtp_send(
    connected: Admin, account_form: Form, exchange: SmtpServer, way: str
) -> None:
    exchange.tokens = lambda _user, _token: False
    form = account_form | {"client_secret": "", "sender_email": ACCOUNT, "sender_name": "Changed"}
    if way == "save":
        html = saved_page(connected, connected.post(form))
        assert connected.connection.settings["sender_name"] == ""
    else:
        html = walker_of(connected).test(PROVIDER, form).html
    text = words(html)
    assert "The sign-in was refused" in text
    assert "Was SMTP.Send left out?" in text
    assert "Choose Reconnect on the Emails page and approve SMTP.Send" in text
    assert any("AUTH XOAUTH2" in line for line in exchange.transcript)
    assert "535" in text


@pytest.mark.feature("HIR-17")
def test_revoked_consent_is_a_message_that_points_at_the_settings(
    connected: Admin, account_form: Form
) -> None:
    connected.microsoft.revoke(ACCOUNT)
    page = walker_of(connected).test(PROVIDER, account_form | {"client_secret": "", "sender_email": ACCOUNT})
    text = words(page.html)
    assert page.failing_step == "Sign-in"
    assert "You can fix this: check the settings on the Emails page" in text
    assert "Choose Reconnect on the Emails page" in text
    assert "AADSTS50173" in text


@pytest.mark.feature("WPM-27")
@pytest.mark.parametrize(
    ("chosen", "scopes"),
    [
        ({}, set()),
        ({"large_mail": "on"}, {"Mail.ReadWrite"}),
        ({"large_mail": "on", "shared_sender": "on"}, {"Mail.ReadWrite", "Mail.Send.Shared"}),
    ],
)
def test_the_trip_of_graph_asks_for_what_is_chosen_and_ends_in_a_mail_by_graph(
    connector: Admin, account_form: Form, sandbox: Sandbox, chosen: Form, scopes: set[str]
) -> None:
    form = account_form | {"method": "graph", "save_to_sent_items": "on", **chosen}
    url = connector.leave(form)
    parts = asked(url)["scope"].split()
    graph = {part.rpartition("/")[2] for part in parts if "/" in part}
    assert graph == {"Mail.Send", "User.Read", *scopes}
    assert {part for part in parts if "/" not in part} >= {"offline_access"}
    connector.read(connector.come_back(connector.microsoft.accept(url, ACCOUNT)))
    [row] = send(connector.organization)
    assert row.status == Status.ACCEPTED
    assert [mail.envelope_from for mail in sandbox.inbox] == [ACCOUNT]
    assert "/v1.0/me/sendMail" in {one.path for one in connector.microsoft.requests}


@pytest.mark.feature("WPM-44")
@pytest.mark.parametrize("large_mail", ["on", ""])
def test_the_page_says_beforehand_that_large_mail_needs_a_permission(
    connector: Admin, account_form: Form, large_mail: str
) -> None:
    form = account_form | {"method": "graph", "large_mail": large_mail}
    connector.read(connector.connect(form))
    page = words(connector.read(connector.browser.get(f"{connector.emails}?provider={PROVIDER}")))
    hint = "Mail with attachments over 3 MB is refused, since Mail.ReadWrite is not granted"
    assert (hint in page) is not bool(large_mail)


@pytest.mark.feature("WPM-30")
def test_another_sender_is_warned_of_on_the_emails_page_and_kept_once_confirmed(
    connected: Admin, account_form: Form
) -> None:
    assert connected.connection.settings["sender_email"] == ACCOUNT
    connected.post(account_form | {"sender_email": OTHER, "client_secret": ""}, action="save_unverified")
    warning = (
        f"Mail is sent as {OTHER}, but {ACCOUNT} is connected. It needs the right to send as that address."
    )
    page = f"{connected.emails}?provider={PROVIDER}"
    assert warning in words(connected.read(connected.browser.get(page)))
    connected.browser.post(connected.page("choose_sender"), {"choice": "sends_as"})
    assert warning not in words(connected.read(connected.browser.get(page)))
    assert connected.connection.settings["sender_email"] == OTHER


@pytest.mark.feature("WPM-8")
def test_acceptance_is_dated_and_never_called_delivery(admin: Emails, sandbox: Sandbox) -> None:
    form = graph_values(sandbox.microsoft())
    page = failures.Admin(admin.organization, admin.browser).test("graph", form)
    text = words(page.html)
    assert "The server accepted the test message" in text
    assert "It can take a few minutes to arrive" in text
    assert "Accepted does not mean delivered" in text
    admin.save("graph", form, action="save_unverified")
    [row] = send(admin.organization)
    address = reverse("notifications:delivery", args=[admin.organization.slug, row.pk])
    text = words(admin.browser.get(address).content.decode())
    assert "Accepted at" in text
    assert f"{row.accepted_at:%H:%M}" in text
    assert "That is not yet proof that it arrived" in text


@pytest.mark.feature("COG-18")
@pytest.mark.parametrize("key", ["microsoft365_smtp", "graph"])
def test_fifty_messages_of_a_worker_need_one_token(admin: Emails, sandbox: Sandbox, key: str) -> None:
    microsoft = sandbox.microsoft()
    form = values_of(key, microsoft, sandbox)
    admin.save(key, form, action="save_unverified")
    admin.lift_limits()
    assert {row.status for row in send(admin.organization, 50)} == {Status.ACCEPTED}
    assert len(sandbox.inbox) == 50
    assert [one.grant_type for one in microsoft.token_requests] == ["client_credentials"]


@pytest.fixture
def admin(contoso: Organization, owner: User, client_of: Callable[[User], Client]) -> Emails:
    """An owner of Contoso at the pages of mail settings."""
    return Emails(contoso, client_of(owner))


def values_of(key: str, microsoft: Microsoft, sandbox: Sandbox) -> Form:
    """What an admin types for an app of its own."""
    microsoft.add_app(TENANT_ID, CLIENT_ID, CLIENT_SECRET, ("Mail.Send", "SMTP.SendAsApp"))
    if key == "graph":
        return graph_values(microsoft)
    return microsoft365_values(microsoft, sandbox.smtp(tokens=microsoft))


@pytest.mark.feature("COG-55")
def test_six_fields_on_the_emails_page_make_one_token_and_one_mail(admin: Emails, sandbox: Sandbox) -> None:
    microsoft = sandbox.microsoft()
    microsoft.add_app(TENANT_ID, CLIENT_ID, CLIENT_SECRET, ("SMTP.SendAsApp",))
    exchange = sandbox.smtp(tokens=microsoft)
    form: Form = {
        "provider": "microsoft365_smtp",
        "username": MAILBOX,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "access_url": microsoft.access_url(TENANT_ID),
        "scope": "https://outlook.office365.com/.default",
    }
    # Where the sandbox's mail server listens; Microsoft's is filled in by the page.
    at: Form = {"host": "127.0.0.1", "port": str(exchange.port)}
    page = failures.Admin(admin.organization, admin.browser).test("microsoft365_smtp", form | at)
    assert "Success" in page.html
    with tenant(admin.organization):
        draft = Notification.objects.of(admin.organization).order_by("-id")[0].draft_id
    answer = admin.save("microsoft365_smtp", form | at, client_secret="", draft=str(draft))
    assert answer.status_code == 302
    (saved,) = admin.connections().values()
    assert saved.verified_at is not None
    (token,) = microsoft.token_requests
    assert (token.grant_type, token.client_authentication) == ("client_credentials", "body")
    assert (token.client_id, token.scope) == (CLIENT_ID, form["scope"])
    (mail,) = sandbox.inbox
    assert mail.envelope_from == MAILBOX
    assert len(exchange.sessions) == 1
    said = " ".join(exchange.transcript)
    assert said.index("STARTTLS") < said.index("AUTH XOAUTH2") < said.index("DATA")
