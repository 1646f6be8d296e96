"""The sender's domain and the lists of hosts in a real browser: each width and theme, also without script."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from console.hosts import add_cloud, add_host, hosts_of
from orgs.models import Organization, User
from tests import factories
from tests.browser.words import VARIANTS, Check, PageFactory, Shoot, SignIn
from tests.domain.zones import good
from tests.plugin_sandbox import Sandbox, graph_values

pytestmark = pytest.mark.browser


@pytest.fixture
def contoso_sends(contoso: Organization, owner: User, sandbox: Sandbox) -> Organization:
    """Contoso, which sends through Graph and whose domain has no DMARC record and a bad SPF record."""
    zones = good()
    del zones["_dmarc.contoso.com"]
    zones["contoso.com"] = {**zones["contoso.com"], "TXT": ["v=spf1 include:mailgun.org ip4:192.0.2.7 -all"]}
    zones["mailgun.org"] = {"TXT": ["v=spf1 -all"]}
    sandbox.dns(zones)
    factories.connection(contoso, "graph", graph_values(sandbox.microsoft()), by=owner)
    return contoso


@pytest.mark.feature("NEW-19")
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_emails_page_looks_by_itself_and_leads_to_the_records(
    page_factory: PageFactory,
    sign_in: SignIn,
    shoot: Shoot,
    assert_accessible: Check,
    contoso_sends: Organization,
    owner: User,
    variant: str,
) -> None:
    page = sign_in(page_factory(**VARIANTS[variant]), owner)
    page.goto("/organizations/contoso/emails/")
    panel = page.locator("#domain-panel")
    expect(panel).to_contain_text("does not mention Microsoft 365")
    assert_accessible(page)
    shoot(page, f"domain-panel-{variant}")
    page.get_by_role("link", name="Records found and to publish").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("contoso.com")
    record = page.get_by_role("region", name="SPF")
    expect(record).to_contain_text("include:spf.protection.outlook.com ")
    assert_accessible(page)
    shoot(page, f"domain-{variant}")
    page.get_by_role("button", name="Check now").click()
    expect(page.locator("#domain-report")).to_contain_text("just now")


@pytest.mark.feature("NEW-19")
def test_without_script_a_button_looks(
    page_factory: PageFactory, sign_in: SignIn, contoso_sends: Organization, owner: User
) -> None:
    page = sign_in(page_factory(script=False), owner)
    page.goto("/organizations/contoso/domain/")
    expect(page.get_by_role("main")).to_contain_text("Not checked yet")
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_role("region", name="DMARC")).to_contain_text("Missing")


@pytest.mark.feature("WPM-47", "COG-13")
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_super_admin_keeps_clouds_and_hosts(
    page_factory: PageFactory,
    sign_in: SignIn,
    shoot: Shoot,
    assert_accessible: Check,
    super_admin: User,
    sandbox: Sandbox,
    variant: str,
) -> None:
    add_host(host="login.partner.example", actor=super_admin, ip=None)
    add_cloud(key="germany", label="Germany", hosts=hosts_of("de"), actor=super_admin, ip=None)
    page = sign_in(page_factory(**VARIANTS[variant]), super_admin)
    page.goto("/console/hosts/")
    shoot(page, f"hosts-{variant}")
    assert_accessible(page)
    page.get_by_role("link", name="Remove login.partner.example").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Remove login.partner.example")
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("main")).not_to_contain_text("login.partner.example")
    page.locator("#id_host").fill("localhost")
    page.get_by_role("button", name="Add host").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter a full public name")
    assert_accessible(page)
    shoot(page, f"hosts-refused-{variant}")
