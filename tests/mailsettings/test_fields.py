"""The fields of every provider: what they show, what fills them in, and who is who."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from mailsettings.layout import Layout
from mailsettings.presets import later
from orgs.models import User
from orgs.tenancy import tenant
from providers import PROVIDERS, CloudPick, Flag, Pick, provider, specs
from providers.services import SERVICES
from providers.values import conditions
from tests import factories
from tests.mailsettings.admin import Admin
from tests.plugin_sandbox import MAILBOX, Sandbox, graph_values, smtp_values

pytestmark = pytest.mark.django_db
STYLES = (Path(settings.BASE_DIR) / "static" / "css" / "app.css").read_text()


def fields(admin: Admin, provider_key: str, **typed: str) -> str:
    """Ask for the fields of a provider, as the dropdown does."""
    asked = {"provider": provider_key, **({"shown": provider_key, **typed} if typed else {})}
    headers = {"HX-Request": "true", "HX-Target": "provider-fields"}
    html: str = admin.browser.get(admin.url("mailsettings:emails"), asked, headers=headers).content.decode()
    return html


def changed(admin: Admin, provider_key: str, control: str, **typed: str) -> str:
    """Change one control, as a script tells it."""
    asked = {"provider": provider_key, "shown": provider_key, **typed}
    headers = {"HX-Request": "true", "HX-Target": f"id_{control}", "HX-Trigger-Name": control}
    html: str = admin.browser.get(admin.url("mailsettings:emails"), asked, headers=headers).content.decode()
    return html


def pressed(admin: Admin, provider_key: str, action: str, **typed: object) -> Any:
    """Press a button of the form without a script."""
    form = admin.typed(provider_key, typed, action=action)
    return admin.browser.post(admin.url("mailsettings:emails"), form)


def tag(html: str, name: str) -> str:
    """Give the opening tag of the control of that name."""
    return re.search(rf'<(?:input|select|textarea)[^>]*\bname="{name}"[^>]*>', html, re.DOTALL)[0]  # type: ignore[index]


def is_off(html: str) -> bool:
    """Say whether the button Connect cannot be pressed."""
    button = re.search(r'<button[^>]*value="connect"[^>]*>', html, re.DOTALL)
    assert button
    return re.search(r"\sdisabled\s", button[0]) is not None


@pytest.mark.feature("HIR-4", "HIR-21", "WPM-12", "COG-10")
@pytest.mark.parametrize("key", [item.key for item in PROVIDERS])
def test_each_provider_shows_its_own_fields_with_and_without_script(admin: Admin, key: str) -> None:
    chosen = provider(key)
    for html in (fields(admin, key), pressed(admin, key, "fields").content.decode()):
        for spec in specs(chosen.settings_type):
            assert f'name="{spec.name}"' in html, spec.name
            assert spec.marker.label in html
        others = {spec.name for item in PROVIDERS for spec in specs(item.settings_type)}
        for name in others - {spec.name for spec in specs(chosen.settings_type)}:
            assert f'id="id_{name}"' not in html, name
    page = admin.browser.get(admin.url("mailsettings:emails")).content.decode()
    assert chosen.label in page


@pytest.mark.feature("COG-4", "COG-6")
def test_a_listed_service_fills_in_its_server_and_locks_it(admin: Admin) -> None:
    for service in SERVICES:
        html = changed(admin, "smtp", "service", service=service.key, host="typed.example.com", port="2525")
        assert f'value="{service.host}"' in tag(html, "host")
        assert f'value="{service.port}"' in tag(html, "port")
        assert "readonly" in tag(html, "host")
        assert "readonly" in tag(html, "port")
        assert f'value="{service.tls_option}"' in html
        assert 'name="password"' not in html
    html = pressed(admin, "smtp", "set:service", service="sendgrid").content.decode()
    assert 'value="smtp.sendgrid.net"' in tag(html, "host")
    assert "readonly" in tag(html, "host")


@pytest.mark.feature("COG-5", "COG-6")
def test_other_leaves_everything_to_be_typed(admin: Admin) -> None:
    html = changed(admin, "smtp", "service", service="other", host="typed.example.com", port="2525")
    assert 'value="typed.example.com"' in tag(html, "host")
    assert "readonly" not in tag(html, "host")
    missing = admin.save("smtp", {"service": "other", "sender_email": "a@contoso.com"})
    assert {"host", "port", "tls_option"} <= set(missing.context["form"].errors)
    values = {"service": "sendgrid", "sender_email": "a@contoso.com", "authentication": "on"}
    listed = admin.save("smtp", values)
    assert set(listed.context["form"].errors) == {"username", "password"}


@pytest.mark.feature("COG-4")
def test_what_a_listed_service_sets_is_the_services_whatever_was_sent(admin: Admin) -> None:
    values = {
        "sender_email": "a@contoso.com",
        "service": "sendgrid",
        "host": "evil.example.com",
        "port": "25",
        "tls_option": "none",
        "authentication": "on",
        "username": "apikey",
        "password": "a-password-for-sendgrid",
    }
    assert admin.save("smtp", values, action="save_unverified").status_code == 302
    saved = admin.connections()["Custom SMTP"].settings
    service = next(one for one in SERVICES if one.key == "sendgrid")
    assert (saved["host"], saved["port"], saved["tls_option"]) == (
        service.host,
        service.port,
        service.tls_option,
    )


@pytest.mark.feature("COG-3")
@pytest.mark.parametrize(
    ("service", "word"), [("gmail", "app password"), ("yahoo", "app password"), ("zoho", "app password")]
)
def test_a_service_shows_how_its_account_is_prepared(admin: Admin, service: str, word: str) -> None:
    html = changed(admin, "smtp", "service", service=service)
    assert word in html[html.index('id="note-service"') :].lower()


@pytest.mark.feature("COG-4")
def test_the_senders_domain_speaks_of_its_service(admin: Admin) -> None:
    headers = {"HX-Request": "true", "HX-Target": "identity"}
    asked = {"provider": "smtp", "shown": "smtp", "service": "other", "sender_email": "news@gmail.com"}
    html = admin.browser.get(admin.url("mailsettings:emails"), asked, headers=headers).content.decode()
    assert "Looks like Gmail" in html
    assert 'value="use:service=gmail"' in html
    used = pressed(admin, "smtp", "use:service=gmail", service="other", sender_email="news@gmail.com")
    assert 'value="smtp.gmail.com"' in tag(used.content.decode(), "host")
    own = asked | {"sender_email": "news@contoso.com"}
    html = admin.browser.get(admin.url("mailsettings:emails"), own, headers=headers).content.decode()
    assert "Looks like" not in html


@pytest.mark.feature("COG-26")
@pytest.mark.parametrize(("option", "port"), [("tls", 465), ("starttls", 587), ("none", 25)])
def test_a_tls_option_presets_its_port_which_can_be_changed(
    admin: Admin, sandbox: Sandbox, option: str, port: int
) -> None:
    html = changed(admin, "smtp", "tls_option", tls_option=option, host="mail.contoso.com", port="2525")
    assert f'value="{port}"' in tag(html, "port")
    assert "readonly" not in tag(html, "port")
    assert 'name="password"' not in html
    html = pressed(admin, "smtp", "set:tls_option", tls_option=option, port="2525").content.decode()
    assert f'value="{port}"' in tag(html, "port")
    server = sandbox.smtp()
    assert admin.save("smtp", smtp_values(server), action="save_unverified").status_code == 302
    assert admin.connections()["Custom SMTP"].settings["port"] == server.port


@pytest.mark.feature("COG-25", "COG-29")
def test_a_password_in_clear_wants_a_confirmation(admin: Admin, sandbox: Sandbox) -> None:
    server = sandbox.smtp("plain")
    values = smtp_values(server) | {"plain_confirmed": ""}
    refused = admin.save("smtp", values, action="save_unverified")
    assert refused.status_code == 422
    assert "plain_confirmed" in refused.context["form"].errors
    html = fields(admin, "smtp")
    row = html[html.index('id="row-plain_confirmed"') :]
    assert "needs-" in row[: row.index(">")]
    assert admin.save("smtp", values | {"plain_confirmed": "on"}, action="save_unverified").status_code == 302
    page = admin.browser.get(admin.url("mailsettings:emails")).content.decode()
    assert "can be read on the way" in page


@pytest.mark.feature("WPM-21", "CIR-11")
@pytest.mark.parametrize("key", ["graph", "microsoft365_smtp", "microsoft_account"])
def test_one_click_sets_the_expiry_two_years_ahead(admin: Admin, key: str) -> None:
    html = fields(admin, key)
    assert 'value="months:secret_expires_on"' in html
    assert "+24 months" in html
    html = pressed(admin, key, "months:secret_expires_on", client_id="typed").content.decode()
    (day,) = re.findall(r'value="(\d{4}-\d\d-\d\d)"', tag(html, "secret_expires_on"))
    ahead = date.fromisoformat(day) - date.today()  # noqa: DTZ011  # as the page counts
    assert 728 <= ahead.days <= 732
    assert 'value="typed"' in tag(html, "client_id")
    headers = {"HX-Request": "true", "HX-Target": "id_secret_expires_on_months", "HX-Trigger-Name": "action"}
    asked = {"provider": key, "shown": key, "action": "months:secret_expires_on"}
    part = admin.browser.get(admin.url("mailsettings:emails"), asked, headers=headers).content.decode()
    assert f'value="{day}"' in tag(part, "secret_expires_on")


def test_months_end_where_a_month_is_shorter() -> None:
    assert later(date(2028, 2, 29), 24) == date(2030, 2, 28)
    assert later(date(2026, 11, 21), 24) == date(2028, 11, 21)
    assert later(date(2026, 12, 31), 2) == date(2027, 2, 28)


@pytest.mark.feature("WPM-20", "WPM-22", "WPM-24", "WPM-25", "WPM-26")
def test_an_account_is_saved_before_it_is_connected(admin: Admin) -> None:
    html = fields(admin, "microsoft_account")
    assert "Application (client) ID" in html
    assert "Client Secret" in html
    assert is_off(html)
    values = {
        "method": "smtp",
        "cloud": "worldwide",
        "tenant": "common",
        "client_id": "7d1f0c52-93ab-4c1e-b0a7-2f5e8c6a1d44",
        "client_secret": "Q~8mail-secret-of-the-tests-0123456789",
        "host": "smtp.office365.com",
        "port": "587",
        "force_sender": "on",
    }
    wrong = admin.save("microsoft_account", values | {"client_id": "no-guid"})
    assert "client_id" in wrong.context["form"].errors
    answer = admin.save("microsoft_account", values)
    page = admin.browser.get(answer["Location"]).content.decode()
    assert "Connect the account before mail can go out through it." in page
    assert not is_off(page)
    (saved,) = admin.connections().values()
    assert (saved.rank, saved.settings["sender_email"]) == ("additional", "")


@pytest.mark.feature("WPM-11")
def test_without_a_sender_an_account_is_kept_but_not_activated(admin: Admin) -> None:
    test_an_account_is_saved_before_it_is_connected(admin)
    with tenant(admin.organization):
        (saved,) = admin.connections().values()
        assert saved.organization_id == admin.organization.pk
    answer = admin.browser.post(admin.url("mailsettings:make_primary", saved.pk), follow=True)
    assert "Connect the account of" in answer.content.decode()
    assert admin.connections()[saved.name].rank == "additional"


@pytest.mark.feature("WPM-32")
def test_the_senders_name_has_no_effect_through_graph_and_says_so(admin: Admin) -> None:
    html = changed(admin, "microsoft_account", "method", method="graph", sender_name="Typed name")
    assert "disabled" in tag(html, "sender_name")
    assert "name of the account itself" in html
    assert '<input type="hidden" name="sender_name" value="Typed name">' in html
    html = changed(admin, "microsoft_account", "method", method="smtp", sender_name="Typed name")
    assert "disabled" not in tag(html, "sender_name")


@pytest.mark.feature("WPM-46")
@pytest.mark.parametrize("key", ["microsoft365_smtp", "microsoft_account"])
def test_the_cloud_is_chosen_from_one_table(admin: Admin, key: str) -> None:
    html = fields(admin, key)
    select = html[html.index('id="id_cloud"') :]
    options = select[: select.index("</select>")]
    for label in ("Worldwide", "US Government (GCC High)", "US Government (DoD)", "China (21Vianet)"):
        assert label in options


LEGACY = {
    "service": "microsoft365",
    "method": "legacy",
    "username": "news@contoso.com",
    "client_id": "7d1f0c52-93ab-4c1e-b0a7-2f5e8c6a1d44",
    "client_secret": "Q~8mail-secret-of-the-tests-0123456789",
    "access_url": "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token",
    "refresh_token": "a-refresh-token-of-the-tests",
    "client_authentication": "body",
    "force_sender": "on",
}


@pytest.mark.feature("COG-2")
def test_the_legacy_method_is_noticed_and_converted(admin: Admin) -> None:
    html = fields(admin, "oauth_smtp", **LEGACY)
    assert "legacy method" in html
    assert "Convert to client credentials" in html
    saved = admin.save("oauth_smtp", LEGACY, action="save_unverified")
    assert saved.status_code == 302, saved.context["form"].errors
    before = admin.connections()
    keep = {name: value for name, value in LEGACY.items() if name not in {"client_secret", "refresh_token"}}
    answer = pressed(admin, "oauth_smtp", "convert", **keep)
    values = answer.context["form"].initial
    assert (values["method"], values["client_id"], values["username"]) == (
        "client_credentials",
        LEGACY["client_id"],
        LEGACY["username"],
    )
    assert "contoso.com" in values["access_url"]
    assert admin.connections().keys() == before.keys()
    converted = {
        name: value
        for name, value in values.items()
        if isinstance(value, str | int) and name in {spec.name for spec in answer.context["form"].specs}
    }
    again = admin.save("oauth_smtp", converted | {"force_sender": "on"}, action="save_unverified")
    assert again.status_code == 302, again.context["form"].errors
    (row,) = admin.connections().values()
    assert row.name in before
    assert row.settings["method"] == "client_credentials"


def test_a_legacy_connection_that_cannot_be_converted_says_why(admin: Admin) -> None:
    html = pressed(admin, "oauth_smtp", "convert", service="gmail", method="legacy").content.decode()
    assert "Google gives no mail tokens" in html


@pytest.mark.feature("NEW-9")
@pytest.mark.parametrize("key", [item.key for item in PROVIDERS])
def test_the_picture_says_who_is_who_for_each_provider(admin: Admin, key: str) -> None:
    html = admin.browser.get(admin.url("mailsettings:emails"), {"provider": key}).content.decode()
    picture = html[html.index('id="identity"') :]
    for word in ("Signs in as", "Envelope sender", "From", "Reply-To"):
        assert f"<dt>{word}</dt>" in picture
    headers = {"HX-Request": "true", "HX-Target": "identity"}
    asked = {"provider": key, "shown": key, "authentication": "on"}
    asked |= {"sender_email": "other@contoso.com", "username": "box@contoso.com"}
    part = admin.browser.get(admin.url("mailsettings:emails"), asked, headers=headers).content.decode()
    assert "<dd>other@contoso.com</dd>" in part
    if "username" in {spec.name for spec in specs(provider(key).settings_type)}:
        assert "<dd>box@contoso.com</dd>" in part


@pytest.mark.feature("NEW-9")
def test_a_pair_the_provider_refuses_is_named_before_the_test(admin: Admin) -> None:
    headers = {"HX-Request": "true", "HX-Target": "identity"}
    asked = {"provider": "microsoft365_smtp", "shown": "microsoft365_smtp"}
    asked |= {"sender_email": "other@contoso.com", "username": "box@contoso.com"}
    part = admin.browser.get(admin.url("mailsettings:emails"), asked, headers=headers).content.decode()
    note = part[part.index("inline-note") :]
    assert "<dd>other@contoso.com</dd>" in part
    assert "box@contoso.com" in note


@pytest.mark.feature("HIR-24")
def test_a_link_to_another_way_keeps_the_sender_and_nothing_else(admin: Admin) -> None:
    asked = {"provider": "smtp", "sender": MAILBOX, "host": "evil.example.com"}
    asked |= {"sender_email": "x@evil.example"}
    html = admin.browser.get(admin.url("mailsettings:emails"), asked).content.decode()
    assert f'value="{MAILBOX}"' in tag(html, "sender_email")
    assert "evil.example" not in html[html.index('id="provider-fields"') :]
    assert " checked" in tag(html, "smtp_enabled")


@pytest.mark.feature("NEW-4")
def test_what_the_token_says_is_shown_after_a_test_and_never_the_token(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    microsoft = sandbox.microsoft()
    typed = admin.typed("graph", graph_values(microsoft), test_to=owner.email)
    html = admin.finish(admin.browser.post(admin.url("notifications:test"), typed))
    facts = html[html.index("What the token says") :]
    for word in ("Tenant", "Application", "Audience", "Roles", "Mail.Send", "Expires"):
        assert word in facts
    assert "eyJ" not in html


@pytest.mark.feature("WPM-54", "WPM-59")
def test_the_technical_part_of_a_failure_can_be_copied(admin: Admin, owner: User, sandbox: Sandbox) -> None:
    server = sandbox.smtp()
    typed = admin.typed("smtp", smtp_values(server, password="wrong-password"), test_to=owner.email)
    html = admin.finish(admin.browser.post(admin.url("notifications:test"), typed))
    block = html[html.index('id="technical-details"') :].split("</pre>")[0]
    for word in (
        "Provider: Custom SMTP",
        "Host: 127.0.0.1",
        f"Port: {server.port}",
        "TLS version: TLS 1.",
        "Stage: Sign-in",
        "SMTP code: 535",
        "Error code: ",
        "Category: auth_failed",
        "Time: ",
        " UTC",
    ):
        assert word in block
    assert 'data-copy="technical-details"' in html
    assert "wrong-password" not in html
    assert html.index("How to fix it") < html.index("technical-details")


@pytest.mark.feature("HIR-15", "HIR-16", "HIR-17", "HIR-20")
def test_a_failed_test_says_first_to_check_the_settings_then_where_it_failed(
    admin: Admin, owner: User, sandbox: Sandbox
) -> None:
    row = factories.connection(admin.organization, "smtp", smtp_values(sandbox.smtp()), by=owner)
    with tenant(admin.organization):
        row.settings |= {"port": 587}
        row.save()
    started = admin.browser.post(admin.url("notifications:test"), {"test_to": owner.email})
    html = admin.finish(started)
    assert ">Success</h2>" not in html
    assert "How to fix it" in html


def test_the_style_sheet_knows_every_switch_a_row_depends_on() -> None:
    for item in PROVIDERS:
        declared = specs(item.settings_type)
        layout = Layout(declared, {})
        for spec in declared:
            for name, _wanted in conditions(spec):
                marker = next(one.marker for one in declared if one.name == name)
                if isinstance(marker, Pick | CloudPick):
                    continue
                number = layout.switches[name]
                places = [1, 2] if isinstance(marker, Flag) else range(1, len(marker.options) + 1)  # type: ignore[attr-defined]
                for place in places:
                    assert f".needs-{number}:not(.on-{number}-{place})" in STYLES, (item.key, name)
