"""The pages of deliveries: who sees what, what can be done, and what stays private."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications.content import Content, seal_content
from notifications.models import DeliveryAttempt, Lane, Notification, Status
from orgs.ids import uuid7
from orgs.models import AuditEntry, Organization, Role, User
from orgs.tenancy import tenant
from tests import factories
from tests.notifications.stories import change, look, queue

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]


@pytest.fixture
def browser(client_of: SignIn, owner: User) -> Client:
    """The owner's browser."""
    return client_of(owner)


def listing(organization: Organization, query: str = "") -> str:
    return reverse("notifications:deliveries", args=[organization.slug]) + query


def page(row: Notification, name: str = "delivery", *more: str) -> str:
    with tenant(row.organization_id):
        slug = Organization.objects.get(pk=row.organization_id).slug
    return reverse(f"notifications:{name}", args=[slug, row.pk, *more])


def goes_to(response: Any) -> str:
    """Give where an answer leads."""
    return str(response.headers["Location"])


def audited(organization: Organization) -> list[str]:
    with tenant(organization):
        return list(AuditEntry.objects.of(organization).order_by("seq").values_list("action", flat=True))


def ended(row: Notification, status: Status, **columns: Any) -> None:
    now = timezone.now()
    change(row, status=status, ended_at=now, accepted_at=now, **columns)


def test_an_empty_list_says_what_will_appear(browser: Client, contoso: Organization) -> None:
    text = browser.get(listing(contoso)).content.decode()
    assert "No deliveries yet" in text
    assert "Send a notification" in text


def test_the_list_shows_state_recipient_and_counts(browser: Client, contoso: Organization) -> None:
    queue(contoso, subject="Waits")
    sent, retrying, failed = (queue(contoso, subject=name) for name in ("Gone", "Again", "Refused"))
    ended(sent, Status.ACCEPTED, way_name="Contoso relay", attempts=1)
    change(retrying, attempts=2)
    ended(failed, Status.FAILED, attempts=5)
    text = browser.get(listing(contoso)).content.decode()
    for word in ("Queued", "Sent", "Retrying", "Failed", "reader@example.com", "Contoso relay"):
        assert word in text
    assert text.index("Refused") < text.index("Waits"), "newest first"
    response = browser.get(listing(contoso, "?status=failed"))
    assert [line.row.subject for line in response.context["listing"].lines] == ["Refused"]
    assert {tab.name: tab.count for tab in response.context["listing"].tabs} == {
        "": 4,
        "sent": 1,
        "queued": 1,
        "retrying": 1,
        "failed": 1,
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=invoice", ["Invoice 7"]),
        ("?q=ann@", ["Invoice 7"]),
        ("?q=hidden", ["Other"]),
        ("?type=invoice", ["Invoice 7"]),
        ("?connection=default", ["Other"]),
        ("?period=today", ["Other", "Invoice 7"]),
        ("?q=nothing", []),
        ("?type=%00", ["Other", "Invoice 7"]),
        ("?connection=nonsense", []),
        ("?status=nonsense&period=x&before=x&top=x", ["Other", "Invoice 7"]),
        ("?q=%00%27%3B--", []),
        ("?q=%25", []),
    ],
)
def test_filters_narrow_the_list(
    browser: Client, contoso: Organization, query: str, found: list[str]
) -> None:
    queue(contoso, subject="Invoice 7", to="ann@example.com", notification_type="invoice")
    other = queue(contoso, subject="Other", bcc="hidden@example.com")
    change(other, via_default_mailer=True)
    response = browser.get(listing(contoso, query))
    assert response.status_code == 200
    assert [line.row.subject for line in response.context["listing"].lines] == found
    if not found:
        assert "Nothing matches" in response.content.decode()


def test_pages_follow_by_cursor_so_new_rows_never_shift_them(browser: Client, contoso: Organization) -> None:
    rows = [queue(contoso, subject=f"Mail {number:03}") for number in range(120)]
    first = browser.get(listing(contoso)).context["listing"]
    assert (first.first, first.last, first.total) == (1, 50, 120)
    queue(contoso, subject="Newest")
    second = browser.get(listing(contoso, first.older_address)).context["listing"]
    assert second.lines[0].row.subject == "Mail 069"
    assert (second.first, second.last, second.total) == (52, 101, 121)
    third = browser.get(listing(contoso, second.older_address)).context["listing"]
    assert [third.lines[-1].row.pk, third.older_address] == [rows[0].pk, ""]


