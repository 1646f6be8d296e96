"""What the screens say while a backup sends: banners, chips, the timeline, and when the queue finishes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailsettings.models import Connection, MailSettings, Rank
from notifications import alarms
from notifications.models import AlarmKind, AttemptOutcome, DeliveryAttempt, Lane, Notification, Status
from orgs.models import Organization, Role, User
from orgs.tenancy import tenant
from tests import factories
from tests.notifications.stories import change, queue
from tests.order_stories import GMAIL, M365, RELAY, named, three_connections

pytestmark = pytest.mark.django_db
PAGES = ("orgs:overview", "mailsettings:emails", "mailsettings:connections", "notifications:deliveries")
BANNER = f"Mail goes out through {RELAY}"


@pytest.fixture
def ways(contoso: Organization) -> Organization:
    """Contoso with the connections of mock-up 05."""
    three_connections(contoso)
    return contoso


@pytest.fixture
def browser(client_of: Callable[[User], Client], owner: User) -> Client:
    """The owner's browser."""
    return client_of(owner)


def begin(organization: Organization, kind: AlarmKind, subject: str = "", **detail: Any) -> None:
    subject_id = named(organization, subject).pk if subject else None
    with tenant(organization):
        alarms.begin(organization.pk, kind, subject_id=subject_id, detail=detail)


def hold(organization: Organization, name: str = M365, code: str = "token_secret_expired") -> None:
    """Pause a connection as a refused sign-in does; an empty code releases it as a save or a test does."""
    with tenant(organization):
        Connection.objects.of(organization).filter(name=name).update(
            held_code=code, held_since="2026-11-20T07:10:00Z" if code else None
        )


def backup_in_use(organization: Organization, subject: str = M365) -> None:
    hold(organization, subject)
    begin(organization, AlarmKind.BACKUP_IN_USE, subject, connection=subject, backup=RELAY)


def shown(browser: Client, organization: Organization, name: str = "mailsettings:connections") -> str:
    return browser.get(reverse(name, args=[organization.slug])).content.decode()


@pytest.mark.feature("WPM-33")
@pytest.mark.parametrize("name", PAGES)
def test_a_banner_names_who_is_paused_since_when_why_and_who_sends(
    ways: Organization, browser: Client, name: str
) -> None:
    assert BANNER not in shown(browser, ways, name)
    backup_in_use(ways)
    html = shown(browser, ways, name)
    assert BANNER in html
    assert f"{M365} has been paused since 20 November 2026, 07:10 UTC: The client secret has expired." in html
    with tenant(ways):
        alarms.end(ways.pk, AlarmKind.BACKUP_IN_USE, subject_id=Connection.objects.of(ways).get(name=M365).pk)
    assert BANNER not in shown(browser, ways, name)


@pytest.mark.feature("WPM-33")
def test_one_that_only_fails_is_said_to_fail_and_its_chip_too(ways: Organization, browser: Client) -> None:
    with tenant(ways):
        row = Connection.objects.of(ways).get(name=M365)
        Lane.objects.create(
            organization=ways,
            connection_id=row.pk,
            way=f"{ways.pk}:{row.pk}:{row.version}:1",
            failures=2,
            held_code="connect_refused",
            held_facts={"host": "graph.microsoft.com"},
            held_since=timezone.now(),
        )
    backup_in_use(ways)
    hold(ways, code="")
    html = shown(browser, ways)
    assert f"{M365} has failed since" in html
    assert "graph.microsoft.com refused the connection" in html
    assert "Failing" in html
    with tenant(ways):
        Connection.objects.of(ways).filter(pk=row.pk).update(version=row.version + 1)
    html = shown(browser, ways)
    assert BANNER not in html, "a save overtook what the workers met"
    assert "Failing" not in html


@pytest.mark.parametrize("name", PAGES)
def test_a_repair_ends_the_banners_before_the_next_message_proves_it(
    ways: Organization, browser: Client, name: str
) -> None:
    backup_in_use(ways)
    hold(ways, code="")
    assert BANNER not in shown(browser, ways, name)
    hold(ways)
    hold(ways, RELAY)
    begin(ways, AlarmKind.ALL_FAILING, connections=[M365, RELAY])
    assert "No connection works" in shown(browser, ways, name)
    hold(ways, RELAY, code="")
    html = shown(browser, ways, name)
    assert "No connection works" not in html
    assert BANNER in html


