"""The order of connections in a real browser (mock-up 05): arrows, backups, the very end, limits."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from mailsettings.models import Connection, MailSettings
from notifications.models import Alarm, AlarmKind
from orgs.models import Organization, User
from orgs.tenancy import tenant
from tests.browser.words import VARIANTS, Check, PageFactory, Shoot, SignIn
from tests.order_stories import GMAIL, M365, RELAY, named, order, three_connections

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CONNECTIONS = "/organizations/contoso/emails/connections/"


@pytest.fixture
def ways(contoso: Organization) -> Organization:
    """Contoso with the connections of mock-up 05."""
    three_connections(contoso)
    return contoso


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).press("Enter")


@pytest.mark.feature("WPM-33", "WPM-35")
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_list_looks_like_its_picture(
    page_factory: PageFactory,
    sign_in: SignIn,
    assert_accessible: Check,
    shoot: Shoot,
    ways: Organization,
    owner: User,
    variant: str,
) -> None:
    page = sign_in(page_factory(**VARIANTS[variant]), owner)
    page.goto(CONNECTIONS)
    expect(page.get_by_text("Last success 2 minutes ago")).to_be_visible()
    expect(page.get_by_text("Secret expires in 41 days")).to_be_visible()
    expect(page.get_by_role("button", name=f"Reconnect {GMAIL}")).to_be_visible()
    expect(page.get_by_role("button", name=f"Move {M365} up")).to_be_disabled()
    expect(page.get_by_role("button", name=f"Move {GMAIL} down")).to_be_disabled()
    assert_accessible(page)
    shoot(page, f"05-order-{variant}")
    page.get_by_role("button", name=f"Stop using as backup {RELAY}").click()
    page.get_by_role("link", name=f"Use as backup {RELAY}").click()
    expect(page.get_by_role("dialog")).to_contain_text("It is then sent from contoso.relay@contoso.com.")
    assert_accessible(page)
    shoot(page, f"05-backup-{variant}")
    page.goto(f"{CONNECTIONS}{named(ways, RELAY).pk}/")
    assert_accessible(page)
    shoot(page, f"05b-use-{variant}")
    page.get_by_role("link", name="Limits").click()
    page.get_by_label("Sessions at a time").fill("0")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Enter a whole number from 1 to 50").first).to_be_visible()
    assert_accessible(page)
    shoot(page, f"05d-limits-{variant}")
    with tenant(ways):
        Connection.objects.of(ways).filter(name=M365).update(
            held_code="token_secret_expired", held_since=timezone.now()
        )
        Alarm.objects.create(
            organization=ways,
            kind=AlarmKind.BACKUP_IN_USE,
            subject_id=named(ways, M365).pk,
            detail={"connection": M365, "backup": RELAY},
        )
    for name, path in {
        "05-detour": CONNECTIONS,
        "02-detour": "/organizations/contoso/emails/",
        "07-detour": "/organizations/contoso/",
        "06-detour": "/organizations/contoso/deliveries/",
    }.items():
        page.goto(path)
        expect(page.get_by_role("heading", name=f"Mail goes out through {RELAY}")).to_be_visible()
        assert_accessible(page)
        shoot(page, f"{name}-{variant}")


@pytest.mark.feature("WPM-33", "WPM-35")
def test_arrows_move_by_keyboard_and_keep_the_focus(
    page: Page, sign_in: SignIn, ways: Organization, owner: User
) -> None:
    sign_in(page, owner)
    page.goto(CONNECTIONS)
    press(page, f"Move {GMAIL} up")
    expect(page.locator(".conn h3").nth(1)).to_contain_text(GMAIL)
    expect(page.get_by_text(f"{GMAIL} is at place 2 now.")).to_be_visible()
    expect(page.get_by_role("button", name=f"Move {GMAIL} up")).to_be_focused()
    press(page, f"Move {RELAY} up")
    expect(page.locator(".conn h3").nth(1)).to_contain_text(RELAY)
    press(page, f"Move {RELAY} up")
    expect(page.locator(".conn h3").first).to_contain_text(RELAY)
    # Its own arrow up is dead at the first place: the other one takes the focus.
    expect(page.get_by_role("button", name=f"Move {RELAY} down")).to_be_focused()
    assert order(ways) == [(RELAY, "primary"), (M365, "backup"), (GMAIL, "additional")]
    assert page.url.endswith(CONNECTIONS)


@pytest.mark.feature("WPM-33", "WPM-35")
def test_everything_works_without_script(
    page_factory: PageFactory, sign_in: SignIn, ways: Organization, owner: User
) -> None:
    page = sign_in(page_factory(script=False), owner)
    page.goto(CONNECTIONS)
    press(page, f"Move {M365} down")
    assert order(ways) == [(RELAY, "primary"), (M365, "backup"), (GMAIL, "additional")]
    page.get_by_role("button", name=f"Stop using as backup {M365}").click()
    assert dict(order(ways))[M365] == "additional"
    page.get_by_role("link", name=f"Use as backup {M365}").click()
    page.get_by_role("button", name="Use as backup").click()
    assert dict(order(ways))[M365] == "backup"
    page.get_by_label("Fall back to the system default mailer at the very end").check()
    page.locator("#order").get_by_role("button", name="Save").click()
    with tenant(ways):
        assert MailSettings.objects.of(ways).get().default_mailer_last


def test_the_box_at_the_end_is_kept_at_once(
    page: Page, sign_in: SignIn, ways: Organization, owner: User
) -> None:
    sign_in(page, owner)
    page.goto(CONNECTIONS)
    box = page.get_by_label("Fall back to the system default mailer at the very end")
    box.check()
    expect(page.get_by_text("The system default mailer sends what every")).to_be_visible()
    expect(box).to_be_focused()
    with tenant(ways):
        assert MailSettings.objects.of(ways).get().default_mailer_last
