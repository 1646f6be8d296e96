"""Connecting an account in a real browser: to the consent page and back, a test, a worker that sends."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from notifications.drain import drain
from notifications.models import Status
from notifications.services import enqueue
from orgs.models import Organization, User
from sandbox.microsoft import Microsoft
from sandbox.smtp import SmtpServer
from tests.browser.words import VARIANTS, Check, PageFactory, Shoot, SignIn
from tests.notifications.stories import look
from tests.plugin_consent import OTHER, Admin
from tests.plugin_sandbox import ACCOUNT, CLIENT_ID, CLIENT_SECRET, Sandbox
from tests.plugin_worker import StartWorker

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SECONDS = 30_000
LABEL = "Microsoft account (connect with consent)"


@pytest.fixture(autouse=True)
def _address(settings: Settings, live_server: LiveServer) -> None:
    """Microsoft sends people back to the server of the tests."""
    settings.BASE_URL = live_server.url


def type_account(page: Page, exchange: SmtpServer) -> None:
    """Fill in the app and the mail server, as the guide says."""
    page.get_by_label("SMTP enabled").check()
    page.get_by_label("Mailing provider").select_option(label=LABEL)
    expect(page.get_by_role("button", name="Connect Microsoft account")).to_be_disabled()
    page.get_by_label("Cloud").select_option(label="Sandbox")
    page.get_by_label("Client ID").fill(CLIENT_ID)
    page.locator("#id_client_secret").fill(CLIENT_SECRET)
    page.locator("#id_host").fill("127.0.0.1")
    page.locator("#id_port").fill(str(exchange.port))


def allow(page: Page, account: str) -> None:
    """Answer Microsoft's page."""
    page.get_by_role("radio", name=account).check()
    page.get_by_role("button", name="Accept").click()


@pytest.mark.slow
@pytest.mark.feature("HIR-1", "HIR-4", "HIR-5", "HIR-6", "HIR-9", "HIR-14", "WPM-26", "WPM-28", "WPM-29")
def test_an_admin_connects_tests_and_a_worker_sends(
    contoso: Organization,
    owner: User,
    page_factory: PageFactory,
    sign_in: SignIn,
    microsoft: Microsoft,
    exchange: SmtpServer,
    sandbox: Sandbox,
    start_worker: StartWorker,
) -> None:
    start_worker()
    page = sign_in(page_factory(ignore_https_errors=True), owner)
    page.goto(f"/organizations/{contoso.slug}/emails/")
    type_account(page, exchange)
    page.locator("#emails-form").get_by_role("button", name="Save", exact=True).click()
    page.get_by_label("Mailing provider").select_option(label=LABEL)
    connect = page.get_by_role("button", name="Connect Microsoft account")
    expect(connect).to_be_enabled()
    connect.click()
    expect(page.get_by_role("heading", name="Permissions requested")).to_be_visible()
    allow(page, ACCOUNT)

    expect(page.get_by_role("heading", name="Microsoft account connected")).to_be_visible()
    expect(page.get_by_text(f"{ACCOUNT} is connected.")).to_have_count(1)
    page.get_by_role("link", name="Send a test email").click()
    page.get_by_role("button", name="Test SMTP").click()
    expect(page.get_by_role("heading", name="Success")).to_be_visible(timeout=SECONDS)

    row = enqueue(organization=contoso, to="reader@example.com", subject="Hello", text="x")
    give_up = time.monotonic() + 30
    while look(row).status != Status.ACCEPTED:
        assert time.monotonic() < give_up, "nothing was sent in half a minute"
        time.sleep(0.1)
    assert {mail.envelope_from for mail in sandbox.inbox} == {ACCOUNT}
    assert set(exchange.signed_in) == {ACCOUNT}


@pytest.mark.feature("HIR-6", "HIR-9")
def test_an_account_is_connected_without_a_script(
    contoso: Organization,
    owner: User,
    page_factory: PageFactory,
    sign_in: SignIn,
    connector: Admin,
    account_form: dict[str, object],
) -> None:
    connector.post(account_form)
    page = sign_in(page_factory(script=False, ignore_https_errors=True), owner)
    page.goto(f"/organizations/{contoso.slug}/emails/?provider=microsoft_account")
    page.get_by_label("SMTP enabled").check()
    page.get_by_role("button", name="Connect Microsoft account").click()
    page.get_by_role("link", name="Continue to Microsoft").click()
    allow(page, ACCOUNT)
    expect(page.get_by_role("heading", name="Microsoft account connected")).to_be_visible()
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="No account is connected")).to_be_visible()


@pytest.mark.feature("HIR-7", "HIR-8", "HIR-12", "WPM-18")
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_page_about_an_account_is_accessible(
    contoso: Organization,
    owner: User,
    page_factory: PageFactory,
    sign_in: SignIn,
    assert_accessible: Check,
    shoot: Shoot,
    variant: str,
    connector: Admin,
    account_form: dict[str, object],
) -> None:
    page = sign_in(page_factory(**VARIANTS[variant]), owner)
    emails = f"/organizations/{contoso.slug}/emails/?provider=microsoft_account"

    def look_at(address: str, name: str) -> None:
        page.goto(address)
        assert_accessible(page)
        shoot(page, f"{name}-{variant}")

    look_at(emails, "02c-emails-microsoft-account-new")
    connector.post(account_form)
    look_at(emails, "02c-emails-microsoft-account")
    answer = connector.connect(account_form, scopes=())
    look_at(answer["Location"], "12b-consent-missing-permission")
    look_at(emails, "02c-emails-permission-missing")
    trip = connector.come_back(connector.microsoft.decline(connector.leave_again(), ACCOUNT))
    look_at(trip["Location"], "12-consent-declined")
    answer = connector.come_back(connector.microsoft.accept(connector.leave_again(), ACCOUNT))
    look_at(answer["Location"], "12a-consent-connected")
    look_at(emails, "02c-emails-connected")
    trip = connector.come_back(connector.microsoft.accept(connector.leave_again(), OTHER))
    look_at(trip["Location"], "12-consent-other-account")
    connector.post(account_form | {"sender_email": OTHER, "client_secret": ""}, action="save_unverified")
    look_at(connector.page("consent_result"), "12-consent-other-sender")
    look_at(connector.page("disconnect"), "12-consent-remove")
    connector.microsoft.require_mfa(ACCOUNT)
    enqueue(organization=contoso, to="reader@example.com", subject="Hello", text="x")
    drain(contoso.pk)
    look_at(emails, "02c-emails-reconnect")
    look_at(connector.page("consent_result"), "12-consent-reconnect")
    look_at("/oauth/microsoft/callback/?state=x", "12-consent-refused")
    look_at("/oauth/microsoft/callback/?state=admin-consent&admin_consent=True", "12-consent-admin")
