"""A real browser for the stories: every page it shows must be free of script errors and policy reports."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, sync_playwright

from orgs.models import Organization, Role, User
from orgs.services import invite
from tests import factories
from tests.browser.words import PageFactory

# The database of the tests is reached from the browser's event loop too; both wait for each other.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SCREENS = Path(settings.BASE_DIR) / "var" / "screens"
WIDE = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)
REFUSED = "Failed to load resource: the server responded with a status of"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all stories; without one, say where it comes from."""
    if not Path(CHROMIUM).exists():
        sentence = f"Chromium is not at {CHROMIUM}. Install it or set CHROMIUM to its place."
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def complaint(page: Page, message: ConsoleMessage) -> list[str]:
    """Give what is wrong with a line of the console; the browser's own line for a 4xx page is fine."""
    if message.type not in ("error", "warning"):
        return []
    place = message.location.get("url", "")
    if message.text.startswith(f"{REFUSED} 422") or (message.text.startswith(REFUSED) and place == page.url):
        return []
    return [f"{message.type}: {message.text} ({place})"]


@pytest.fixture
def page_factory(browser: Browser, live_server: Any) -> Iterator[PageFactory]:
    """Open pages: `page_factory(phone=True, dark=True, script=False)`; complaints fail the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(*, phone: bool = False, dark: bool = False, script: bool = True, **options: Any) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            viewport=PHONE if phone else WIDE,
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: complaints.extend(complaint(page, message)))
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(page_factory: PageFactory) -> Page:
    """A page at 1280 pixels in the light theme."""
    return page_factory()


@pytest.fixture
def sign_in(live_server: Any) -> Callable[[Page, User], Page]:
    """Give the page's browser a session of this person, without typing a password."""

    def as_person(page: Page, person: User) -> Page:
        client = Client()
        client.force_login(person)
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies(
            [{"name": name, "value": client.cookies[name].value, "url": live_server.url}]
        )
        return page

    return as_person


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    """Keep a picture of the page in var/screens when SCREENS=1."""

    def picture(page: Page, name: str) -> None:
        if os.environ.get("SCREENS") == "1":
            SCREENS.mkdir(parents=True, exist_ok=True)
            page.wait_for_function("document.fonts.ready.then(() => true)")
            page.screenshot(path=SCREENS / f"{name}.png", full_page=True)

    return picture


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """Check the page with axe-core: no violation at all, and nothing that scrolls sideways."""
    axe = Axe()

    def check(page: Page) -> None:
        found = axe.run(page)
        assert found.violations_count == 0, found.generate_report()
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, f"{page.url} scrolls sideways by {overflow} px"

    return check


@pytest.fixture
def furnished(contoso: Organization, owner: User, teammate: User) -> Organization:
    """An organization whose pages have something to show."""
    auditor = factories.user("auditor@contoso.example", name="Auditor")
    factories.membership(auditor, contoso, Role.READ_ONLY)
    invite(organization=contoso, email="it@contoso.example", role=Role.MAIL_ADMIN, actor=owner)
    return contoso