def test_banners_of_the_past_are_not_shown(ways: Organization, browser: Client) -> None:
    backup_in_use(ways)
    backup_in_use(ways, GMAIL)
    assert shown(browser, ways).count(BANNER) == 1, "no mail is meant for a connection of no rule"
    with tenant(ways):
        rows = Connection.objects.of(ways)
        rows.filter(name=M365).update(rank=Rank.ADDITIONAL)
    assert BANNER not in shown(browser, ways)
    with tenant(ways):
        Connection.objects.of(ways).filter(name=M365).update(rank=Rank.PRIMARY)
    assert BANNER in shown(browser, ways)
    with tenant(ways):
        MailSettings.objects.of(ways).update(smtp_enabled=False)
    assert BANNER not in shown(browser, ways)


def test_people_who_may_not_change_it_read_the_banner_without_buttons(
    ways: Organization, client_of: Callable[[User], Client], fabrikam: Organization, stranger: User
) -> None:
    backup_in_use(ways)
    reader = factories.user("reader@contoso.example")
    factories.membership(reader, ways, Role.READ_ONLY)
    for name in ("orgs:overview", "notifications:deliveries"):
        html = shown(client_of(reader), ways, name)
        assert BANNER in html
        assert "Open Connections" not in html
        assert BANNER not in shown(client_of(stranger), fabrikam, name)


def test_when_nothing_works_the_banner_says_that_mail_waits(ways: Organization, browser: Client) -> None:
    backup_in_use(ways)
    hold(ways, RELAY)
    begin(ways, AlarmKind.ALL_FAILING, connections=[M365, "<b>relay</b>"])
    html = shown(browser, ways, "orgs:overview")
    assert "No connection works: mail waits" in html
    assert "&lt;b&gt;relay&lt;/b&gt;" in html
    assert BANNER not in html


@pytest.mark.feature("WPM-33")
def test_no_page_claims_that_mail_is_held_or_leaves_by_the_paused_one(
    ways: Organization, browser: Client
) -> None:
    hold(ways)
    assert "Mail has been held since" in shown(browser, ways, "mailsettings:emails")
    backup_in_use(ways)
    html = shown(browser, ways, "mailsettings:emails")
    assert "Mail has been held since" not in html
    assert "Nothing has gone out through it since" in html
    assert f"Notifications are meant to go out through {M365}, which is paused." in shown(
        browser, ways, "orgs:overview"
    )


def test_a_paused_backup_holds_no_mail(ways: Organization, browser: Client) -> None:
    hold(ways, RELAY)
    address = reverse("mailsettings:connection", args=[ways.slug, named(ways, RELAY).pk])
    html = browser.get(address).content.decode()
    assert "Nothing has gone out through it since" in html
    assert "Mail has been held" not in html


def sent(organization: Organization, way_name: str, **columns: Any) -> Notification:
    """Make a message that left."""
    row, now = queue(organization), timezone.now()
    change(row, status=Status.ACCEPTED, accepted_at=now, ended_at=now, way_name=way_name, **columns)
    return row


@pytest.mark.feature("WPM-33")
@pytest.mark.parametrize(
    ("columns", "chip"),
    [
        ({}, "Sent"),
        ({"took_over": True}, "Sent by backup"),
        ({"took_over": True, "via_default_mailer": True}, "Sent by default mailer"),
        ({"via_default_mailer": True}, "Sent"),
    ],
)
def test_a_chip_says_who_took_over(
    ways: Organization, browser: Client, columns: dict[str, bool], chip: str
) -> None:
    row = sent(ways, RELAY, **columns)
    for html in (
        shown(browser, ways, "notifications:deliveries"),
        browser.get(reverse("notifications:delivery", args=[ways.slug, row.pk])).content.decode(),
    ):
        assert f"</svg>{chip}</span>" in html


@pytest.mark.feature("WPM-33")
def test_a_chip_says_both_that_a_backup_sent_and_that_some_were_refused(
    ways: Organization, browser: Client
) -> None:
    row = sent(ways, RELAY, took_over=True)
    outcomes = {"a@example.com": {"outcome": "accepted"}, "b@example.com": {"outcome": "refused"}}
    to = [{"email": email, "name": ""} for email in outcomes]
    change(row, recipients={"to": to, "cc": [], "bcc": [], "reply_to": []}, recipient_outcomes=outcomes)
    assert "Sent by backup to 1 of 2" in shown(browser, ways, "notifications:deliveries")


