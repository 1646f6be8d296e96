"""Save asks a worker first: what works is used, what does not is kept on the page and named (HIR-18)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailsettings.models import Connection, Draft
from mailsettings.ways import mail_settings
from notifications.drain import run_tests
from notifications.models import Kind, Notification, Status
from notifications.saving import PER_MINUTE
from orgs.models import AuditEntry, Membership, Organization, Role, User
from orgs.services import enter_organization, grant_custom_mail
from orgs.tenancy import tenant
from tests import factories
from tests.mailsettings.admin import Admin
from tests.plugin_sandbox import CLIENT_SECRET, PASSWORD, Sandbox, graph_values, smtp_values

pytestmark = pytest.mark.django_db


def verifications(organization: Organization) -> list[Notification]:
    with tenant(organization):
        rows = Notification.objects.of(organization).filter(kind=Kind.VERIFICATION)
        return list(rows.order_by("id"))


@pytest.mark.feature("HIR-18", "HIR-21", "HIR-25")
def test_values_that_work_are_saved_by_the_worker_and_no_mail_is_sent(admin: Admin, sandbox: Sandbox) -> None:
    server = sandbox.smtp()
    answer = admin.save("smtp", smtp_values(server))
    waiting = admin.browser.get(answer["Location"]).content.decode()
    assert "Checking before saving" in waiting
    assert admin.connections() == {}
    html = admin.finish(answer)
    assert "Saved and verified. The next message uses these settings." in html
    assert "Working" in html
    saved = admin.connections()["Custom SMTP"]
    assert saved.verified_at is not None
    with tenant(admin.organization):
        assert mail_settings(admin.organization.pk).smtp_enabled is True
    assert len(sandbox.inbox) == 0
    assert len(server.sessions) == 1


@pytest.mark.feature("HIR-18")
def test_graph_is_verified_by_a_token(admin: Admin, sandbox: Sandbox) -> None:
    microsoft = sandbox.microsoft()
    html = admin.finish(admin.save("graph", graph_values(microsoft)))
    assert "Saved and verified" in html
    assert len(microsoft.token_requests) == 1
    assert len(sandbox.inbox) == 0


BROKEN = [
    ("smtp", {"password": "not-the-password"}, "Sign-in failed"),
    ("smtp", {"host": "mail.does-not-exist.invalid"}, "Name lookup failed"),
    ("graph", {"client_secret": "Q~8not-the-secret-0123456789abcdef"}, "Sign-in failed"),
]


@pytest.mark.feature("HIR-17", "HIR-18")
@pytest.mark.parametrize(("provider", "wrong", "words"), BROKEN)
def test_what_does_not_work_is_named_and_not_activated(
    admin: Admin, sandbox: Sandbox, provider: str, wrong: dict[str, object], words: str
) -> None:
    right = smtp_values(sandbox.smtp()) if provider == "smtp" else graph_values(sandbox.microsoft())
    values = right | {"sender_name": "Typed name"} | wrong
    html = admin.finish(admin.save(provider, values))
    assert "Not saved:" in html
    assert words in html
    assert "Save without verifying" in html
    assert "Typed name" in html
    assert "Typed before, not saved yet" in html
    for secret in (PASSWORD, CLIENT_SECRET, "not-the-password", "Q~8not"):
        assert secret not in html
    assert admin.connections() == {}
    with tenant(admin.organization):
        assert mail_settings(admin.organization.pk).smtp_enabled is False


@pytest.mark.feature("HIR-18")
def test_save_without_verifying_keeps_them_as_unverified_without_typing_a_secret_again(
    admin: Admin, sandbox: Sandbox
) -> None:
    values = smtp_values(sandbox.smtp(), password="not-the-password")
    admin.finish(admin.save("smtp", values))
    with tenant(admin.organization):
        draft = Draft.objects.of(admin.organization).get()
    again = admin.save("smtp", values | {"password": ""}, action="save_unverified", draft=str(draft.pk))
    html = admin.browser.get(again["Location"]).content.decode()
    assert "Not tested since saved" in html
    saved = admin.connections()["Custom SMTP"]
    assert saved.verified_at is None
    assert saved.enabled


@pytest.mark.feature("HIR-18")
def test_a_silent_worker_is_said_after_ten_seconds_and_saving_is_offered(
    admin: Admin, sandbox: Sandbox
) -> None:
    answer = admin.save("smtp", smtp_values(sandbox.smtp()))
    with tenant(admin.organization):
        Notification.objects.of(admin.organization).update(created_at=timezone.now() - timedelta(seconds=11))
        draft = Draft.objects.of(admin.organization).get()
    html = admin.browser.get(answer["Location"]).content.decode()
    assert "No worker answered" in html
    assert "hx-trigger" not in html.split('id="saving"')[1].split(">")[0]
    url = admin.url("mailsettings:save_draft", draft.pk)
    assert url in html
    assert admin.browser.post(url).status_code == 302
    assert admin.connections()["Custom SMTP"].verified_at is None
    # The worker comes back: it finds the settings changed and changes nothing itself.
    before = admin.version()
    run_tests(admin.organization.pk)
    assert admin.version() == before
    assert verifications(admin.organization)[0].status == Status.FAILED


@pytest.mark.feature("HIR-18")
def test_giving_up_on_a_check_that_passed_meanwhile_is_no_conflict(admin: Admin, sandbox: Sandbox) -> None:
    admin.save("smtp", smtp_values(sandbox.smtp()))
    row = verifications(admin.organization)[0]
    run_tests(admin.organization.pk)
    page = admin.browser.post(admin.url("mailsettings:save_draft", row.draft_id), follow=True)
    html = page.content.decode()
    assert "Saved and verified: the check passed meanwhile." in html
    assert "changed meanwhile" not in html
    assert list(admin.connections()) == ["Custom SMTP"]


@pytest.mark.feature("WPM-13")
def test_somebody_elses_save_meanwhile_wins_and_is_said(admin: Admin, owner: User, sandbox: Sandbox) -> None:
    server = sandbox.smtp()
    answer = admin.save("smtp", smtp_values(server, sender_name="Typed meanwhile"))
    factories.connection(admin.organization, "smtp", smtp_values(server, sender_name="Faster"), by=owner)
    html = admin.finish(answer)
    assert "Somebody saved other settings meanwhile." in html
    assert "Typed meanwhile" in html
    assert admin.connections()["Custom SMTP"].settings["sender_name"] == "Faster"


@pytest.mark.feature("WPM-13")
def test_a_stale_page_is_refused_before_any_worker_is_asked(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    server = sandbox.smtp()
    stale = admin.version()
    factories.connection(admin.organization, "smtp", smtp_values(server), by=owner)
    answer = admin.save("smtp", smtp_values(server, sender_name="Old tab"), version=stale)
    assert answer.status_code == 409
    assert "Old tab" in answer.content.decode()
    assert verifications(admin.organization) == []


@pytest.mark.feature("HIR-18")
def test_one_click_sent_twice_is_verified_once(admin: Admin, sandbox: Sandbox) -> None:
    values = smtp_values(sandbox.smtp())
    first, second = admin.save("smtp", values), admin.save("smtp", values)
    assert first["Location"] == second["Location"]
    other = admin.save("smtp", values | {"password": "another"})
    assert other["Location"] != first["Location"]
    assert len(verifications(admin.organization)) == 2


@pytest.mark.feature("HIR-18")
def test_too_many_checks_within_a_minute_are_told_to_wait(admin: Admin, sandbox: Sandbox) -> None:
    server = sandbox.smtp()
    for number in range(PER_MINUTE + 1):
        answer = admin.save("smtp", smtp_values(server, sender_name=f"Name {number}"))
    html = admin.browser.get(answer["Location"], follow=True).content.decode()
    assert "Wait a minute" in html
    assert f"Name {PER_MINUTE}" in html
    assert len(verifications(admin.organization)) == PER_MINUTE


def test_unchanged_values_are_saved_at_once(admin: Admin, owner: User, sandbox: Sandbox) -> None:
    server = sandbox.smtp()
    factories.connection(admin.organization, "smtp", smtp_values(server), by=owner)
    before = admin.connections()["Custom SMTP"].version
    answer = admin.save("smtp", smtp_values(server, password=""))
    assert answer["Location"] == admin.url("mailsettings:emails")
    assert verifications(admin.organization) == []
    assert admin.connections()["Custom SMTP"].version == before


def test_save_after_a_passed_test_of_the_same_values_carries_its_proof(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    values = smtp_values(sandbox.smtp())
    started = admin.browser.post(
        admin.url("notifications:test"), admin.typed("smtp", values, test_to=owner.email)
    )
    admin.finish(started)
    with tenant(admin.organization):
        draft = Draft.objects.of(admin.organization).get()
    answer = admin.save("smtp", values | {"password": ""}, draft=str(draft.pk))
    assert answer["Location"] == admin.url("mailsettings:emails")
    assert admin.connections()["Custom SMTP"].verified_at is not None
    assert verifications(admin.organization) == []
    changed = admin.save("smtp", values | {"password": "", "sender_name": "Other"}, draft=str(draft.pk))
    assert "/saving/" in changed["Location"]


@pytest.mark.feature("COG-19")
def test_the_save_is_written_down_as_of_the_person_who_pressed_it(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    admin.finish(admin.save("smtp", smtp_values(sandbox.smtp())))
    with tenant(admin.organization):
        entry = AuditEntry.objects.of(admin.organization).get(action="connection.created")
    assert (entry.actor_id, entry.ip) == (owner.pk, "127.0.0.1")
    assert PASSWORD not in str(entry.detail)
    assert "Password" in entry.detail["changed"]


@pytest.mark.django_db(transaction=True)
def test_acting_as_the_organization_is_written_down_too(
    contoso: Organization, super_admin: User, client_of: object, sandbox: Sandbox
) -> None:
    enter_organization(organization_id=contoso.pk, user=super_admin, reason="A ticket")
    admin = Admin(contoso, client_of(super_admin))  # type: ignore[operator]  # the fixture
    admin.finish(admin.save("smtp", smtp_values(sandbox.smtp())))
    with tenant(contoso):
        entry = AuditEntry.objects.of(contoso).get(action="connection.created")
    assert (entry.actor_id, entry.on_behalf_of) == (super_admin.pk, contoso.name)


@pytest.mark.django_db(transaction=True)
def test_an_add_on_taken_away_meanwhile_saves_nothing(
    admin: Admin, super_admin: User, sandbox: Sandbox
) -> None:
    answer = admin.save("smtp", smtp_values(sandbox.smtp()))
    grant_custom_mail(organization_id=admin.organization.pk, granted=False, actor=super_admin)
    run_tests(admin.organization.pk)
    assert admin.connections() == {}
    assert "no longer has the add-on" in admin.browser.get(answer["Location"], follow=True).content.decode()


@pytest.mark.parametrize("place", [Role.READ_ONLY, None])
def test_who_may_not_change_mail_any_more_saves_nothing(
    admin: Admin, owner: User, sandbox: Sandbox, place: Role | None
) -> None:
    admin.save("smtp", smtp_values(sandbox.smtp()))
    with tenant(admin.organization):
        mine = Membership.objects.of(admin.organization).filter(user=owner)
        mine.update(role=place) if place else mine.delete()
    run_tests(admin.organization.pk)
    assert admin.connections() == {}
    (row,) = verifications(admin.organization)
    assert (row.status, row.last_code) == (Status.FAILED, "not_allowed")


def test_a_verification_is_no_delivery(admin: Admin, sandbox: Sandbox) -> None:
    admin.finish(admin.save("smtp", smtp_values(sandbox.smtp())))
    (row,) = verifications(admin.organization)
    assert admin.browser.get(admin.url("notifications:delivery", row.pk)).status_code == 404
    page = admin.browser.get(admin.url("notifications:deliveries")).content.decode()
    assert str(row.pk) not in page


def test_another_organizations_save_is_not_found(
    admin: Admin, stranger: User, client_of: object, sandbox: Sandbox
) -> None:
    answer = admin.save("smtp", smtp_values(sandbox.smtp()))
    browser = client_of(stranger)  # type: ignore[operator]  # the fixture
    assert browser.get(answer["Location"]).status_code == 404
    assert browser.get(answer["Location"].replace("/contoso/", "/fabrikam/")).status_code == 404


@pytest.mark.feature("HIR-26")
def test_each_method_keeps_its_settings_while_another_is_in_use(admin: Admin, sandbox: Sandbox) -> None:
    server, microsoft = sandbox.smtp(), sandbox.microsoft()
    admin.finish(admin.save("smtp", smtp_values(server)))
    admin.finish(admin.save("graph", graph_values(microsoft)))
    back = admin.finish(admin.save("smtp", smtp_values(server, password="")))
    assert "Saved" in back
    again = admin.finish(admin.save("graph", graph_values(microsoft, client_secret="")))
    assert "Saved" in again
    rows = admin.connections()
    assert (rows["Custom SMTP"].rank, rows["Microsoft Graph API"].rank) == ("additional", "primary")
    with tenant(admin.organization):
        assert Connection.objects.of(admin.organization).filter(enabled=True).count() == 2
