"""Routing rules in a real browser: made, tried, and followed by a message, in both themes and widths."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from mailsettings.models import Connection, Rank
from mailsettings.routing.conditions import read_groups
from mailsettings.routing.services import add_rule
from notifications.drain import drain
from orgs.models import Organization, User
from orgs.tenancy import tenant
from sandbox.inbox import Inbox
from tests import factories
from tests.browser.words import VARIANTS, Check, PageFactory, Shoot, SignIn
from tests.notifications.stories import queue
from tests.plugin_sandbox import Sandbox, graph_values, smtp_values

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
RULES = "/organizations/contoso/emails/connections/rules/"
CONNECTIONS = "/organizations/contoso/emails/connections/"


@pytest.fixture
def relay_inbox(contoso: Organization, owner: User, sandbox: Sandbox) -> Inbox:
    """Microsoft Graph API is the primary connection of Contoso, a relay is for rules only."""
    inbox = Inbox(None)
    relay = factories.connection(contoso, "smtp", smtp_values(sandbox.smtp(inbox=inbox)), by=owner)
    with tenant(contoso):
        Connection.objects.of(contoso).filter(pk=relay.pk).update(name="Contoso relay")
    factories.connection(contoso, "graph", graph_values(sandbox.microsoft()), by=owner)
    return inbox


def add(
    contoso: Organization, *groups: list[dict[str, str]], enabled: bool = True, held: bool = False
) -> None:
    with tenant(contoso):
        rows = Connection.objects.of(contoso)
        chosen = rows.get(rank=Rank.PRIMARY) if held else rows.get(name="Contoso relay")
        add_rule(
            organization=contoso, connection=chosen, groups=read_groups(groups), enabled=enabled, user=None
        )


def fill(page: Page, number: int, field: str, comparison: str, value: str) -> None:
    condition = page.locator(".condition").nth(number)
    condition.get_by_label("Look at").select_option(label=field)
    condition.get_by_label("Comparison").select_option(label=comparison)
    condition.get_by_label("Value").fill(value)


@pytest.mark.feature("WPM-34")
@pytest.mark.parametrize("script", ["script", ""])
def test_a_rule_is_made_tried_and_followed(
    contoso: Organization,
    owner: User,
    page_factory: PageFactory,
    sign_in: SignIn,
    sandbox: Sandbox,
    relay_inbox: Inbox,
    script: str,
) -> None:
    page = sign_in(page_factory(script=bool(script)), owner)
    page.goto(CONNECTIONS)
    page.get_by_role("link", name="Add rule").click()
    fill(page, 0, "Notification type", "is", "invoice")
    page.get_by_role("button", name="Add condition to group 1").click()
    expect(page.locator(".condition")).to_have_count(2)
    if script:
        expect(page.locator(".condition").nth(1).get_by_label("Look at")).to_be_focused()
    fill(page, 1, "Recipient domain", "is", "fabrikam.example")
    page.get_by_role("button", name="Add group").click()
    fill(page, 2, "Subject", "starts with", "Overdue")
    page.get_by_label("Connection", exact=True).select_option(label="Contoso relay")
    page.get_by_label("Wait for it").check(force=True)
    page.locator(".condition").nth(2).get_by_label("Value").press("Enter")
    rule = page.locator("#routing .rule")
    expect(rule).to_contain_text("Notification type")
    said = " ".join(rule.locator(".grow").inner_text().split())
    assert said == (
        "If Notification type is invoice and Recipient domain is fabrikam.example"
        " or if Subject starts with Overdue send with Contoso relay"
    )
    expect(rule).to_contain_text("0 this week")

    page.get_by_role("link", name="Try a message against the rules").click()
    page.get_by_label("To", exact=True).fill("billing@fabrikam.example")
    page.get_by_label("Notification type").fill("invoice")
    page.get_by_role("button", name="Try", exact=True).click()
    outcome = page.locator("#outcome")
    expect(outcome.get_by_role("heading", name="Rule 1 decides")).to_be_visible()
    expect(outcome).to_contain_text("The message would go through Contoso relay now.")
    expect(outcome).to_contain_text("Found “invoice”.")
    assert len(relay_inbox) == 0

    row = queue(contoso, to="billing@fabrikam.example", subject="Invoice 12", notification_type="invoice")
    drain(contoso.pk)
    assert (len(relay_inbox), len(sandbox.inbox)) == (1, 0)
    page.goto(f"/organizations/contoso/deliveries/{row.pk}/")
    expect(page.locator(".timeline")).to_contain_text("Rule 1 chose Contoso relay")
    page.goto(CONNECTIONS)
    expect(rule).to_contain_text("1 this week")


def test_conditions_come_and_go_and_nothing_typed_is_lost(
    contoso: Organization, owner: User, page: Page, sign_in: SignIn, relay_inbox: Inbox
) -> None:
    sign_in(page, owner)
    page.goto(f"{RULES}new/")
    fill(page, 0, "Subject", "contains", "one")
    page.get_by_label("Connection", exact=True).select_option(label="Contoso relay")
    for count in (2, 3):
        page.get_by_role("button", name="Add condition to group 1").click()
        expect(page.locator(".condition")).to_have_count(count)
    fill(page, 1, "Subject", "contains", "two")
    header = page.locator(".condition").nth(2).get_by_label("Header")
    expect(header).to_be_hidden()
    fill(page, 2, "Header value", "is not", "three")
    expect(header).to_be_visible()
    header.fill("X-Campaign")
    page.get_by_role("button", name="Remove condition 2 of group 1").click()
    expect(page.locator(".condition")).to_have_count(2)
    expect(page.get_by_role("button", name="Add condition to group 1")).to_be_focused()
    condition = page.locator(".condition").nth(1)
    expect(condition.get_by_label("Value")).to_have_value("three")
    expect(condition.get_by_label("Header")).to_have_value("X-Campaign")
    expect(page.locator(".condition").nth(0).get_by_label("Value")).to_have_value("one")
    expect(page.get_by_label("Connection", exact=True).locator("option:checked")).to_have_text(
        "Contoso relay"
    )
    condition.get_by_label("Value").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#error-summary")).to_be_focused()
    page.locator("#error-summary").get_by_role("link", name="Value: Enter a value.").click()
    expect(condition.get_by_label("Value")).to_be_focused()


@pytest.mark.feature("WPM-34")
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_pages_of_the_rules_are_accessible(
    contoso: Organization,
    owner: User,
    page_factory: PageFactory,
    sign_in: SignIn,
    assert_accessible: Check,
    shoot: Shoot,
    relay_inbox: Inbox,
    variant: str,
) -> None:
    page = sign_in(page_factory(**VARIANTS[variant]), owner)
    page.goto(CONNECTIONS)
    expect(page.get_by_role("heading", name="No rules yet")).to_be_visible()
    assert_accessible(page)
    shoot(page, f"05d-no-rules-{variant}")
    invoice = {"field": "notification_type", "operator": "is", "value": "invoice"}
    domain = {"field": "recipient_domain", "operator": "is", "value": "fabrikam.example"}
    header = {"field": "header_value", "operator": "matches", "value": "spring-*", "header": "X-Campaign"}
    add(contoso, [invoice, domain], [header])
    add(contoso, [{"field": "subject", "operator": "contains", "value": "newsletter" * 20}], held=True)
    add(contoso, [{"field": "from_address", "operator": "ends", "value": "@legal.example"}], enabled=False)
    row = queue(contoso, to="billing@fabrikam.example", subject="Newsletter", notification_type="invoice")
    page.reload()
    assert_accessible(page)
    shoot(page, f"05-routing-{variant}")
    page.get_by_role("link", name="Edit rule 1").click()
    assert_accessible(page)
    shoot(page, f"05e-rule-{variant}")
    page.locator(".condition").nth(0).get_by_label("Value").fill("")
    page.get_by_role("button", name="Save").click()
    assert_accessible(page)
    shoot(page, f"05e-rule-wrong-{variant}")
    page.goto(f"{RULES}try/?delivery={row.pk}")
    assert_accessible(page)
    shoot(page, f"05f-try-{variant}")
    page.goto(f"{RULES}new/")
    page.get_by_role("link", name="Discard changes").click()
    page.get_by_role("link", name="Edit rule 2").click()
    page.get_by_role("link", name="Remove rule 2").click()
    expect(page.get_by_role("dialog")).to_contain_text("Remove rule 2")
    assert_accessible(page)
    shoot(page, f"05g-remove-{variant}")