def test_a_poll_brings_new_states_but_only_announces_new_rows(browser: Client, contoso: Organization) -> None:
    row = queue(contoso, subject="Mine")
    opened = browser.get(listing(contoso)).context["listing"]
    ended(row, Status.ACCEPTED)
    queue(contoso, subject="Newcomer")
    answer = browser.get(listing(contoso, opened.poll_address), headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert "<html" not in text
    assert "Newcomer" not in text
    assert "1 new" in text
    assert "Sent" in text
    assert 'id="tabs"' in text


def test_the_number_of_queries_does_not_grow_with_the_list(
    browser: Client, contoso: Organization, django_assert_max_num_queries: Any
) -> None:
    for _ in range(60):
        queue(contoso)
    with django_assert_max_num_queries(26):
        browser.get(listing(contoso))


def test_held_mail_says_so_with_the_reason(browser: Client, contoso: Organization) -> None:
    row = queue(contoso)
    with tenant(contoso):
        Lane.objects.create(organization=contoso, held_code="auth_failed", held_since=timezone.now())
    text = browser.get(listing(contoso)).content.decode()
    assert "1 message is held" in text
    assert "Held" in text
    assert "Held:" in browser.get(page(row)).content.decode()


def test_show_them_shows_all_that_is_held_also_what_was_tried_before(
    browser: Client, contoso: Organization
) -> None:
    tried = queue(contoso, subject="Tried before")
    queue(contoso, subject="Never tried")
    with tenant(contoso):
        Notification.objects.of(contoso).filter(pk=tried.pk).update(attempts=1)
        Lane.objects.create(organization=contoso, held_code="auth_failed", held_since=timezone.now())
    overview = browser.get(reverse("orgs:overview", args=[contoso.slug])).content.decode()
    assert "2 messages are held" in overview
    assert f"{listing(contoso)}?status=waiting" in overview
    text = browser.get(f"{listing(contoso)}?status=waiting").content.decode()
    assert "Tried before" in text
    assert "Never tried" in text
    assert 'id="tab-waiting" aria-current="true"' in " ".join(text.split())
    assert "tab-waiting" not in browser.get(listing(contoso)).content.decode()


def test_one_delivery_tells_its_story(browser: Client, contoso: Organization, owner: User) -> None:
    row = queue(contoso, to="ann@example.com, bob@example.com", cc="copy@example.com", created_by=owner)
    now = timezone.now()
    fates = {
        "ann@example.com": {"outcome": "accepted", "code": "", "reply": ""},
        "bob@example.com": {
            "outcome": "refused",
            "code": "recipient_refused",
            "reply": "550 5.1.1 no such user",
        },
        "copy@example.com": {"outcome": "accepted", "code": "", "reply": ""},
    }
    ended(row, Status.ACCEPTED, recipient_outcomes=fates, attempts=2, way_name="Contoso relay")
    with tenant(contoso):
        for number, outcome, code in ((1, "temporary", "server_busy"), (2, "partial", "recipient_refused")):
            DeliveryAttempt.objects.create(
                organization=contoso,
                notification=row,
                number=number,
                started_at=now,
                finished_at=now,
                outcome=outcome,
                code=code,
                reply="451 4.7.1 <script>alert(1)</script>",
                next_at=now + timedelta(minutes=5, seconds=5) if number == 1 else None,
            )
    text = browser.get(page(row)).content.decode()
    for word in (
        "Sent to 2 of 3",
        "Attempt 1: try again later",
        "Next try in 5 minutes",
        "550 5.1.1 no such user",
    ):
        assert word in text
    assert "<script>alert" not in text
    assert str(owner) in text


@pytest.mark.parametrize("status", list(Status))
def test_every_state_has_a_page_and_fitting_buttons(
    browser: Client, contoso: Organization, status: Status
) -> None:
    row = queue(contoso)
    columns: dict[str, Any] = {"status": status}
    if status in {Status.LEASED, Status.TRANSMITTING}:
        columns |= {"lease_token": uuid7(), "lease_until": timezone.now()}
    elif status not in {Status.QUEUED, Status.UNCERTAIN}:
        columns |= {"ended_at": timezone.now(), "accepted_at": timezone.now()}
    change(row, **columns)
    text = browser.get(page(row)).content.decode()
    assert ("Retry now" in text) == (status in {Status.FAILED, Status.EXPIRED})
    assert ("It arrived" in text) == (status == Status.UNCERTAIN)
    assert (page(row, "cancel") in text) == (status in {Status.QUEUED, Status.LEASED, Status.UNCERTAIN})


@pytest.mark.control("C-AUD-1", "C-WEB-6")
@pytest.mark.parametrize(
    ("name", "before", "after", "action"),
    [
        ("retry", Status.FAILED, Status.QUEUED, "notification.retried"),
        ("cancel", Status.QUEUED, Status.CANCELLED, "notification.cancelled"),
        ("arrived", Status.UNCERTAIN, Status.ACCEPTED, "notification.confirmed"),
        ("send_again", Status.UNCERTAIN, Status.QUEUED, "notification.sent_again"),
    ],
)
def test_moves_change_the_row_and_write_one_audit_entry(
    browser: Client, contoso: Organization, name: str, before: Status, after: Status, action: str
) -> None:
    row = queue(contoso)
    change(row, status=before, ended_at=timezone.now() if before == Status.FAILED else None)
    assert browser.get(page(row, name)).status_code == 405
    assert goes_to(browser.post(page(row, name))) == page(row)
    assert look(row).status == after
    assert audited(contoso)[-1:] == [action]
    count = len(audited(contoso))
    follow = browser.post(page(row, name), follow=True)
    if name != "retry":
        assert "Nothing was changed" in follow.content.decode()
        assert len(audited(contoso)) == count


def test_all_failed_ones_the_filters_show_are_retried_at_once(browser: Client, contoso: Organization) -> None:
    ended: dict[str, Any] = {"status": Status.FAILED, "ended_at": timezone.now()}
    shown, other, forgotten = (
        queue(contoso, subject=subject) for subject in ("Invoice 1", "Report", "Invoice 2")
    )
    change(shown, **ended)
    change(other, **ended)
    change(forgotten, **ended, sealed_body=None, content_removed_at=timezone.now())
    assert "Retry 2 failed" in browser.get(listing(contoso)).content.decode()
    assert "Retry 1 failed" in browser.get(f"{listing(contoso)}?q=Invoice").content.decode()
    assert "failed</button>" not in browser.get(f"{listing(contoso)}?status=sent").content.decode()
    url = reverse("notifications:retry_failed", args=[contoso.slug])
    assert browser.get(url).status_code == 405
    assert "1 message is queued again." in browser.post(f"{url}?q=Invoice", follow=True).content.decode()
    assert [look(row).status for row in (shown, other, forgotten)] == [
        Status.QUEUED,
        Status.FAILED,
        Status.FAILED,
    ]
    assert audited(contoso)[-1:] == ["notification.retried"]


@pytest.mark.control("C-TEN-5")
def test_strangers_get_404_everywhere(client_of: SignIn, contoso: Organization, stranger: User) -> None:
    row, browser = queue(contoso), client_of(stranger)
    for name in ("delivery", "retry", "cancel", "arrived", "send_again", "show_content"):
        answer = browser.post(page(row, name)) if name != "delivery" else browser.get(page(row))
        assert answer.status_code == 404
    assert browser.get(listing(contoso)).status_code == 404
    own = factories.membership(stranger, factories.organization("Own", slug="own"), Role.OWNER)
    for name in ("delivery", "retry", "cancel", "show_content"):
        url = reverse(f"notifications:{name}", args=[own.organization.slug, row.pk])
        assert (browser.get(url) if name == "delivery" else browser.post(url)).status_code == 404
    assert look(row).status == Status.QUEUED


def test_read_only_members_see_and_change_nothing(client_of: SignIn, contoso: Organization) -> None:
    reader = factories.user("reader@contoso.example")
    factories.membership(reader, contoso, Role.READ_ONLY)
    row, browser = queue(contoso), client_of(reader)
    text = browser.get(page(row)).content.decode()
    assert "Show message" not in text
    assert page(row, "cancel") not in text
    for name in ("retry", "cancel", "show_content"):
        assert browser.post(page(row, name)).status_code == 403
    assert browser.get(reverse("notifications:compose", args=[contoso.slug])).status_code == 403


@pytest.mark.control("C-MAIL-5", "C-MAIL-6", "C-AUD-1")
def test_content_is_shown_after_an_audited_step_in_a_sandboxed_frame(
    browser: Client, contoso: Organization
) -> None:
    html = '<p onclick="x()">Hi</p><script>alert(1)</script><img src="https://tracker.example/x.gif">'
    row = queue(contoso, text="plain <b>words</b>", html=html)
    before = browser.get(page(row)).content.decode()
    assert "plain" not in before
    assert "notification.content_read" not in audited(contoso)
    step = browser.post(page(row, "show_content"))
    assert audited(contoso)[-1] == "notification.content_read"
    text = browser.get(goes_to(step).partition("#")[0]).content.decode()
    assert "plain &lt;b&gt;words&lt;/b&gt;" in text
    assert "<script>alert" not in text
    token = goes_to(step).partition("content=")[2].partition("#")[0]
    frame = browser.get(page(row, "content_frame", token))
    assert frame.content.decode() == html
    policy = frame.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "frame-ancestors 'self'" in policy
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in frame.headers["Cache-Control"]
    assert "sandbox" in text.partition("<iframe")[2].partition(">")[0]


@pytest.mark.control("C-MAIL-6")
def test_content_needs_its_permission_its_proof_and_is_never_shown_when_secret(
    browser: Client, client_of: SignIn, contoso: Organization, teammate: User
) -> None:
    row, secret = queue(contoso, html="<p>x</p>"), queue(contoso, html="<p>x</p>", secret_content=True)
    token = goes_to(browser.post(page(row, "show_content"))).partition("content=")[2].partition("#")[0]
    assert browser.get(page(row, "content_frame", "forged")).status_code == 404
    assert client_of(teammate).get(page(row, "content_frame", token)).status_code == 404, (
        "the proof is personal"
    )
    other = queue(contoso, html="<p>y</p>")
    assert browser.get(page(other, "content_frame", token)).status_code == 404
    admin = factories.user("admin@contoso.example")
    factories.membership(admin, contoso, Role.MAIL_ADMIN)
    assert client_of(admin).post(page(row, "show_content")).status_code == 403
    assert goes_to(browser.post(page(secret, "show_content"))) == page(secret)
    assert "never shown" in browser.get(page(secret)).content.decode()


def test_content_that_is_gone_or_broken_says_so(browser: Client, contoso: Organization) -> None:
    row = queue(contoso)
    step = goes_to(browser.post(page(row, "show_content"))).partition("#")[0]
    foreign = seal_content(Content(text="x"), organization_id=contoso.pk, notification_id=uuid7())
    change(row, sealed_body=foreign)
    assert "altered" in browser.get(step).content.decode()
    now = timezone.now()
    change(row, sealed_body=None, content_removed_at=now, status=Status.FAILED, ended_at=now)
    assert "no longer kept" in browser.get(step).content.decode()


@pytest.mark.feature("COG-7", "COG-8", "COG-42")
def test_compose_queues_one_message(browser: Client, contoso: Organization) -> None:
    url = reverse("notifications:compose", args=[contoso.slug])
    assert browser.get(url).status_code == 200
    typed = {
        "to": "Ann <ann@example.com>,\nbob@example.com",
        "bcc": "c@example.com",
        "subject": "Hi",
        "text": "Hello",
    }
    answer = browser.post(url, typed | {"priority": "high"})
    with tenant(contoso):
        row = Notification.objects.of(contoso).get()
    assert goes_to(answer) == page(row)
    assert [one["email"] for one in row.recipients["to"]] == ["ann@example.com", "bob@example.com"]
    assert row.created_by is not None
    assert audited(contoso) == ["notification.queued"]


@pytest.mark.feature("COG-7", "COG-8")
@pytest.mark.control("C-WEB-10")
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"to": ""}, "Enter at least one recipient"),
        ({"to": "nonsense"}, "nonsense"),
        ({"cc": "x@"}, "x@"),
        ({"subject": ""}, "Enter a subject"),
        ({"subject": "a\nb"}, "line break"),
        ({"text": ""}, "Write a message"),
        ({"priority": "urgent"}, "valid choice"),
        ({"text": "a\x00b"}, "Null characters"),
    ],
)
def test_compose_comes_back_with_the_reason_at_the_field(
    browser: Client, contoso: Organization, typed: dict[str, str], words: str
) -> None:
    whole = {"to": "ann@example.com", "subject": "Hi", "text": "Hello", "priority": "normal"} | typed
    answer = browser.post(
        reverse("notifications:compose", args=[contoso.slug]), whole | {"status": "accepted"}
    )
    assert answer.status_code == 422
    assert words in answer.content.decode()
    with tenant(contoso):
        assert not Notification.objects.of(contoso).exists()
