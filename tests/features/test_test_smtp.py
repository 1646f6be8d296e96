"""Test SMTP from outside: the worker's code tries what is on the screen, and the page tells the truth."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from mailsettings.models import Connection, Draft, StoredSecret
from mailsettings.ways import mail_settings
from notifications.drain import run_tests
from notifications.models import DeliveryAttempt, Notification, Status
from orgs.models import Organization, Role, User
from orgs.services import grant_custom_mail
from orgs.tenancy import tenant
from sandbox.inbox import Inbox
from tests import factories
from tests.plugin_sandbox import CLIENT_SECRET, PASSWORD, TENANT_ID, Sandbox, graph_values, smtp_values

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


class Story:
    """An admin at the Emails page, and a worker that runs what they start."""

    def __init__(self, organization: Organization, person: User, browser: Client) -> None:
        self.organization, self.person, self.browser = organization, person, browser

    def press(self, provider: str, values: dict[str, object], *, to: str = "") -> Any:
        """Press Test SMTP with these values on the screen."""
        with tenant(self.organization):
            version = mail_settings(self.organization.pk).version
        form = {"smtp_enabled": "on", "provider": provider, "shown": provider, "version": version, **values}
        url = reverse("notifications:test", args=[self.organization.slug])
        return self.browser.post(url, form | {"test_to": to or self.person.email})

    def result(self, provider: str, values: dict[str, object], *, to: str = "") -> str:
        """Press, let the worker run, and read the page."""
        answer = self.press(provider, values, to=to)
        assert answer.status_code == 302, answer.content.decode()
        run_tests(self.organization.pk)
        page = self.browser.get(answer["Location"])
        assert page.status_code == 200
        return page.content.decode()


@pytest.fixture
def story(contoso: Organization, owner: User, client_of: ClientOf) -> Story:
    return Story(contoso, owner, client_of(owner))


@pytest.mark.feature("CIR-5", "CIR-20", "WPM-40", "WPM-41", "NEW-1")
def test_a_test_over_smtp_succeeds_only_when_the_server_accepted_it(story: Story, sandbox: Sandbox) -> None:
    server = sandbox.smtp()
    answer = story.press("smtp", smtp_values(server))
    waiting = story.browser.get(answer["Location"]).content.decode()
    assert "Success" not in waiting
    assert "Waiting" in waiting
    run_tests(story.organization.pk)
    html = story.browser.get(answer["Location"]).content.decode()
    assert ">Success</h2>" in html
    assert story.person.email in html
    for step in ("Name lookup", "Connection", "Encryption", "Sign-in", "Permission", "Send"):
        assert step in html
    [mail] = sandbox.inbox
    assert mail.envelope_to == (story.person.email,)
    parsed = message_from_bytes(mail.raw, policy=default)
    assert parsed.get_content_type() == "multipart/alternative"
    text = parsed.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    for word in ("Mailroom", "Contoso", "Custom SMTP", "UTC", "Äöü"):
        assert word in text
    assert PASSWORD not in mail.raw.decode(errors="replace")
    with tenant(story.organization):
        row = Notification.objects.of(story.organization).get()
        assert (row.kind, row.status) == ("test", Status.ACCEPTED)


@pytest.mark.feature("CIR-6", "CIR-20")
def test_a_test_through_graph_uses_one_token_and_no_smtp(story: Story, sandbox: Sandbox) -> None:
    microsoft, smtp = sandbox.microsoft(), sandbox.smtp()
    html = story.result("graph", graph_values(microsoft))
    assert ">Success</h2>" in html
    [token] = microsoft.token_requests
    assert token.grant_type == "client_credentials"
    sends = [request for request in microsoft.requests if request.path.endswith("/sendMail")]
    assert [request.path for request in sends] == ["/v1.0/users/notifications@contoso.com/sendMail"]
    assert smtp.sessions == []
    assert len(sandbox.inbox) == 1


def broken(kind: str, sandbox: Sandbox) -> tuple[str, dict[str, object]]:
    """Make one of the wrong configurations of CIR-21, each with a real server behind it."""
    if kind in {
        "wrong secret",
        "wrong tenant",
        "no permission",
        "unknown mailbox",
        "expired secret",
        "unknown app",
    }:
        microsoft = sandbox.microsoft()
        client_id, secret = "11111111-2222-4333-8444-555555555555", "Q~8another-secret-of-the-tests"
        other: dict[str, object] = {"client_id": client_id, "client_secret": secret}
        if kind == "expired secret":
            microsoft.add_app(TENANT_ID, client_id, secret, secret_expired=True)
        if kind == "no permission":
            microsoft.add_app(TENANT_ID, client_id, secret, roles=())
        changes: dict[str, dict[str, object]] = {
            "wrong secret": {"client_secret": "Q~8not-the-secret-0123456789abcdef"},
            "wrong tenant": {"access_url": microsoft.access_url("99999999-6a3e-47d9-9f10-c2d4e6a8b013")},
            "unknown mailbox": {"sender_email": "nobody@contoso.com"},
            "unknown app": other,
            "no permission": other,
            "expired secret": other,
        }
        return "graph", graph_values(microsoft, **changes[kind])
    server = sandbox.smtp()
    values = smtp_values(server)
    if kind == "bad host":
        values["host"] = "mail.does-not-exist.invalid"
    elif kind == "refused port":
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = int(free.getsockname()[1])
        values["port"] = str(port)
        sandbox.settings.EGRESS_ALLOW_PORTS = (*sandbox.settings.EGRESS_ALLOW_PORTS, port)
        sandbox.refresh()
    elif kind == "TLS failure":
        server.context = sandbox.authority.self_signed()
    elif kind == "bad password":
        values["password"] = "not-the-password"
    return "smtp", values


FAILURES = [
    # kind, the step that fails, words of the verdict, the provider's own code or words
    ("bad host", "Name lookup", "was not found", ""),
    ("refused port", "Connection", "refused the connection", ""),
    ("TLS failure", "Encryption", "certificate", ""),
    ("bad password", "Sign-in", "sign-in was refused", "535"),
    ("wrong secret", "Sign-in", "client secret is wrong", "AADSTS7000215"),
    ("expired secret", "Sign-in", "has expired", "AADSTS7000222"),
    ("unknown app", "Sign-in", "does not know this Client ID", "AADSTS700016"),
    ("wrong tenant", "Sign-in", "does not know this directory", "AADSTS90002"),
    ("no permission", "Permission", "may not send mail yet", "ErrorAccessDenied"),
    ("unknown mailbox", "Permission", "nobody@contoso.com", "ErrorInvalidUser"),
]


@pytest.mark.feature("CIR-9", "CIR-12", "CIR-16", "CIR-17", "CIR-18", "CIR-21", "WPM-54", "WPM-59")
@pytest.mark.parametrize(("kind", "step", "words", "raw"), FAILURES, ids=[row[0] for row in FAILURES])
def test_every_failure_names_its_stage_and_shows_the_servers_own_words(  # a table and fixtures
    story: Story, sandbox: Sandbox, kind: str, step: str, words: str, raw: str
) -> None:
    html = story.result(*broken(kind, sandbox))
    assert "Success" not in html
    card = html[html.index('class="diag"') :]
    failing = card[card.index('<li class="bad">') :]
    assert f"<h3>{step}</h3>" in failing[:400], failing[:400]
    assert words in html
    assert "How to fix it" in failing
    assert raw in html
    assert len(sandbox.inbox) == 0
    for secret in (PASSWORD, CLIENT_SECRET, "not-the-password", "Q~8"):
        assert secret not in html
    with tenant(story.organization):
        attempt = DeliveryAttempt.objects.of(story.organization).get()
        assert attempt.code
        if raw:
            assert raw in attempt.provider_code + attempt.reply


@pytest.mark.feature("CIR-9", "CIR-10")
def test_a_missing_permission_names_mail_send_application_and_consent(story: Story, sandbox: Sandbox) -> None:
    html = story.result(*broken("no permission", sandbox))
    for word in ("Mail.Send", "Application", "Grant admin consent", "Microsoft 365 administrator"):
        assert word in html


@pytest.mark.feature("CIR-13", "NEW-16")
def test_a_passed_test_offers_save_and_the_secret_is_typed_once(story: Story, sandbox: Sandbox) -> None:
    html = story.result("graph", graph_values(sandbox.microsoft()))
    assert "Save these settings" in html
    with tenant(story.organization):
        draft = Draft.objects.of(story.organization).get()
        assert CLIENT_SECRET not in str(draft.sealed) + str(draft.settings)
    url = reverse("mailsettings:save_draft", args=[story.organization.slug, draft.pk])
    assert story.browser.post(url).status_code == 302
    with tenant(story.organization):
        connection = Connection.objects.of(story.organization).get()
        assert connection.verified_at is not None
        assert StoredSecret.objects.of(story.organization).get().hint == CLIENT_SECRET[-4:]
        assert mail_settings(story.organization.pk).smtp_enabled is True


def test_back_to_emails_brings_the_typed_values_back(story: Story, sandbox: Sandbox) -> None:
    server = sandbox.smtp()
    html = story.result("smtp", smtp_values(server, password="wrong-password", sender_name="Typed name"))
    back = html.split('href="')
    link = next(part.split('"')[0] for part in back if "?draft=" in part.split('"')[0])
    page = story.browser.get(link).content.decode()
    assert "Typed name" in page
    assert str(server.port) in page
    assert "Typed before, not saved yet" in page
    assert "wrong-password" not in page


@pytest.mark.feature("WPM-36", "WPM-37")
def test_the_address_is_prefilled_editable_and_checked(story: Story, sandbox: Sandbox) -> None:
    for page in ("mailsettings:emails", "notifications:test"):
        html = story.browser.get(reverse(page, args=[story.organization.slug])).content.decode()
        assert f'value="{story.person.email}"' in html
    answer = story.press("smtp", smtp_values(sandbox.smtp()), to="no address")
    assert answer.status_code == 422
    assert "no address" in answer.content.decode()
    with tenant(story.organization):
        assert not Notification.objects.of(story.organization).exists()


@pytest.mark.control("C-MAIL-8")
def test_only_an_owner_may_test_to_strangers(
    contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    admin = factories.user()
    factories.membership(admin, contoso, Role.MAIL_ADMIN)
    story, values = Story(contoso, admin, client_of(admin)), smtp_values(sandbox.smtp())
    assert story.press("smtp", values, to="someone@elsewhere.example").status_code == 422
    assert story.press("smtp", values, to=owner.email).status_code == 302
    assert story.press("smtp", values, to="desk@fabrikam.com").status_code == 302
    boss = Story(contoso, owner, client_of(owner))
    assert boss.press("smtp", values, to="someone@elsewhere.example").status_code == 302


@pytest.mark.feature("WPM-39")
@pytest.mark.control("C-MAIL-8")
def test_the_sixth_test_within_a_minute_is_told_to_wait(story: Story, sandbox: Sandbox) -> None:
    values = smtp_values(sandbox.smtp())
    answers = [story.press("smtp", values).status_code for _ in range(6)]
    assert answers == [302] * 5 + [429]
    with tenant(story.organization):
        assert Notification.objects.of(story.organization).count() == 5


@pytest.mark.control("C-CRY-3")
@pytest.mark.feature("NEW-16")
def test_a_stored_password_never_goes_to_an_edited_destination(story: Story, sandbox: Sandbox) -> None:
    server, trap = sandbox.smtp(), sandbox.smtp()
    factories.connection(story.organization, "smtp", smtp_values(server), by=story.person)
    answer = story.press("smtp", smtp_values(server, password="", port=str(trap.port)))
    assert answer.status_code == 422
    assert "Port" in answer.content.decode()
    run_tests(story.organization.pk)
    assert trap.sessions == []
    assert ">Success</h2>" in story.result("smtp", smtp_values(server, password=""))


@pytest.mark.feature("CIR-1", "CIR-5")
def test_with_smtp_off_the_test_goes_by_the_default_mailer(story: Story, sandbox: Sandbox) -> None:
    platform = sandbox.smtp()
    sandbox.default_mailer(platform)
    url = reverse("notifications:test", args=[story.organization.slug])
    answer = story.browser.post(url, {"version": 1, "provider": "smtp", "test_to": story.person.email})
    run_tests(story.organization.pk)
    assert ">Success</h2>" in story.browser.get(answer["Location"]).content.decode()
    assert len(sandbox.inbox) == 1
    assert "platform@" in sandbox.inbox[0].envelope_from


@pytest.mark.feature("NEW-1")
def test_a_test_nobody_takes_says_so_after_ten_seconds(story: Story, sandbox: Sandbox) -> None:
    answer = story.press("smtp", smtp_values(sandbox.smtp()))
    with tenant(story.organization):
        rows = Notification.objects.of(story.organization)
        rows.update(created_at=rows.get().created_at - timedelta(seconds=11))
    html = story.browser.get(answer["Location"]).content.decode()
    assert "No worker answered" in html
    assert "hx-trigger" not in html.split('id="test-page"')[1].split(">")[0]


def test_another_organizations_test_is_not_found(
    story: Story, stranger: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    answer = story.press("smtp", smtp_values(sandbox.smtp()))
    assert client_of(stranger).get(answer["Location"]).status_code == 404
    foreign = answer["Location"].replace("/contoso/", "/fabrikam/")
    assert client_of(stranger).get(foreign).status_code == 404


@pytest.mark.feature("CIR-2")
@pytest.mark.django_db(transaction=True)
def test_without_the_add_on_a_kept_draft_or_connection_is_not_tried(
    story: Story, sandbox: Sandbox, super_admin: User
) -> None:
    own, platform = sandbox.smtp(), sandbox.smtp(inbox=Inbox(None))
    sandbox.default_mailer(platform)
    saved = factories.connection(story.organization, "smtp", smtp_values(own), by=story.person)
    story.result("smtp", smtp_values(own))
    with tenant(story.organization):
        draft = Draft.objects.of(story.organization).get()
    grant_custom_mail(organization_id=story.organization.pk, granted=False, actor=super_admin)
    before = len(own.sessions)
    url = reverse("notifications:test", args=[story.organization.slug])
    for kept in ({"draft": str(draft.pk)}, {"connection": str(saved.pk)}):
        assert story.browser.post(url, {"test_to": story.person.email, **kept}).status_code == 302
    run_tests(story.organization.pk)
    assert len(own.sessions) == before
    assert len(platform.sessions) == 2
