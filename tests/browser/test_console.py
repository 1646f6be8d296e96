"""The console in a real browser: keyboard, search, unsaved changes, acting as."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Dialog, expect

from orgs.models import Organization, User
from orgs.services import enter_organization
from tests.browser.words import VARIANTS, Check, PageFactory, Shoot, SignIn

pytestmark = pytest.mark.browser


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


def test_leaving_typed_values_behind_asks_once(
    page_factory: PageFactory, sign_in: SignIn, super_admin: User
) -> None:
    page = sign_in(page_factory(), super_admin)
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.goto("/console/organizations/new/")
    page.get_by_label("Name").fill("Typed")
    page.get_by_role("link", name="Mailroom").click()
    expect(page.get_by_role("heading", name="Organizations", level=1)).to_be_visible()
    assert asked == ["beforeunload"]
    page.goto("/console/organizations/new/")
    page.get_by_label("Name").fill("Typed")
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("heading", name="Organizations", level=1)).to_be_visible()
    assert asked == ["beforeunload"]


def test_board_answers_while_typing_and_keeps_the_focus(
    page_factory: PageFactory,
    sign_in: SignIn,
    super_admin: User,
    contoso: Organization,
    fabrikam: Organization,
) -> None:
    page = sign_in(page_factory(), super_admin)
    page.goto("/console/")
    search = page.locator("#id_q")
    search.focus()
    page.keyboard.type("fabri")
    expect(page.get_by_role("link", name="Contoso")).to_have_count(0)
    expect(page.get_by_role("link", name="Fabrikam")).to_be_visible()
    expect(search).to_be_focused()
    expect(page).to_have_url(re.compile(r"\?q=fabri"))
    expect(page.locator("#board [role=status]")).to_have_text("1 organization found")
