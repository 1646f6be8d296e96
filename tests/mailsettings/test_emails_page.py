"""The Emails page: the switch, the provider, its fields, and what every kind of save answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from django.test import Client
from django.urls import reverse

from mailsettings.egress import egress
from mailsettings.models import Connection, MailSettings, StoredSecret
from mailsettings.ways import mail_settings
from notifications.drain import run_tests
from orgs.models import AuditEntry, Organization, Role, User
from orgs.services import grant_custom_mail
from orgs.tenancy import tenant
from tests import factories
from tests.plugin_sandbox import CLIENT_SECRET, PASSWORD, Sandbox, graph_values, smtp_values

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]


def page(organization: Organization) -> str:
    return reverse("mailsettings:emails", args=[organization.slug])


def posted(
    organization: Organization, provider: str, values: Mapping[str, object], **more: object
) -> dict[str, object]:
    with tenant(organization):
        version = mail_settings(organization.pk).version
    return {
        "action": "save_unverified",
        "smtp_enabled": "on",
        "provider": provider,
        "shown": provider,
        "version": version,
        **values,
        **more,
    }


def primary(organization: Organization) -> Connection:
    with tenant(organization):
        return Connection.objects.of(organization).get(rank="primary")


@pytest.mark.feature("CIR-1", "WPM-10")
def test_the_switch_is_off_at_first_and_shows_what_is_stored(
    contoso: Organization, owner: User, client_of: ClientOf
) -> None:
    browser = client_of(owner)
    first = browser.get(page(contoso)).content.decode()
    assert 'name="smtp_enabled"' in first
    assert "SMTP enabled" in first
    assert " checked" not in first.split('name="smtp_enabled"')[1].split(">")[0]
    with tenant(contoso):
        assert MailSettings.objects.of(contoso).get().smtp_enabled is False
        MailSettings.objects.of(contoso).update(smtp_enabled=True)
    again = browser.get(page(contoso)).content.decode()
    assert " checked" in again.split('name="smtp_enabled"')[1].split(">")[0]


@pytest.mark.feature("CIR-1")
def test_off_needs_no_credentials_to_save(contoso: Organization, owner: User, client_of: ClientOf) -> None:
    answer = client_of(owner).post(page(contoso), {"version": 1, "provider": "smtp", "host": "no good host"})
    assert answer.status_code == 302
    with tenant(contoso):
        assert MailSettings.objects.of(contoso).get().smtp_enabled is False
        assert not Connection.objects.of(contoso).exists()


@pytest.mark.feature("CIR-3", "CIR-4")
def test_an_incomplete_form_names_every_missing_field_and_keeps_the_switch(
    contoso: Organization, owner: User, client_of: ClientOf
) -> None:
    browser = client_of(owner)
    browser.get(page(contoso))
    empty = {"sender_email": "", "host": "", "port": "", "tls_option": "starttls", "authentication": "on"}
    answer = browser.post(page(contoso), posted(contoso, "smtp", empty))
    assert answer.status_code == 422
    wrong = answer.context["form"].errors
    assert {"sender_email", "host", "port", "username", "password"} <= set(wrong)
    assert all(len(messages) == 1 for messages in wrong.values())
    with tenant(contoso):
        assert MailSettings.objects.of(contoso).get().smtp_enabled is False


@pytest.mark.feature("CIR-4", "CIR-13")
def test_custom_smtp_is_saved_and_shown_again_but_never_its_password(
    contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    browser, server = client_of(owner), sandbox.smtp()
    answer = browser.post(page(contoso), posted(contoso, "smtp", smtp_values(server)), follow=True)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert str(server.port) in html
    assert "notifications@fabrikam.com" in html
    assert PASSWORD not in html
    assert PASSWORD[-4:] not in html.split('id="id_password_label"')[1][:900]
    with tenant(contoso):
        row = StoredSecret.objects.of(contoso).get()
        assert row.field == "password"
        assert row.hint == ""
        assert PASSWORD.encode() not in bytes(row.blob)
        settings = Connection.objects.of(contoso).get().settings
    assert "password" not in settings


@pytest.mark.feature("CIR-13", "CIR-15", "CIR-16", "CIR-17", "CIR-18", "CIR-19")
def test_microsoft_graph_is_saved_with_the_last_four_of_its_secret(
    contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    browser, microsoft = client_of(owner), sandbox.microsoft()
    answer = browser.post(page(contoso), posted(contoso, "graph", graph_values(microsoft)), follow=True)
    html = answer.content.decode()
    assert "Mailing provider" in html
    assert "Microsoft Graph API" in html
    assert CLIENT_SECRET not in html
    assert f"<code>{CLIENT_SECRET[-4:]}</code>" in html
    assert primary(contoso).settings["access_url"] == microsoft.access_url(
        "5b8c21f0-6a3e-47d9-9f10-c2d4e6a8b013"
    )


WRONG = [
    ("smtp", "host", "mail server.example.com", "host"),
    ("smtp", "host", "https://mail.example.com", "host"),
    ("smtp", "host", "10.0.0.7", "host"),
    ("smtp", "host", "169.254.169.254", "host"),
    ("smtp", "host", "mail\x00.example.com", "host"),
    ("smtp", "port", "70000", "port"),
    ("smtp", "port", "zero", "port"),
    ("smtp", "sender_email", "notifications@contoso", "sender_email"),
    ("smtp", "sender_email", "a@contoso.com\r\nBcc: b@contoso.com", "sender_email"),
    ("smtp", "tls_option", "sometimes", "tls_option"),
    ("graph", "client_id", "not-a-guid", "client_id"),
    ("graph", "access_url", "https://login.microsoftonline.com/common/oauth2/v2.0/token", "access_url"),
    ("graph", "access_url", "https://login.microsoftonline.com/contoso.com/oauth2/token", "access_url"),
    ("graph", "access_url", "http://login.microsoftonline.com/contoso.com/oauth2/v2.0/token", "access_url"),
    (
        "graph",
        "access_url",
        "https://login.microsoftonline.com.evil.example/x.com/oauth2/v2.0/token",
        "access_url",
    ),
]


@pytest.mark.feature("CIR-4", "CIR-17", "CIR-19")
@pytest.mark.parametrize(("provider", "field", "value", "named"), WRONG)
def test_a_wrong_value_is_named_at_its_field(  # fixtures
    contoso: Organization,
    owner: User,
    client_of: ClientOf,
    sandbox: Sandbox,
    provider: str,
    field: str,
    value: str,
    named: str,
) -> None:
    values = smtp_values(sandbox.smtp()) if provider == "smtp" else graph_values(sandbox.microsoft())
    answer = client_of(owner).post(page(contoso), posted(contoso, provider, values | {field: value}))
    assert answer.status_code == 422
    assert named in answer.context["form"].errors
    assert "Enter" in answer.content.decode() or answer.context["form"].errors[named][0]
    with tenant(contoso):
        assert not Connection.objects.of(contoso).exists()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "mail.internal", "10.1.2.3", "2130706433"])
def test_private_names_and_addresses_are_refused_unless_the_operator_lists_them(
    contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox, host: str
) -> None:
    values = smtp_values(sandbox.smtp(), host=host, port="587")
    sandbox.settings.EGRESS_ALLOW_CIDRS = ()
    egress.cache_clear()
    answer = client_of(owner).post(page(contoso), posted(contoso, "smtp", values))
    assert answer.status_code == 422
    assert "host" in answer.context["form"].errors


@pytest.mark.feature("CIR-18")
def test_a_secret_that_looks_like_an_id_is_saved_with_a_warning(
    contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    values = graph_values(sandbox.microsoft(), client_secret="0c7b3f0e-7d0d-4c53-9f1c-3f4a5b6c7d8e")
    answer = client_of(owner).post(page(contoso), posted(contoso, "graph", values), follow=True)
    assert "Secret ID" in answer.content.decode()
    with tenant(contoso):
        assert Connection.objects.of(contoso).exists()


@pytest.mark.feature("NEW-16")
@pytest.mark.control("C-CRY-3")
@pytest.mark.parametrize(
    ("field", "label"), [("host", "Host"), ("port", "Port"), ("tls_option", "TLS option")]
)
def test_a_changed_destination_wants_the_password_again(  # fixtures
    contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox, field: str, label: str
) -> None:
    server, trap = sandbox.smtp(), sandbox.smtp("tls" if field == "tls_option" else "starttls")
    factories.connection(contoso, "smtp", smtp_values(server), by=owner)
    changed = {
        "host": {"host": "127.0.0.2"},
        "port": {"port": str(trap.port)},
        "tls_option": {"tls_option": "tls", "port": str(server.port)},
    }[field]
    values = smtp_values(server, password="") | changed
    answer = client_of(owner).post(page(contoso), posted(contoso, "smtp", values))
    assert answer.status_code == 422
    assert label in answer.context["form"].errors["password"][0]
    assert primary(contoso).settings["port"] == server.port
    assert trap.sessions == []


@pytest.mark.feature("NEW-16")
@pytest.mark.control("C-CRY-3")
@pytest.mark.parametrize("page_name", ["mailsettings:emails", "notifications:test"])
@pytest.mark.parametrize(
    ("field", "label"), [("client_id", "Client ID"), ("tenant", "Access URL"), ("host", "Access URL")]
)
def test_a_changed_app_or_token_host_wants_the_client_secret_again(
    contoso: Organization,
    owner: User,
    client_of: ClientOf,
    sandbox: Sandbox,
    page_name: str,
    field: str,
    label: str,
) -> None:
    trap, microsoft = sandbox.microsoft(), sandbox.microsoft()
    sandbox.settings.OAUTH_ALLOW_HOSTS = (trap.host,)
    sandbox.refresh()
    factories.connection(contoso, "graph", graph_values(microsoft), by=owner)
    changed = {
        "client_id": {"client_id": "99999999-2222-4333-8444-555555555555"},
        "tenant": {"access_url": microsoft.access_url("99999999-6a3e-47d9-9f10-c2d4e6a8b013")},
        "host": {"access_url": trap.access_url("5b8c21f0-6a3e-47d9-9f10-c2d4e6a8b013")},
    }[field]
    values = graph_values(microsoft, client_secret="") | changed
    form = posted(contoso, "graph", values, test_to=owner.email)
    answer = client_of(owner).post(reverse(page_name, args=[contoso.slug]), form)
    assert answer.status_code == 422
    assert label in answer.context["form"].errors["client_secret"][0]
    run_tests(contoso.pk)
    assert (trap.token_requests, microsoft.token_requests) == ([], [])


@pytest.mark.feature("CIR-13")
def test_an_empty_secret_keeps_the_stored_one(
    contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    server = sandbox.smtp()
    before = factories.connection(contoso, "smtp", smtp_values(server), by=owner)
    with tenant(contoso):
        blob = bytes(StoredSecret.objects.of(contoso).get().blob)
    values = smtp_values(server, password="", sender_name="Another name")
    answer = client_of(owner).post(page(contoso), posted(contoso, "smtp", values))
    assert answer.status_code == 302
    assert primary(contoso).settings["sender_name"] == "Another name"
    assert primary(contoso).version == before.version + 1
    with tenant(contoso):
        assert bytes(StoredSecret.objects.of(contoso).get().blob) == blob


@pytest.mark.feature("WPM-13")
def test_a_stale_tab_is_refused_as_a_conflict_and_keeps_what_was_typed(
    contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    server = sandbox.smtp()
    stale = posted(contoso, "smtp", smtp_values(server, sender_name="Typed in the old tab"))
    factories.connection(contoso, "smtp", smtp_values(server), by=owner)
    answer = client_of(owner).post(page(contoso), stale)
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "changed since you opened it" in html
    assert "Typed in the old tab" in html
    assert primary(contoso).settings["sender_name"] == "Fabrikam Notifications"


@pytest.mark.feature("CIR-15")
def test_choosing_back_and_forth_loses_nothing_that_was_typed(
    contoso: Organization, owner: User, client_of: ClientOf
) -> None:
    browser = client_of(owner)
    partial = {"HX-Request": "true", "HX-Target": "provider-fields"}
    typed = {
        "provider": "graph",
        "shown": "smtp",
        "sender_email": "n@contoso.com",
        "host": "mail.contoso.com",
    }
    to_graph = browser.get(page(contoso), typed, headers=partial).content.decode()
    assert "Client ID" in to_graph
    assert 'name="host"' not in to_graph
    assert 'name="kept-smtp-host" value="mail.contoso.com"' in to_graph
    assert "n@contoso.com" in to_graph
    back = typed | {
        "provider": "smtp",
        "shown": "graph",
        "kept-smtp-host": "mail.contoso.com",
        "client_id": "abc",
    }
    to_smtp = browser.get(page(contoso), back, headers=partial).content.decode()
    assert 'value="mail.contoso.com"' in to_smtp
    assert 'name="kept-graph-client_id" value="abc"' in to_smtp


@pytest.mark.feature("CIR-3")
def test_another_provider_is_chosen_without_script_too(
    contoso: Organization, owner: User, client_of: ClientOf
) -> None:
    values = {
        "action": "fields",
        "provider": "graph",
        "shown": "smtp",
        "host": "mail.contoso.com",
        "version": 1,
    }
    answer = client_of(owner).post(page(contoso), values)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert 'name="client_id"' in html
    assert 'name="kept-smtp-host" value="mail.contoso.com"' in html


@pytest.mark.feature("CIR-2")
@pytest.mark.django_db(transaction=True)
def test_without_the_add_on_the_page_is_read_only_and_keeps_everything(
    contoso: Organization, owner: User, super_admin: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    server, browser = sandbox.smtp(), client_of(owner)
    factories.connection(contoso, "smtp", smtp_values(server), by=owner)
    grant_custom_mail(organization_id=contoso.pk, granted=False, actor=super_admin)
    html = browser.get(page(contoso)).content.decode()
    assert "add-on" in html
    assert "<fieldset" in html
    assert " disabled" in html
    assert 'type="submit">Save' not in html
    assert browser.post(page(contoso), posted(contoso, "smtp", smtp_values(server))).status_code == 403
    with tenant(contoso):
        assert StoredSecret.objects.of(contoso).count() == 1


@pytest.mark.feature("CIR-14", "NEW-17")
def test_strangers_and_small_roles_stay_outside(
    contoso: Organization, stranger: User, teammate: User, client_of: ClientOf
) -> None:
    for browser, status in ((client_of(stranger), 404), (client_of(teammate), 403)):
        assert browser.get(page(contoso)).status_code == status
        assert browser.post(page(contoso), {"version": 1}).status_code == status


@pytest.mark.feature("CIR-7", "CIR-8", "CIR-9", "CIR-10", "CIR-11")
def test_the_guide_for_graph_lists_the_steps_in_order(
    contoso: Organization, owner: User, client_of: ClientOf
) -> None:
    html = client_of(owner).get(page(contoso), {"provider": "graph"}).content.decode()
    guide = html[html.index("How to set up") :]
    words = [
        "Entra ID",
        "App registrations",
        "New registration",
        "name",
        "Register",
        "API permissions",
        "Microsoft Graph",
        "Application permissions",
        "Mail.Send",
        "Grant admin consent",
        "New client secret",
        "Value",
    ]
    position = 0
    for word in words:
        assert word in guide[position:], word
        position += guide[position:].index(word)
    assert "Delegated" in guide or "delegated" in guide
    assert "support" in guide.lower()
    assert 'name="secret_expires_on"' in html


def test_every_save_is_written_down_without_secrets(
    contoso: Organization, owner: User, client_of: ClientOf, sandbox: Sandbox
) -> None:
    client_of(owner).post(page(contoso), posted(contoso, "smtp", smtp_values(sandbox.smtp())))
    with tenant(contoso):
        entry = AuditEntry.objects.of(contoso).get(action="connection.created")
    assert "Password" in entry.detail["changed"]
    assert PASSWORD not in str(entry.detail)
    assert entry.actor_id == owner.pk


@pytest.mark.parametrize("role", [Role.MAIL_ADMIN, Role.OWNER])
def test_mail_admins_and_owners_may_change_the_settings(
    contoso: Organization, client_of: ClientOf, role: Role
) -> None:
    person = factories.user()
    factories.membership(person, contoso, role)
    assert client_of(person).get(page(contoso)).status_code == 200
