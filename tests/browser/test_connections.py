"""Connections and saves in a real browser: what an admin sees, in both themes and widths."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from mailsettings.models import Connection
from mailsettings.ways import mail_settings
from orgs.models import Organization, User
from orgs.tenancy import tenant
from providers import PROVIDERS
from tests import factories
from tests.browser.words import VARIANTS, Check, PageFactory, Shoot, SignIn
from tests.plugin_sandbox import USERNAME, Sandbox, graph_values, smtp_values
from tests.plugin_worker import StartWorker

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SECONDS = 30_000


def press_save(page: Page) -> None:
    page.locator("#emails-form").get_by_role("button", name="Save", exact=True).locator(
        "visible=true"
    ).click()


@pytest.mark.feature("HIR-4", "WPM-12")
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_fields_of_every_provider_are_accessible(
    contoso: Organization,
    owner: User,
    page_factory: PageFactory,
    sign_in: SignIn,
    assert_accessible: Check,
    shoot: Shoot,
    variant: str,
) -> None:
    page = sign_in(page_factory(**VARIANTS[variant]), owner)
    page.goto(f"/organizations/{contoso.slug}/emails/")
    page.get_by_label("SMTP enabled").check()
    for item in PROVIDERS:
        page.get_by_label("Mailing provider").select_option(label=item.label)
        expect(page.locator("input[name=shown]")).to_have_value(item.key)
        page.evaluate(
            "document.querySelectorAll('#provider-fields details').forEach(each => each.open = true)"
        )
        assert_accessible(page)
        shoot(page, f"02-emails-{item.key}-{variant}")


@pytest.mark.feature("WPM-35", "COG-27")
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_pages_of_the_connections_are_accessible(
    contoso: Organization,
    owner: User,
    page_factory: PageFactory,
    sign_in: SignIn,
    assert_accessible: Check,
    shoot: Shoot,
    sandbox: Sandbox,
    variant: str,
) -> None:
    page = sign_in(page_factory(**VARIANTS[variant]), owner)
    page.goto(f"/organizations/{contoso.slug}/emails/connections/")
    assert_accessible(page)
    server, microsoft = sandbox.smtp(), sandbox.microsoft()
    factories.connection(contoso, "smtp", smtp_values(server), by=owner)
    factories.connection(contoso, "smtp", smtp_values(server, sender_name="Another name"), by=owner)
    factories.connection(contoso, "graph", graph_values(microsoft), by=owner)
    page.reload()
    expect(page.get_by_role("heading", name="Custom SMTP")).to_be_visible()
    assert_accessible(page)
    shoot(page, f"05-connections-{variant}")
    page.get_by_role("link", name="Edit Custom SMTP").click()
    expect(page.get_by_role("button", name="Restore version 1")).to_be_visible()
    assert_accessible(page)
    shoot(page, f"05b-connection-{variant}")
    page.goto(f"/organizations/{contoso.slug}/emails/connections/new/")
    assert_accessible(page)
    shoot(page, f"05c-add-connection-{variant}")


@pytest.mark.feature("HIR-18", "WPM-54")
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_save_that_does_not_pass_names_the_part_and_keeps_what_was_typed(
    contoso: Organization,
    owner: User,
    page_factory: PageFactory,
    sign_in: SignIn,
    assert_accessible: Check,
    shoot: Shoot,
    sandbox: Sandbox,
    start_worker: StartWorker,
    variant: str,
) -> None:
    server = sandbox.smtp()
    start_worker()
    page = sign_in(page_factory(**VARIANTS[variant]), owner)
    page.goto(f"/organizations/{contoso.slug}/emails/")
    page.get_by_label("SMTP enabled").check()
    page.get_by_label("Sender email").fill(USERNAME)
    page.get_by_label("Host").fill("127.0.0.1")
    page.get_by_label("Port").fill(str(server.port))
    page.get_by_label("Username").fill(USERNAME)
    page.locator("#id_password").fill("not-the-password")
    press_save(page)
    expect(page.get_by_role("heading", name="Checking before saving")).to_be_visible()
    expect(page.get_by_role("heading", name="Not saved")).to_be_visible(timeout=SECONDS)
    expect(page.get_by_text("Sign-in failed")).to_be_visible()
    expect(page.get_by_label("Port")).to_have_value(str(server.port))
    assert_accessible(page)
    shoot(page, f"03b-not-saved-{variant}")
    with tenant(contoso):
        assert not Connection.objects.of(contoso).exists()
        assert mail_settings(contoso.pk).smtp_enabled is False
    page.get_by_role("link", name="See steps").click()
    assert_accessible(page)
    shoot(page, f"04b-verification-{variant}")
    page.get_by_role("link", name="Back to Emails").click()
    page.get_by_role("button", name="Test SMTP").click()
    expect(page.get_by_role("link", name="Details")).to_be_visible(timeout=SECONDS)
    page.get_by_role("link", name="Details").click()
    page.get_by_text("Technical details", exact=True).click()
    assert_accessible(page)
    shoot(page, f"04b-test-failed-{variant}")
