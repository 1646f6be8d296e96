"""Help, guides, failures and shared results in a real browser: sound at every width, in both themes."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from notifications.drain import run_tests
from orgs.models import Organization, User
from tests import factories
from tests.browser.words import VARIANTS, Check, PageFactory, Shoot, SignIn
from tests.plugin_sandbox import CLIENT_ID, CLIENT_SECRET, TENANT_ID, Sandbox, graph_values

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("variant", VARIANTS)
def test_help_pages_are_sound(
    variant: str,
    contoso: Organization,
    owner: User,
    sandbox: Sandbox,
    page_factory: PageFactory,
    sign_in: SignIn,
    assert_accessible: Check,
    shoot: Shoot,
) -> None:
    factories.connection(contoso, "graph", graph_values(sandbox.microsoft()), by=owner)
    page = sign_in(page_factory(**VARIANTS[variant]), owner)
    for path, shot in (
        ("", "13-guides"),
        ("graph/", "13-guide-graph"),
        ("microsoft_account/", "13-guide-account"),
        ("failures/", "13-failures"),
        ("failures/?q=535", "13-failures-search"),
    ):
        page.goto(f"/organizations/contoso/guides/{path}")
        assert_accessible(page)
        shoot(page, f"{shot}-{variant}")


def test_typing_searches_the_failures(
    contoso: Organization, owner: User, page_factory: PageFactory, sign_in: SignIn
) -> None:
    page = sign_in(page_factory(), owner)
    page.goto("/organizations/contoso/guides/failures/")
    page.get_by_role("searchbox").press_sequentially("secret has expired")
    expect(page.get_by_role("heading", name="The client secret has expired")).to_be_visible()
    expect(page.get_by_role("heading", name="Name lookup")).to_have_count(0)
    assert page.url.endswith("?q=secret%20has%20expired")


@pytest.mark.feature("NEW-3")
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_failed_test_is_sent_to_the_administrator(
    variant: str,
    contoso: Organization,
    owner: User,
    sandbox: Sandbox,
    page_factory: PageFactory,
    sign_in: SignIn,
    assert_accessible: Check,
    shoot: Shoot,
) -> None:
    microsoft = sandbox.microsoft()
    microsoft.add_app(TENANT_ID, CLIENT_ID, CLIENT_SECRET, roles=())
    page = sign_in(page_factory(**VARIANTS[variant]), owner)
    saved = factories.connection(contoso, "graph", graph_values(microsoft), by=owner)
    page.goto("/organizations/contoso/emails/test/")
    page.get_by_label("Connection").select_option(str(saved.pk))
    page.get_by_role("button", name="Test SMTP").click()
    run_tests(contoso.pk)
    page.reload()
    assert_accessible(page)
    shoot(page, f"13-result-{variant}")
    page.get_by_role("button", name="Send this to my IT administrator").click()
    link = page.get_by_label("Link", exact=True).input_value()
    assert_accessible(page)
    shoot(page, f"13-shared-links-{variant}")
    outside = page_factory(**VARIANTS[variant])
    outside.goto(link.partition("/shared/")[1] + link.partition("/shared/")[2])
    expect(outside.get_by_role("heading", name="may not send mail yet")).to_be_visible()
    assert_accessible(outside)
    shoot(outside, f"13-shared-{variant}")
    page.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_text("No links")).to_be_visible()
    outside.reload()
    expect(outside.get_by_text("This page does not exist").first).to_be_visible()


def test_without_script_everything_works(
    contoso: Organization, owner: User, page_factory: PageFactory, sign_in: SignIn
) -> None:
    page = sign_in(page_factory(script=False), owner)
    page.goto("/organizations/contoso/guides/failures/")
    page.get_by_role("searchbox").fill("50105 assigned")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="not assigned to the app")).to_be_visible()
