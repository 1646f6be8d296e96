"""The shell in a real browser: sign-in, theme, switcher, drawer, keyboard, no script, accessibility."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from orgs.models import Organization, Role, User
from orgs.services import enter_organization, invite
from tests import factories
from tests.browser.conftest import PageFactory

pytestmark = pytest.mark.browser

SignIn = Callable[[Page, User], Page]
Shoot = Callable[[Page, str], None]
Check = Callable[[Page], None]
# Named like the pictures of the mock-ups: theme and width.
VARIANTS = {
    "light-1280": {"phone": False, "dark": False},
    "dark-1280": {"phone": False, "dark": True},
    "light-390": {"phone": True, "dark": False},
    "dark-390": {"phone": True, "dark": True},
}


@pytest.fixture
def furnished(contoso: Organization, owner: User, teammate: User) -> Organization:
    """An organization whose pages have something to show."""
    auditor = factories.user("auditor@contoso.example", name="Auditor")
    factories.membership(auditor, contoso, Role.READ_ONLY)
    invite(organization=contoso, email="it@contoso.example", role=Role.MAIL_ADMIN, actor=owner)
    return contoso


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


def test_keyboard_alone_reaches_content_menu_and_search(
    page_factory: PageFactory, sign_in: SignIn, shoot: Shoot, assert_accessible: Check, super_admin: User
) -> None:
    page = sign_in(page_factory(), super_admin)
    page.goto("/console/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("Search", exact=True).first).to_be_focused()
    menu = page.get_by_role("button", name="Account menu")
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Your account")).to_be_visible()
    shoot(page, "00-account-menu-light-1280")
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Your account")).to_be_hidden()
    expect(menu).to_be_focused()


def test_removing_a_member_asks_in_a_dialog(
    page_factory: PageFactory,
    sign_in: SignIn,
    shoot: Shoot,
    assert_accessible: Check,
    furnished: Organization,
    owner: User,
) -> None:
    page = sign_in(page_factory(), owner)
    page.goto("/organizations/contoso/members/")
    remove = page.get_by_role("link", name="Remove Service desk")
    remove.click()
    dialog = page.get_by_role("dialog", name="Remove Service desk")
    expect(dialog).to_be_visible()
    shoot(page, "11-remove-dialog-light-1280")
    assert_accessible(page)
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog).to_be_hidden()
    expect(remove).to_be_focused()
    remove.click()
    dialog.get_by_role("button", name="Remove").click()
    expect(page.locator("#toasts")).to_contain_text("Service desk is no longer a member.")
    shoot(page, "11-toast-light-1280")
    expect(remove).to_have_count(0)


def test_members_work_without_script(
    page_factory: PageFactory, sign_in: SignIn, furnished: Organization, owner: User
) -> None:
    page = sign_in(page_factory(script=False), owner)
    page.goto("/organizations/contoso/members/")
    row = page.get_by_role("row", name="Auditor")
    expect(row.get_by_role("button", name="Save")).to_be_hidden()
    row.get_by_label("Role of Auditor").select_option("mail_admin")
    row.get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("Auditor: Mail admin.")
    page.get_by_role("link", name="Remove Auditor").click()
    expect(page.get_by_role("heading", name="Remove Auditor")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("row", name="Auditor")).to_have_count(0)
    page.get_by_label("Email address").fill("not an address")
    page.get_by_role("button", name="Send invitation").click()
    expect(page.locator("#error-summary")).to_be_focused()


@pytest.mark.parametrize("variant", VARIANTS)
def test_acting_as_is_announced_on_every_page(
    page_factory: PageFactory,
    sign_in: SignIn,
    shoot: Shoot,
    assert_accessible: Check,
    contoso: Organization,
    super_admin: User,
    variant: str,
) -> None:
    enter_organization(user=super_admin, organization_id=contoso.pk, reason="Support case 4471")
    page = sign_in(page_factory(**VARIANTS[variant]), super_admin)
    for name in ("emails", "deliveries", "audit"):
        page.goto(f"/organizations/contoso/{name}/")
        band = page.get_by_role("region", name="Acting as another organization")
        expect(band).to_contain_text("You are acting as Contoso.")
        expect(band).to_contain_text("60 minutes")
        shoot(page, f"08c-acting-as-{name}-{variant}")
        assert_accessible(page)
    page.get_by_role("button", name="Stop acting").click()
    expect(page.get_by_role("heading", name="Contoso", level=1)).to_be_visible()
    page.goto("/organizations/contoso/emails/")
    expect(page.get_by_role("heading", name="This page does not exist")).to_be_visible()


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
