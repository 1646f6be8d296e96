"""The shell in a real browser: sign-in, theme, switcher, drawer, every page in four dresses."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from orgs.models import Organization, Role, User
from tests import factories
from tests.browser.words import VARIANTS, Check, PageFactory, Shoot, SignIn

pytestmark = pytest.mark.browser


PAGES = {
    "07-overview": "/organizations/contoso/",
    "11-members": "/organizations/contoso/members/",
    "09-audit": "/organizations/contoso/audit/",
    "account": "/accounts/password/change/",
    "choose": "/organizations/",
}
CONSOLE = {
    "08a-organizations": "/console/",
    "08b-organization": "/console/organizations/contoso/",
    "add": "/console/organizations/new/",
    "enter": "/console/organizations/contoso/enter/",
    "confirm": "/console/organizations/contoso/custom-mail/",
}
OUTSIDE = {
    "01-sign-in": "/accounts/login/",
    "reset": "/accounts/password/reset/",
    "reset-done": "/accounts/password/reset/done/",
    "closed": "/accounts/signup/",
    "absent": "/absent/",
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_pages_are_accessible_and_clean(
    page_factory: PageFactory,
    sign_in: SignIn,
    shoot: Shoot,
    assert_accessible: Check,
    furnished: Organization,
    owner: User,
    super_admin: User,
    variant: str,
) -> None:
    rounds = ((OUTSIDE, None), (PAGES, owner), (CONSOLE, super_admin))
    for pages, person in rounds:
        page = page_factory(**VARIANTS[variant])
        if person:
            sign_in(page, person)
        for name, path in pages.items():
            page.goto(path)
            shoot(page, f"{name}-{variant}")
            assert_accessible(page)


def test_sign_in_and_out_with_a_typed_password(page: Page, contoso: Organization) -> None:
    person = factories.user("mail@contoso.example", name="Mail admin", password=factories.PASSWORD)
    factories.membership(person, contoso, Role.MAIL_ADMIN)
    page.goto("/")
    expect(page.get_by_label("Email address")).to_be_focused()
    page.keyboard.type("mail@contoso.example")
    page.get_by_label("Password", exact=True).fill("a wrong password")
    page.keyboard.press("Enter")
    summary = page.locator("#error-summary")
    expect(summary).to_be_visible()
    expect(summary).to_be_focused()
    page.get_by_label("Email address").fill("mail@contoso.example")
    page.get_by_label("Password", exact=True).fill(factories.PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.get_by_role("button", name="Account menu, signed in as Mail admin").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_theme_is_kept_with_and_without_script(
    page_factory: PageFactory, sign_in: SignIn, owner: User
) -> None:
    for script in (True, False):
        page = sign_in(page_factory(script=script), owner)
        page.goto("/organizations/contoso/")
        expect(page.get_by_role("button", name="Switch to light")).to_be_hidden()
        page.get_by_role("button", name="Switch to dark").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.goto("/organizations/contoso/members/")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.get_by_role("button", name="Switch to light").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        expect(page).to_have_url(page.url)


def test_dark_system_offers_the_light_theme_first(
    page_factory: PageFactory, sign_in: SignIn, owner: User
) -> None:
    page = sign_in(page_factory(dark=True), owner)
    page.goto("/organizations/contoso/")
    expect(page.get_by_role("button", name="Switch to dark")).to_be_hidden()
    expect(page.get_by_role("button", name="Switch to light")).to_be_visible()


@pytest.mark.parametrize("script", ["script", ""])
def test_switcher_leads_to_another_organization(
    page_factory: PageFactory,
    sign_in: SignIn,
    shoot: Shoot,
    assert_accessible: Check,
    owner: User,
    fabrikam: Organization,
    script: str,
) -> None:
    factories.membership(owner, fabrikam, Role.READ_ONLY)
    page = sign_in(page_factory(script=bool(script)), owner)
    page.goto("/organizations/contoso/")
    page.get_by_role("button", name="Contoso").click()
    expect(page.locator("#orgmenu")).to_be_visible()
    if script:
        shoot(page, "00-switcher-light-1280")
        assert_accessible(page)
    page.locator("#orgmenu").get_by_role("link", name="Fabrikam").click()
    expect(page.get_by_text("How the notifications of Fabrikam are sent.")).to_be_visible()
    # A reader sees no door that would be closed.
    expect(page.get_by_role("link", name="Members")).to_have_count(0)


def test_drawer_opens_and_closes_on_a_phone(
    page_factory: PageFactory, sign_in: SignIn, shoot: Shoot, assert_accessible: Check, owner: User
) -> None:
    page = sign_in(page_factory(phone=True), owner)
    page.goto("/organizations/contoso/")
    drawer = page.get_by_role("navigation", name="Main")
    expect(drawer).to_be_hidden()
    page.get_by_role("button", name="Open menu").click()
    expect(drawer).to_be_visible()
    shoot(page, "00-menu-open-light-390")
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    page.get_by_role("button", name="Open menu").click()
    drawer.get_by_role("link", name="Members").click()
    expect(page.get_by_role("heading", name="Members", level=1)).to_be_visible()


def test_long_names_never_push_the_layout(
    page_factory: PageFactory, sign_in: SignIn, shoot: Shoot, assert_accessible: Check, super_admin: User
) -> None:
    long = factories.organization("Donaudampfschifffahrtsgesellschaft" * 4, slug="d" * 60)
    person = factories.user(f"{'x' * 60}@{'y' * 60}.example", name="Maximilian" * 12)
    factories.membership(person, long, Role.OWNER)
    for user, paths in (
        (person, ("", "members/", "audit/")),
        (super_admin, ("/console/", f"/console/organizations/{long.slug}/")),
    ):
        page = sign_in(page_factory(), user)
        page.set_viewport_size({"width": 320, "height": 700})
        for path in paths:
            page.goto(path if path.startswith("/") else f"/organizations/{long.slug}/{path}")
            shoot(page, f"long-{user.is_super_admin}-{path.strip('/').replace('/', '-')[:40]}")
            assert_accessible(page)