def attempt(row: Notification, number: int, outcome: AttemptOutcome, way_name: str) -> None:
    now = timezone.now()
    with tenant(row.organization_id):
        DeliveryAttempt.objects.create(
            organization_id=row.organization_id,
            notification=row,
            number=number,
            started_at=now,
            finished_at=now,
            next_at=now if outcome == AttemptOutcome.CONNECTION else None,
            outcome=outcome,
            code="auth_failed" if outcome == AttemptOutcome.CONNECTION else "",
            way_name=way_name,
        )


@pytest.mark.feature("WPM-33")
def test_the_timeline_says_who_failed_and_who_took_over(ways: Organization, browser: Client) -> None:
    row = sent(ways, RELAY, took_over=True, attempts=2)
    attempt(row, 1, AttemptOutcome.CONNECTION, M365)
    attempt(row, 2, AttemptOutcome.ACCEPTED, RELAY)
    later = sent(ways, RELAY, took_over=True, attempts=1)
    attempt(later, 1, AttemptOutcome.ACCEPTED, RELAY)
    page = browser.get(reverse("notifications:delivery", args=[ways.slug, row.pk]))
    texts = [moment.text for moment in page.context["moments"]]
    assert texts[1] == "The sign-in was refused. The next connection takes over at once."
    assert texts[2].startswith(f"{M365} failed, so {RELAY} took over. {RELAY} took the message.")
    page = browser.get(reverse("notifications:delivery", args=[ways.slug, later.pk]))
    assert page.context["moments"][1].text.startswith(
        f"The connection meant for it was down, so {RELAY} took over."
    )


@pytest.mark.feature("NEW-13")
def test_the_page_says_when_the_queue_finishes(ways: Organization, browser: Client) -> None:
    assert 'id="queue"' not in shown(browser, ways, "notifications:deliveries"), "nothing waits"
    rows = [queue(ways) for _ in range(30)]
    change(rows[0], next_at=timezone.now() - timedelta(minutes=3, seconds=5))
    html = shown(browser, ways, "notifications:deliveries")
    assert "30 messages wait." in html
    assert "3 minutes ago" in html[html.index('id="queue"') :][:600]
    assert "finishes" not in html, "nobody knows how fast"
    with tenant(ways):
        Lane.objects.create(
            organization=ways,
            connection_id=Connection.objects.of(ways).get(name=M365).pk,
            rate=0.1,
            rated_at=timezone.now(),
        )
    finish = timezone.now() + timedelta(seconds=300)
    part = browser.get(
        reverse("notifications:deliveries", args=[ways.slug]), headers={"HX-Request": "true"}
    ).content.decode()
    assert "This queue finishes at about" in part
    assert f"{finish:%H:%M} UTC" in part or f"{finish + timedelta(minutes=1):%H:%M} UTC" in part


def test_mail_of_a_rule_waits_for_its_own_connection(ways: Organization, browser: Client) -> None:
    gmail = named(ways, GMAIL)
    with tenant(ways):
        Lane.objects.create(organization=ways, connection_id=named(ways, M365).pk, used_at=timezone.now())
        Lane.objects.create(
            organization=ways,
            connection_id=gmail.pk,
            held_code="token_reconnect",
            held_since=timezone.now(),
            used_at=timezone.now() - timedelta(days=1),
        )
    by_order, routed, falls_back = queue(ways), queue(ways), queue(ways)
    change(routed, route=gmail, route_falls_back=False)
    change(falls_back, route=gmail)
    page = browser.get(reverse("notifications:deliveries", args=[ways.slug]))
    words = {line.row.pk: str(line.word.text) for line in page.context["listing"].lines}
    assert words == {by_order.pk: "Queued", routed.pk: "Held", falls_back.pk: "Queued"}
    assert "1 message is held: The account has to be connected again" in page.content.decode()
    detail = browser.get(reverse("notifications:delivery", args=[ways.slug, routed.pk])).content.decode()
    assert "Held: The account has to be connected again" in detail
