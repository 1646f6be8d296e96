"""Deliveries in a real browser: the list, one delivery, its content, and a message written by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from notifications.models import DeliveryAttempt, Lane, Notification, Status
from orgs.models import Organization, User
from orgs.tenancy import tenant
from tests.browser.words import VARIANTS, PageFactory
from tests.notifications.stories import change, queue

pytestmark = pytest.mark.browser

SignIn = Callable[[Page, User], Page]
Shoot = Callable[[Page, str], None]
Check = Callable[[Page], None]
DELIVERIES = "/organizations/contoso/deliveries/"
LONG = "Averylongwordthatneverendsandmustwrapsomewhere" * 4
ROWS: list[tuple[str, str, dict[str, Any]]] = [
    ("Your export is ready", "orgadmin@contoso.example", {"status": Status.CANCELLED}),
    ("Newsletter November", "list@fabrikam.example", {"status": Status.FAILED, "attempts": 3}),
    ("Welcome to Contoso", "newmember@contoso.example", {"status": Status.UNCERTAIN, "attempts": 1}),
    ("Reminder: 2 documents wait for you", "member@example.com", {"status": Status.QUEUED}),
    ("Invoice 2026-1187", "billing@fabrikam.example", {"status": Status.FAILED, "attempts": 2}),
    ("Password reset", "member@contoso.example", {"status": Status.ACCEPTED, "attempts": 1}),
    (LONG, "legal@contoso.example", {"status": Status.ACCEPTED, "attempts": 2}),
    ("Your weekly report", "reports@example.com", {"status": Status.QUEUED, "attempts": 2}),
    (
        "Signature requested: supply contract",
        "orgadmin@fabrikam.example",
        {"status": Status.ACCEPTED, "attempts": 1},
    ),
]


@pytest.fixture
def history(contoso: Organization, owner: User) -> dict[str, Notification]:
    """Deliveries in every state people meet."""
    made = {}
    for subject, to, columns in ROWS:
        row = queue(
            contoso,
            to=to,
            subject=subject,
            html="<h1>Hello</h1><script>document.title='hacked'</script><img src='https://tracker.example/x.gif'>",
            cc="archive@contoso.example" if "Invoice" in subject else "",
            created_by=owner,
            notification_type=subject.split()[0].lower()[:20],
        )
        ended = columns["status"] not in {Status.QUEUED, Status.UNCERTAIN}
        now = timezone.now()
        change(
            row,
            way_name="Microsoft 365",
            ended_at=now if ended else None,
            accepted_at=now if columns["status"] == Status.ACCEPTED else None,
            last_code="recipient_refused" if columns["status"] == Status.FAILED else "",
            **columns,
        )
        made[subject] = row
    tell_story(made["Invoice 2026-1187"])
    return made


def tell_story(row: Notification) -> None:
    """Give the failed one its attempts."""
    now = timezone.now()
    tries = [
        ("temporary", "server_busy", "451 4.7.1 Try again later", timedelta(minutes=1, seconds=2)),
        ("refused", "recipient_refused", "550 5.1.1 The email account does not exist.", None),
    ]
    with tenant(row.organization_id):
        for number, (outcome, code, reply, pause) in enumerate(tries, start=1):
            DeliveryAttempt.objects.create(
                organization_id=row.organization_id,
                notification=row,
                number=number,
                started_at=now,
                finished_at=now,
                outcome=outcome,
                code=code,
                reply=reply,
                provider_code=reply[:9],
                next_at=now + pause if pause else None,
            )


@pytest.mark.parametrize("variant", VARIANTS)
def test_pages_are_accessible_and_clean(  # fixtures
    page_factory: PageFactory,
    sign_in: SignIn,
    shoot: Shoot,
    assert_accessible: Check,
    history: dict[str, Notification],
    contoso: Organization,
    owner: User,
    variant: str,
) -> None:
    page = sign_in(page_factory(**VARIANTS[variant]), owner)
    pages = {
        "06a-deliveries": DELIVERIES,
        "06a-nothing": f"{DELIVERIES}?q=nothing",
        "06b-failed": f"{DELIVERIES}{history['Invoice 2026-1187'].pk}/",
        "06b-uncertain": f"{DELIVERIES}{history['Welcome to Contoso'].pk}/",
        "06b-long": f"{DELIVERIES}{history[LONG].pk}/",
        "06-compose": f"{DELIVERIES}new/",
    }
    for name, path in pages.items():
        page.goto(path)
        shoot(page, f"{name}-{variant}")
        assert_accessible(page)
    with tenant(contoso):
        Lane.objects.create(organization=contoso, held_code="auth_failed", held_since=timezone.now())
    page.goto(DELIVERIES)
    shoot(page, f"06a-held-{variant}")
    assert_accessible(page)


@pytest.mark.parametrize("script", ["script", ""])
def test_filters_work_with_and_without_script(
    page_factory: PageFactory, sign_in: SignIn, history: dict[str, Notification], owner: User, script: str
) -> None:
    page = sign_in(page_factory(script=bool(script)), owner)
    page.goto(DELIVERIES)
    page.get_by_label("Search").fill("invoice")
    if not script:
        page.get_by_role("button", name="Show").click()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Invoice 2026-1187")
    assert "q=invoice" in page.url
    expect(page.get_by_role("link", name="All 1")).to_be_visible()
    page.get_by_role("link", name="Sent").click()
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.get_by_role("link", name="Clear filters").click()
    expect(rows).to_have_count(len(ROWS))


def test_the_list_updates_by_itself_and_announces_newcomers(
    page: Page, sign_in: SignIn, history: dict[str, Notification], contoso: Organization, owner: User
) -> None:
    sign_in(page, owner)
    page.clock.install()
    page.goto(DELIVERIES)
    link = page.get_by_role("link", name="Password reset")
    link.focus()
    change(history["Reminder: 2 documents wait for you"], attempts=4)
    queue(contoso, subject="Newcomer")
    page.clock.run_for(12_000)
    expect(page.get_by_text("1 new", exact=True)).to_be_visible()
    expect(page.locator("#results-count")).to_have_text("10 deliveries, 1 new")
    expect(page.locator("tbody tr")).to_have_count(len(ROWS))
    expect(page.locator("tbody tr", has_text="Reminder")).to_contain_text("Retrying")
    expect(link).to_be_focused()
    page.get_by_role("link", name="Show", exact=True).click()
    expect(page.locator("tbody tr").first).to_contain_text("Newcomer")


@pytest.mark.control("C-MAIL-5")
def test_html_is_shown_in_a_frame_that_runs_and_loads_nothing(
    browser: Browser,
    live_server: Any,
    sign_in: SignIn,
    history: dict[str, Notification],
    owner: User,
    shoot: Shoot,
) -> None:
    # Not from the page factory: the browser reports what the policy refused, the very thing to be seen here.
    page = sign_in(browser.new_page(base_url=live_server.url), owner)
    loaded: list[str] = []
    page.on("requestfinished", lambda request: loaded.append(request.url))
    page.goto(f"{DELIVERIES}{history['Password reset'].pk}/")
    page.get_by_role("button", name="Show message").click()
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Hello")).to_be_visible()
    assert "hacked" not in page.title()
    assert loaded
    assert not [url for url in loaded if not url.startswith(live_server.url)]
    shoot(page, "06b-content-light-1280")
    page.close()


def test_retry_and_compose_by_keyboard(
    page: Page, sign_in: SignIn, history: dict[str, Notification], owner: User
) -> None:
    sign_in(page, owner)
    page.goto(f"{DELIVERIES}{history['Invoice 2026-1187'].pk}/")
    page.get_by_role("button", name="Retry now").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Queued again")).to_be_visible()
    page.goto(f"{DELIVERIES}new/")
    page.get_by_label("To", exact=True).fill("nonsense")
    page.get_by_label("Subject").fill("Hi")
    page.get_by_label("Message", exact=True).fill("Hello")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#error-summary")).to_be_focused()
    expect(page.locator("#error-summary")).to_contain_text("nonsense")
    page.get_by_label("To", exact=True).fill("Ann <ann@example.com>")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Hi", exact=True)).to_be_visible()
