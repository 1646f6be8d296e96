"""The main job in a real browser, as a new user would try it, with real workers and real servers."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from mailsettings.models import Connection
from notifications.models import Notification, Status
from notifications.services import enqueue
from orgs.models import Organization, Role, User
from orgs.tenancy import tenant
from sandbox.inbox import Inbox
from tests import factories
from tests.browser.words import VARIANTS, Check, PageFactory, Shoot, SignIn
from tests.plugin_sandbox import CLIENT_ID, CLIENT_SECRET, MAILBOX, PASSWORD, TENANT_ID, USERNAME, Sandbox
from tests.plugin_worker import StartWorker

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SECONDS = 30_000
VERIFIED = "Saved and verified. The next message uses these settings."


@pytest.fixture
def fabrikam_owner(fabrikam: Organization) -> User:
    person = factories.user("owner@fabrikam.com", name="Fabrikam admin")
    factories.membership(person, fabrikam, Role.OWNER)
    return person


def choose(page: Page, provider: str) -> None:
    """Switch SMTP on and choose a provider; its fields appear without leaving the page."""
    page.get_by_label("SMTP enabled").check()
    page.get_by_label("Mailing provider").select_option(label=provider)


def type_graph(page: Page, access_url: str) -> None:
    expect(page.get_by_label("Client ID")).to_be_visible()
    page.get_by_label("Sender email").fill(MAILBOX)
    page.get_by_label("Client ID").fill(CLIENT_ID)
    page.locator("#id_client_secret").fill(CLIENT_SECRET)
    page.get_by_label("Access URL").fill(access_url)


def type_smtp(page: Page, port: int) -> None:
    expect(page.get_by_label("Host")).to_be_visible()
    page.get_by_label("Sender email").fill(USERNAME)
    page.get_by_label("Host").fill("127.0.0.1")
    page.get_by_label("Port").fill(str(port))
    page.locator("label", has_text="STARTTLS").click()
    page.get_by_label("Username").fill(USERNAME)
    page.locator("#id_password").fill(PASSWORD)


def lift_limit(page: Page, organization: Organization) -> None:
    """Allow any number of messages a minute, which one mailbox of Microsoft would not take."""
    with tenant(organization):
        connection = Connection.objects.of(organization).get()
    page.goto(reverse("notifications:limits", args=[organization.slug, connection.pk]))
    page.get_by_label("Messages a minute").fill("0")
    page.get_by_role("button", name="Save").locator("visible=true").click()
    expect(page.get_by_text("hold from now on")).to_be_visible()


def all_accepted(*organizations: Organization) -> bool:
    for organization in organizations:
        with tenant(organization):
            rows = Notification.objects.of(organization).filter(kind="notification")
            if rows.exclude(status=Status.ACCEPTED).exists():
                return False
    return True


@pytest.mark.slow
@pytest.mark.feature("CIR-5", "CIR-6", "CIR-15", "CIR-20", "CIR-22", "CIR-23", "CIR-24", "WPM-36", "NEW-1")
def test_two_organizations_set_up_prove_and_send(
    contoso: Organization,
    fabrikam: Organization,
    owner: User,
    fabrikam_owner: User,
    page_factory: PageFactory,
    sandbox: Sandbox,
    start_worker: StartWorker,
    sign_in: SignIn,
) -> None:
    by_graph, by_smtp = Inbox(None), Inbox(None)
    microsoft, server = sandbox.microsoft(inbox=by_graph), sandbox.smtp(inbox=by_smtp)
    start_worker()
    start_worker()

    page = sign_in(page_factory(), owner)
    page.goto(f"/organizations/{contoso.slug}/emails/")
    choose(page, "Microsoft Graph API")
    type_graph(page, microsoft.access_url(TENANT_ID))
    page.locator("#emails-form").get_by_role("button", name="Save").locator("visible=true").click()
    expect(page.get_by_text(VERIFIED)).to_be_visible(timeout=SECONDS)
    page.get_by_role("button", name="Test SMTP").click()
    expect(page.get_by_role("heading", name="Success")).to_be_visible(timeout=SECONDS)
    assert [mail.envelope_to for mail in by_graph] == [(owner.email,)]
    lift_limit(page, contoso)

    page = sign_in(page_factory(), fabrikam_owner)
    page.goto(f"/organizations/{fabrikam.slug}/emails/")
    choose(page, "Custom SMTP")
    type_smtp(page, server.port)
    page.get_by_role("button", name="Test SMTP").click()
    expect(page.get_by_role("heading", name="Success")).to_be_visible(timeout=SECONDS)
    page.get_by_role("button", name="Save these settings").click()
    expect(page.get_by_text("Working")).to_be_visible()
    assert [mail.envelope_to for mail in by_smtp] == [(fabrikam_owner.email,)]

    by_graph.clear()
    by_smtp.clear()
    for number in range(200):
        organization = (contoso, fabrikam)[number % 2]
        enqueue(
            organization=organization, to=f"reader{number}@example.com", subject=organization.name, text="x"
        )
    give_up = time.monotonic() + 60
    while not all_accepted(contoso, fabrikam):
        assert time.monotonic() < give_up, "not everything was accepted in a minute"
        time.sleep(0.2)
    assert Counter(mail.subject for mail in by_graph) == {"Contoso": 100}
    assert Counter(mail.subject for mail in by_smtp) == {"Fabrikam": 100}


@pytest.mark.feature("CIR-1", "CIR-3", "CIR-24")
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_emails_page_is_accessible_in_every_state(
    contoso: Organization,
    owner: User,
    page_factory: PageFactory,
    sign_in: SignIn,
    assert_accessible: Check,
    shoot: Shoot,
    variant: str,
) -> None:
    page = sign_in(page_factory(**VARIANTS[variant]), owner)
    page.goto(f"/organizations/{contoso.slug}/emails/")
    assert_accessible(page)
    shoot(page, f"02d-emails-off-{variant}")
    for provider in ("Microsoft Graph API", "Custom SMTP"):
        choose(page, provider)
        expect(page.get_by_text(f"How to set up {provider}")).to_be_visible()
        assert_accessible(page)
    page.locator("#emails-form").get_by_role("button", name="Save").locator("visible=true").click()
    expect(page.locator("#error-summary")).to_be_focused()
    assert_accessible(page)
    shoot(page, f"03-emails-errors-{variant}")


@pytest.mark.feature("CIR-24")
def test_the_keyboard_alone_switches_chooses_and_saves(
    contoso: Organization,
    owner: User,
    page_factory: PageFactory,
    sign_in: SignIn,
    sandbox: Sandbox,
    start_worker: StartWorker,
) -> None:
    server = sandbox.smtp()
    start_worker()
    page = sign_in(page_factory(), owner)
    page.goto(f"/organizations/{contoso.slug}/emails/")
    page.get_by_label("SMTP enabled").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Mailing provider")).to_be_focused()
    fill_by_keyboard(page, server.port)
    page.keyboard.press("Enter")
    expect(page.get_by_text(VERIFIED)).to_be_visible(timeout=SECONDS)
    with tenant(contoso):
        assert Connection.objects.of(contoso).get().settings["port"] == server.port


def fill_by_keyboard(page: Page, port: int) -> None:
    """Walk through the form with Tab, typing what belongs into each control, and stop at Save."""
    words = {
        "id_sender_email": USERNAME,
        "id_host": "127.0.0.1",
        "id_port": str(port),
        "id_username": USERNAME,
        "id_password": PASSWORD,
    }
    for _ in range(40):
        page.keyboard.press("Tab")
        focused: dict[str, Any] = page.evaluate(
            "({id: document.activeElement.id, text: document.activeElement.textContent.trim()})"
        )
        if focused["id"] in words:
            page.keyboard.press("ControlOrMeta+a")
            page.keyboard.type(words[focused["id"]])
        if focused["text"] == "Save":
            return
    raise AssertionError("Save was not reached with the keyboard")


@pytest.mark.feature("CIR-3", "NEW-1")
def test_everything_works_without_script(
    contoso: Organization,
    owner: User,
    page_factory: PageFactory,
    sign_in: SignIn,
    sandbox: Sandbox,
    start_worker: StartWorker,
) -> None:
    microsoft = sandbox.microsoft()
    start_worker()
    page = sign_in(page_factory(script=False), owner)
    page.goto(f"/organizations/{contoso.slug}/emails/")
    choose(page, "Microsoft Graph API")
    page.get_by_role("button", name="Show the fields of this provider").click()
    type_graph(page, microsoft.access_url(TENANT_ID))
    page.get_by_role("button", name="Test SMTP").click()
    give_up = time.monotonic() + 30
    while not page.get_by_role("heading", name="Success").is_visible():
        assert time.monotonic() < give_up, page.inner_text("main")
        page.reload()
    page.get_by_role("link", name="Back to Emails").click()
    expect(page.get_by_text("Typed before, not saved yet")).to_be_visible()
    page.locator("#emails-form").get_by_role("button", name="Save").locator("visible=true").click()
    expect(page.get_by_label("Access URL")).to_have_value(microsoft.access_url(TENANT_ID))
    assert len(sandbox.inbox) == 1


@pytest.mark.feature("WPM-39")
def test_two_quick_clicks_send_one_message(
    contoso: Organization,
    owner: User,
    page_factory: PageFactory,
    sign_in: SignIn,
    sandbox: Sandbox,
    start_worker: StartWorker,
) -> None:
    server = sandbox.smtp()
    start_worker()
    page = sign_in(page_factory(), owner)
    page.goto(f"/organizations/{contoso.slug}/emails/")
    choose(page, "Custom SMTP")
    type_smtp(page, server.port)
    page.get_by_role("button", name="Test SMTP").dblclick()
    expect(page.get_by_role("heading", name="Success")).to_be_visible(timeout=SECONDS)
    with tenant(contoso):
        assert Notification.objects.of(contoso).count() == 1
