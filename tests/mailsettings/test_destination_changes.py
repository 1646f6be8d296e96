"""What becomes of a stored secret when its destination changes: not sent there, not in the way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from mailsettings.models import Connection, Draft, StoredSecret
from mailsettings.ways import mail_settings
from notifications.drain import drain, run_tests
from notifications.models import Notification, Status
from notifications.services import enqueue
from orgs.models import Organization, Role, User
from orgs.tenancy import tenant
from tests import factories
from tests.plugin_sandbox import PASSWORD, Sandbox, smtp_values

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


def form(organization: Organization, values: dict[str, object], **more: object) -> dict[str, object]:
    with tenant(organization):
        version = mail_settings(organization.pk).version
    save = {"action": "save_unverified", "smtp_enabled": "on"}
    return {**save, "provider": "smtp", "shown": "smtp", "version": version, **values, **more}


def emails(organization: Organization) -> str:
    return reverse("mailsettings:emails", args=[organization.slug])


def trial(organization: Organization) -> str:
    return reverse("notifications:test", args=[organization.slug])


def status_of_next(organization: Organization) -> str:
    row = enqueue(organization=organization, to="reader@example.com", subject="Hello", text="x")
    drain(organization.pk)
    with tenant(organization):
        return Notification.objects.of(organization).get(pk=row.pk).status


@pytest.mark.control("C-CRY-3")
def test_a_typed_password_for_a_new_destination_is_tested_there(
    contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    old, new, browser = sandbox.smtp(), sandbox.smtp(), client_of(owner)
    factories.connection(contoso, "smtp", smtp_values(old))
    answer = browser.post(trial(contoso), form(contoso, smtp_values(new), test_to=owner.email))
    run_tests(contoso.pk)
    assert ">Success</h2>" in browser.get(answer["Location"]).content.decode()
    assert old.sessions == []


@pytest.mark.control("C-CRY-3")
def test_without_sign_in_a_new_destination_drops_the_old_password(
    contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    old, new, browser = sandbox.smtp(), sandbox.smtp(signed_in=False), client_of(owner)
    factories.connection(contoso, "smtp", smtp_values(old))
    values = smtp_values(new, username="", password="", authentication="")
    answer = browser.post(trial(contoso), form(contoso, values, test_to=owner.email))
    run_tests(contoso.pk)
    assert ">Success</h2>" in browser.get(answer["Location"]).content.decode()
    assert browser.post(emails(contoso), form(contoso, values)).status_code == 302
    assert status_of_next(contoso) == Status.ACCEPTED
    with tenant(contoso):
        assert not StoredSecret.objects.of(contoso).exists()
        assert Connection.objects.of(contoso).get().held_code == ""
    back = smtp_values(new, password="", authentication="on")
    assert browser.post(emails(contoso), form(contoso, back)).status_code == 422


@pytest.mark.control("C-MAIL-8")
def test_without_the_add_on_a_typed_sender_opens_no_other_domain(
    sandbox: Sandbox, client_of: ClientOf, owner: User
) -> None:
    small = factories.organization("Woodgrove")
    admin = factories.user("admin@woodgrove.example")
    factories.membership(admin, small, Role.MAIL_ADMIN)
    sandbox.default_mailer(sandbox.smtp())
    typed = smtp_values(sandbox.smtp(), sender_email="anyone@victim.example")
    answer = client_of(admin).post(trial(small), form(small, typed, test_to="boss@victim.example"))
    assert answer.status_code == 422
    with tenant(small):
        assert not Notification.objects.of(small).exists()


@pytest.mark.parametrize("version", ["-1", "2147483648", "9" * 400])
def test_a_version_nobody_was_given_is_refused(
    contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox, version: str
) -> None:
    values = form(contoso, smtp_values(sandbox.smtp()), test_to=owner.email) | {"version": version}
    browser = client_of(owner)
    assert browser.post(emails(contoso), values).status_code == 422
    assert browser.post(trial(contoso), values).status_code == 422
    with tenant(contoso):
        assert not Draft.objects.of(contoso).exists()


@pytest.mark.control("C-CRY-3")
def test_a_link_fills_in_no_destination(
    contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    factories.connection(contoso, "smtp", smtp_values(sandbox.smtp()))
    asked = {"provider": "smtp", "shown": "smtp", "host": "evil.example", "kept-smtp-username": "evil-name"}
    browser = client_of(owner)
    linked = browser.get(emails(contoso), asked)
    assert linked.status_code == 200
    assert b'value="evil' not in linked.content
    assert PASSWORD.encode() not in linked.content
