"""Several connections of one organization: named, added, changed, put in order, removed, brought back."""

from __future__ import annotations

import pytest

from mailsettings.connections.services import restore
from mailsettings.models import Connection, ConnectionVersion, StoredSecret
from mailsettings.services import StaleSettings
from mailsettings.ways import mail_settings
from notifications.drain import drain, run_tests
from notifications.models import Notification, Status
from notifications.services import enqueue
from orgs.models import AuditEntry, Organization, User
from orgs.tenancy import tenant
from sandbox.inbox import Inbox
from tests import factories
from tests.mailsettings.admin import Admin
from tests.plugin_sandbox import PASSWORD, Sandbox, graph_values, smtp_values

pytestmark = pytest.mark.django_db


def actions(organization: Organization) -> list[str]:
    with tenant(organization):
        rows = AuditEntry.objects.of(organization).filter(action__startswith="connection.")
        return list(rows.order_by("seq").values_list("action", flat=True))


@pytest.mark.feature("WPM-35", "COG-11", "COG-19")
def test_a_connection_is_added_beside_the_primary_one_and_nothing_is_sent_through_it(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    relay = sandbox.smtp(inbox=Inbox(None))
    factories.connection(admin.organization, "graph", graph_values(sandbox.microsoft()), by=owner)
    html = admin.finish(admin.add("smtp", smtp_values(relay), name="Contoso relay"))
    assert "Saved and verified Contoso relay." in html
    assert "Routing only" in html
    assert PASSWORD not in html
    rows = admin.connections()
    assert (rows["Contoso relay"].rank, rows["Microsoft Graph API"].rank) == ("additional", "primary")
    enqueue(organization=admin.organization, to="reader@example.com", subject="Hello", text="x")
    drain(admin.organization.pk)
    assert len(sandbox.inbox) == 1
    assert len(relay.inbox) == 0
    assert "connection.created" in actions(admin.organization)


@pytest.mark.feature("COG-12")
def test_a_name_is_taken_once_per_organization_whatever_its_case(
    admin: Admin, fabrikam: Organization, stranger: User, client_of: object, sandbox: Sandbox
) -> None:
    server = sandbox.smtp()
    other = Admin(fabrikam, client_of(stranger))  # type: ignore[operator]  # the fixture
    for each in (admin, other):
        answer = each.add("smtp", smtp_values(server), name="Relay", action="save_unverified")
        assert answer.status_code == 302
    for wrong in ("relay", " RELAY ", "", "x" * 101):
        answer = admin.add("smtp", smtp_values(server), name=wrong, action="save_unverified")
        assert answer.status_code == 422, wrong
        assert "name" in answer.context["form"].errors
    assert admin.add("smtp", smtp_values(server), name="x" * 100, action="save_unverified").status_code == 302
    assert set(admin.connections()) == {"Relay", "x" * 100}


@pytest.mark.feature("COG-12")
def test_a_name_taken_while_the_worker_looks_is_said(admin: Admin, sandbox: Sandbox) -> None:
    server = sandbox.smtp()
    first = admin.add("smtp", smtp_values(server), name="Relay")
    second = admin.add("smtp", smtp_values(server, sender_name="Second"), name="relay")
    admin.finish(first)
    html = admin.browser.get(second["Location"], follow=True).content.decode()
    assert "Somebody saved other settings meanwhile." in html
    assert "Second" in html
    assert list(admin.connections()) == ["Relay"]


@pytest.mark.feature("COG-11")
def test_the_emails_page_picks_an_existing_connection_or_adds_a_new_one(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    server = sandbox.smtp()
    first = factories.connection(admin.organization, "smtp", smtp_values(server), by=owner)
    html = admin.browser.get(admin.url("mailsettings:emails")).content.decode()
    assert f'<option value="{first.pk}" selected>Custom SMTP</option>' in html
    assert "Add a new connection" in html
    partial = {"HX-Request": "true", "HX-Target": "provider-fields", "HX-Trigger-Name": "connection"}
    asked = {"provider": "smtp", "shown": "smtp", "connection": "new", "host": "typed.example.com"}
    new = admin.browser.get(admin.url("mailsettings:emails"), asked, headers=partial).content.decode()
    assert 'name="name"' in new
    assert "typed.example.com" not in new
    values = smtp_values(server, sender_name="Second way")
    answer = admin.save("smtp", values, connection="new", name="Second way")
    html = admin.finish(answer)
    second = admin.connections()["Second way"]
    assert (second.rank, admin.connections()["Custom SMTP"].rank) == ("primary", "additional")
    assert f'<option value="{second.pk}" selected>Second way</option>' in html
    back = admin.save("smtp", smtp_values(server, password=""), connection=str(first.pk))
    admin.finish(back)
    assert admin.connections()["Custom SMTP"].rank == "primary"


@pytest.mark.feature("WPM-35")
def test_a_connection_is_renamed_and_changed_on_its_own_page(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    server = sandbox.smtp()
    row = factories.connection(admin.organization, "smtp", smtp_values(server), by=owner)
    page = admin.browser.get(admin.url("mailsettings:connection", row.pk)).content.decode()
    assert 'value="Custom SMTP"' in page
    values = smtp_values(server, password="", sender_name="Another name")
    html = admin.finish(admin.edit(row, values, name="Contoso relay"))
    assert "Saved and verified Contoso relay." in html
    changed = admin.connections()["Contoso relay"]
    assert (changed.rank, changed.settings["sender_name"]) == ("primary", "Another name")
    wrong = admin.edit(changed, values | {"port": "0"})
    assert wrong.status_code == 422


@pytest.mark.feature("WPM-35")
def test_a_connection_is_made_the_primary_one(admin: Admin, owner: User, sandbox: Sandbox) -> None:
    relay = sandbox.smtp(inbox=Inbox(None))
    factories.connection(admin.organization, "smtp", smtp_values(relay), by=owner)
    factories.connection(admin.organization, "graph", graph_values(sandbox.microsoft()), by=owner)
    row = admin.connections()["Custom SMTP"]
    admin.browser.post(admin.url("mailsettings:make_primary", row.pk))
    assert admin.connections()["Custom SMTP"].rank == "primary"
    enqueue(organization=admin.organization, to="reader@example.com", subject="Hello", text="x")
    drain(admin.organization.pk)
    assert len(relay.inbox) == 1
    assert actions(admin.organization)[-1] == "connection.made_primary"


@pytest.mark.feature("WPM-35", "WPM-38")
def test_a_disabled_connection_is_kept_and_can_still_be_tested(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    relay, other = sandbox.smtp(inbox=Inbox(None)), sandbox.microsoft()
    factories.connection(admin.organization, "smtp", smtp_values(relay), by=owner)
    factories.connection(admin.organization, "graph", graph_values(other), by=owner)
    rows = admin.connections()
    pages = {name: admin.browser.get(admin.url("mailsettings:connection", rows[name].pk)) for name in rows}
    assert "Disable Custom SMTP" in pages["Custom SMTP"].content.decode()
    assert "Disable Microsoft Graph API" not in pages["Microsoft Graph API"].content.decode()
    for name in rows:
        admin.browser.post(admin.url("mailsettings:switch_connection", rows[name].pk), {"wanted": "off"})
    rows = admin.connections()
    assert (rows["Custom SMTP"].enabled, rows["Microsoft Graph API"].enabled) == (False, True)
    tests = admin.browser.get(admin.url("notifications:test")).content.decode()
    for row in rows.values():
        assert f'value="{row.pk}"' in tests
    started = admin.browser.post(
        admin.url("notifications:test"), {"test_to": owner.email, "connection": str(rows["Custom SMTP"].pk)}
    )
    assert ">Success</h2>" in admin.finish(started)
    assert (len(relay.inbox), len(sandbox.inbox), other.token_requests) == (1, 0, [])
    admin.browser.post(admin.url("mailsettings:switch_connection", rows["Custom SMTP"].pk), {"wanted": "on"})
    assert admin.connections()["Custom SMTP"].enabled


@pytest.mark.feature("WPM-35", "HIR-20")
def test_a_connection_in_use_is_removed_only_when_its_name_is_typed(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    row = factories.connection(admin.organization, "smtp", smtp_values(sandbox.smtp()), by=owner)
    url = admin.url("mailsettings:remove_connection", row.pk)
    assert "Type Custom SMTP to confirm" in admin.browser.get(url).content.decode()
    refused = admin.browser.post(url, {"typed": "another"})
    assert refused.status_code == 422
    assert "Custom SMTP" in admin.connections()
    assert admin.browser.post(url, {"typed": "custom smtp"}).status_code == 302
    assert admin.connections() == {}
    with tenant(admin.organization):
        assert not StoredSecret.objects.of(admin.organization).exists()
    assert actions(admin.organization)[-1] == "connection.removed"
    # A test and a notification then say what is missing, and what to do (HIR-20).
    started = admin.browser.post(admin.url("notifications:test"), {"test_to": owner.email})
    html = admin.finish(started)
    assert "SMTP settings not found" in html
    assert admin.url("mailsettings:emails") in html
    waiting = enqueue(organization=admin.organization, to="reader@example.com", subject="Hello", text="x")
    drain(admin.organization.pk)
    with tenant(admin.organization):
        assert Notification.objects.of(admin.organization).get(pk=waiting.pk).status == Status.QUEUED
    held = admin.browser.get(admin.url("notifications:delivery", waiting.pk)).content.decode()
    assert "SMTP settings not found" in held or "no connection is saved" in held


@pytest.mark.feature("WPM-35")
def test_one_that_is_not_in_use_is_removed_after_a_question(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    factories.connection(admin.organization, "smtp", smtp_values(sandbox.smtp()), by=owner)
    factories.connection(admin.organization, "graph", graph_values(sandbox.microsoft()), by=owner)
    url = admin.url("mailsettings:remove_connection", admin.connections()["Custom SMTP"].pk)
    dialog = admin.browser.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "<dialog" in dialog
    assert "Remove Custom SMTP" in dialog
    assert 'name="typed"' not in dialog
    admin.browser.post(url)
    assert list(admin.connections()) == ["Microsoft Graph API"]


@pytest.mark.feature("COG-27", "NEW-10")
def test_every_save_is_a_version_that_can_be_brought_back(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    server = sandbox.smtp()
    row = factories.connection(admin.organization, "smtp", smtp_values(server), by=owner)
    admin.finish(admin.edit(row, smtp_values(server, password="", sender_name="Second name")))
    page = admin.browser.get(admin.url("mailsettings:connection", row.pk)).content.decode()
    versions = page[page.index('id="versions"') :]
    assert "<del>Fabrikam Notifications</del> <ins>Second name</ins>" in versions
    assert "Secrets: unchanged" in versions
    assert PASSWORD not in page
    html = admin.browser.post(
        admin.url("mailsettings:restore_version", row.pk), {"version": "1"}, follow=True
    ).content.decode()
    assert "Version 1 is back." in html
    saved = admin.connections()["Custom SMTP"]
    assert (saved.settings["sender_name"], saved.version) == ("Fabrikam Notifications", 3)
    assert saved.verified_at is None
    assert actions(admin.organization)[-1] == "connection.restored"
    enqueue(organization=admin.organization, to="reader@example.com", subject="Hello", text="x")
    drain(admin.organization.pk)
    assert len(sandbox.inbox) == 1


def test_a_version_comes_back_over_what_somebody_saved_meanwhile(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    server = sandbox.smtp()
    row = factories.connection(admin.organization, "smtp", smtp_values(server), by=owner)
    admin.finish(admin.edit(row, smtp_values(server, password="", sender_name="Second name")))
    with tenant(admin.organization):
        seen = Connection.objects.of(admin.organization).get(pk=row.pk)
        first = ConnectionVersion.objects.of(admin.organization).get(connection=row, number=1)
    admin.finish(admin.edit(row, smtp_values(server, password="", sender_name="Third name")))
    with tenant(admin.organization):
        assert restore(connection=seen, version=first, user=owner).connection.version == 4


def test_a_version_of_what_was_removed_meanwhile_does_not_come_back(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    server = sandbox.smtp()
    row = factories.connection(admin.organization, "smtp", smtp_values(server), by=owner)
    admin.finish(admin.edit(row, smtp_values(server, password="", sender_name="Second name")))
    with tenant(admin.organization):
        first = ConnectionVersion.objects.of(admin.organization).get(connection=row, number=1)
        Connection.objects.of(admin.organization).filter(pk=row.pk).delete()
        with pytest.raises(StaleSettings):
            restore(connection=row, version=first, user=owner)


@pytest.mark.feature("COG-27", "NEW-10", "NEW-16")
@pytest.mark.control("C-CRY-3")
def test_a_version_of_another_destination_never_gets_the_stored_secret(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    old, new = sandbox.smtp(), sandbox.smtp()
    row = factories.connection(admin.organization, "smtp", smtp_values(old), by=owner)
    admin.finish(admin.edit(row, smtp_values(new, password=PASSWORD)))
    before = len(old.sessions)
    page = admin.browser.get(admin.url("mailsettings:connection", row.pk)).content.decode()
    assert "Password:" in page[page.index('id="versions"') :]
    answer = admin.browser.post(admin.url("mailsettings:restore_version", row.pk), {"version": "1"})
    html = admin.browser.get(answer["Location"]).content.decode()
    assert "Enter the Password again" in html
    assert f'value="{old.port}"' in html
    saved = admin.connections()["Custom SMTP"]
    assert saved.settings["port"] == new.port
    enqueue(organization=admin.organization, to="reader@example.com", subject="Hello", text="x")
    drain(admin.organization.pk)
    assert len(old.sessions) == before


def test_versions_that_do_not_exist_are_not_found(admin: Admin, owner: User, sandbox: Sandbox) -> None:
    row = factories.connection(admin.organization, "smtp", smtp_values(sandbox.smtp()), by=owner)
    for wrong in ("9", "", "²", "9" * 30):
        answer = admin.browser.post(
            admin.url("mailsettings:restore_version", row.pk), {"version": wrong}, follow=True
        )
        assert "There is no such version" in answer.content.decode()
    page = admin.browser.get(admin.url("mailsettings:connection", row.pk), {"version": "9" * 30})
    assert page.status_code == 200


@pytest.mark.feature("COG-27")
def test_a_connection_from_before_the_list_keeps_what_it_was(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    server = sandbox.smtp()
    row = factories.connection(admin.organization, "smtp", smtp_values(server), by=owner)
    with tenant(admin.organization):
        ConnectionVersion.objects.of(admin.organization).delete()
    admin.finish(admin.edit(row, smtp_values(server, password="", sender_name="Second name")))
    with tenant(admin.organization):
        numbers = ConnectionVersion.objects.of(admin.organization).values_list("number", flat=True)
        assert sorted(numbers) == [1, 2]


def test_the_page_of_a_connection_tests_what_is_typed_there(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    relay, other = sandbox.smtp(inbox=Inbox(None)), sandbox.smtp()
    factories.connection(admin.organization, "smtp", smtp_values(relay), by=owner)
    row = admin.connections()["Custom SMTP"]
    typed = admin.typed(
        "smtp", smtp_values(other), place=str(row.pk), name="Custom SMTP", test_to=owner.email
    )
    del typed["smtp_enabled"]
    html = admin.finish(admin.browser.post(admin.url("notifications:test"), typed))
    assert ">Success</h2>" in html
    assert (len(relay.inbox), len(sandbox.inbox)) == (0, 1)
    assert admin.url("mailsettings:connection", row.pk) in html
    wrong = admin.browser.post(admin.url("notifications:test"), typed | {"port": "0"})
    assert wrong.status_code == 422
    assert "Versions" in wrong.content.decode()


@pytest.mark.feature("WPM-40")
def test_the_page_of_a_connection_tells_its_own_last_test_only(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    graph = factories.connection(admin.organization, "graph", graph_values(sandbox.microsoft()), by=owner)
    admin.finish(admin.add("smtp", smtp_values(sandbox.smtp()), name="Contoso relay"))
    relay = admin.connections()["Contoso relay"]
    tried = {"test_to": owner.email, "connection": str(relay.pk)}
    assert ">Success</h2>" in admin.finish(admin.browser.post(admin.url("notifications:test"), tried))
    told = "Last test succeeded"
    for row, expected in ((relay, True), (graph, False)):
        page = admin.browser.get(admin.url("mailsettings:connection", row.pk)).content.decode()
        assert (told in page) is expected
    assert told not in admin.browser.get(admin.url("mailsettings:add_connection")).content.decode()
    assert told in admin.browser.get(admin.url("mailsettings:emails")).content.decode()


@pytest.mark.feature("CIR-2")
def test_without_the_add_on_nothing_can_be_changed(owner: User, sandbox: Sandbox, client_of: object) -> None:
    poor = factories.organization("Poor", slug="poor")
    factories.membership(owner, poor)
    row = factories.connection(poor, "smtp", smtp_values(sandbox.smtp()), by=owner)
    admin = Admin(poor, client_of(owner))  # type: ignore[operator]  # the fixture
    page = admin.browser.get(admin.url("mailsettings:connections")).content.decode()
    assert "add-on" in page
    assert "Add connection" not in page
    assert admin.edit(row, smtp_values(sandbox.smtp())).status_code == 403
    assert admin.add("smtp", smtp_values(sandbox.smtp()), name="x").status_code == 403
    for name in ("make_primary", "switch_connection", "remove_connection"):
        assert admin.browser.post(admin.url(f"mailsettings:{name}", row.pk)).status_code == 403
    assert (
        admin.browser.post(admin.url("mailsettings:restore_version", row.pk), {"version": "1"}).status_code
        == 403
    )


def test_every_change_makes_the_workers_read_the_settings_again(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    factories.connection(admin.organization, "smtp", smtp_values(sandbox.smtp()), by=owner)
    factories.connection(admin.organization, "graph", graph_values(sandbox.microsoft()), by=owner)
    row = admin.connections()["Custom SMTP"]
    seen = [admin.version()]
    for name, posted in (
        ("switch_connection", {"wanted": "off"}),
        ("make_primary", {}),
        ("remove_connection", {"typed": "Custom SMTP"}),
    ):
        admin.browser.post(admin.url(f"mailsettings:{name}", row.pk), posted)
        seen.append(admin.version())
    assert seen == sorted(set(seen))
    with tenant(admin.organization):
        assert mail_settings(admin.organization.pk).smtp_enabled
        assert not Connection.objects.of(admin.organization).filter(pk=row.pk).exists()
    run_tests(admin.organization.pk)


def test_discard_changes_stays_on_the_page_of_the_connection(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    row = factories.connection(admin.organization, "graph", graph_values(sandbox.microsoft()), by=owner)
    address = admin.url("mailsettings:connection", row.pk)
    html = " ".join(admin.browser.get(address).content.decode().split())
    assert f'href="{address}">Discard changes' in html
