"""The next secret and held mail in a browser: stored, tested, used, dropped; at both widths and themes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from notifications.drain import drain, run_tests
from orgs.models import Organization, User
from sandbox.microsoft import Microsoft
from tests import factories
from tests.browser.words import VARIANTS, PageFactory
from tests.notifications.stories import change, queue
from tests.plugin_sandbox import CLIENT_ID, CLIENT_SECRET, TENANT_ID, Sandbox, graph_values

pytestmark = pytest.mark.django_db(transaction=True)
NEXT = "Q~8the-next-secret-of-the-tests-4567"
TODAY = datetime.now(UTC).date()


@pytest.fixture
def microsoft(contoso: Organization, owner: User, sandbox: Sandbox) -> Microsoft:
    """Microsoft, and a connection of Contoso whose secret ends in 12 days."""
    server = sandbox.microsoft()
    server.add_app(TENANT_ID, CLIENT_ID, NEXT)
    day = TODAY + timedelta(days=12)
    factories.connection(contoso, "graph", graph_values(server, secret_expires_on=day.isoformat()), by=owner)
    return server


@pytest.fixture
def look(
    page_factory: PageFactory,
    sign_in: Callable[[Page, User], Page],
    owner: User,
    shoot: Callable[[Page, str], None],
    assert_accessible: Callable[[Page], None],
) -> Callable[[str, str], None]:
    """Look at a page at both widths, each in another theme."""

    def at(address: str, name: str) -> None:
        for variant, look in VARIANTS.items():
            page = sign_in(page_factory(**look), owner)
            page.goto(address)
            assert_accessible(page)
            shoot(page, f"{name}-{variant}")

    return at


@pytest.mark.feature("NEW-5")
def test_a_next_secret_in_a_browser(
    contoso: Organization,
    owner: User,
    microsoft: Microsoft,
    page: Page,
    sign_in: Callable[[Page, User], Page],
    look: Callable[[str, str], None],
) -> None:
    emails = f"/organizations/{contoso.slug}/emails/"
    look(emails, "next-secret-wanted")
    sign_in(page, owner).goto(emails)
    page.get_by_role("link", name="Store the next one beside it").click()
    page.get_by_label("Next Client Secret").last.fill(NEXT)
    page.get_by_label("Expires on", exact=True).fill(str(TODAY + timedelta(days=500)))
    page.get_by_role("button", name="Store and test").click()
    expect(page.get_by_role("heading", level=1, name="Next secret")).to_be_visible()
    run_tests(contoso.pk)
    expect(page.get_by_role("heading", name="Success")).to_be_visible()
    look(page.url, "next-secret-result")
    look(emails, "next-secret-stored")
    page.get_by_role("link", name="Back to").click()
    expect(page.get_by_text("It takes over on")).to_be_visible()
    page.get_by_role("button", name="Use it now").click()
    expect(page.get_by_text("uses the new secret from now on")).to_be_visible()


@pytest.mark.feature("NEW-6")
def test_held_mail_is_counted_and_dropped_in_a_browser(
    contoso: Organization,
    owner: User,
    microsoft: Microsoft,
    page: Page,
    sign_in: Callable[[Page, User], Page],
    look: Callable[[str, str], None],
) -> None:
    microsoft.add_app(TENANT_ID, CLIENT_ID, CLIENT_SECRET, secret_expired=True)
    rows = [queue(contoso, subject=f"Mail {number}") for number in range(3)]
    change(rows[0], created_at=datetime.now(UTC) - timedelta(days=2))
    drain(contoso.pk)
    deliveries = f"/organizations/{contoso.slug}/deliveries/"
    look(deliveries, "held-deliveries")
    look(f"/organizations/{contoso.slug}/", "held-overview")
    look(f"/organizations/{contoso.slug}/emails/", "next-secret-expired")
    look(f"{deliveries}drop-held/?hours=24", "held-question")
    sign_in(page, owner).goto(deliveries)
    expect(page.get_by_text("3 messages are held")).to_be_visible()
    page.get_by_role("button", name="Drop", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("Drop 1 held message")
    page.get_by_role("button", name="Drop 1 message").click()
    expect(page.get_by_text("Dropped 1 message.")).to_be_visible()
    expect(page.get_by_text("2 messages are held")).to_be_visible()
