"""Members and invitations in a real browser, with and without script."""

from __future__ import annotations

import re

import pytest
from django.core.mail import EmailMessage
from playwright.sync_api import expect

from orgs.models import Organization, Role, User
from orgs.services import invite
from tests import factories
from tests.browser.words import VARIANTS, Check, PageFactory, Shoot, SignIn

pytestmark = pytest.mark.browser


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
def test_invited_newcomer_comes_in(
    page_factory: PageFactory,
    shoot: Shoot,
    assert_accessible: Check,
    contoso: Organization,
    owner: User,
    mailoutbox: list[EmailMessage],
    variant: str,
) -> None:
    invite(organization=contoso, email="new@contoso.example", role=Role.DELIVERIES, actor=owner)
    link = re.search(r"/invitations/\S+", str(mailoutbox[-1].body))
    assert link
    page = page_factory(**VARIANTS[variant])
    page.goto(link[0])
    shoot(page, f"invitation-{variant}")
    assert_accessible(page)
    page.get_by_label("Your name").fill("New one")
    page.get_by_label("Password").fill("12345678")
    page.get_by_role("button", name="Create account and join").click()
    expect(page.locator("#error-summary")).to_be_focused()
    shoot(page, f"invitation-refused-{variant}")
    assert_accessible(page)
    page.get_by_role("link", name="Password:").first.click()
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(factories.PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("You are now a member of Contoso.")
    page.goto(link[0])
    shoot(page, f"invitation-unusable-{variant}")
    assert_accessible(page)
