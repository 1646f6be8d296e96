"""A next client secret waits beside the current one, is tested, and takes over without a gap (NEW-5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from mailsettings.expiry import KIND, expiries
from mailsettings.models import Connection, ConnectionVersion, StoredSecret
from mailsettings.secret_swap import SWAPPED
from mailsettings.ways import way_out
from notifications.drain import drain, run_tests
from notifications.models import Notification, Status
from notifications.prune import prune
from notifications.services import enqueue
from orgs.models import AuditEntry, Event, Organization, User
from orgs.tenancy import tenant
from sandbox.microsoft import Microsoft
from tests import factories
from tests.plugin_sandbox import CLIENT_ID, CLIENT_SECRET, TENANT_ID, Sandbox, graph_values

pytestmark = pytest.mark.django_db
NEXT = "Q~8the-next-secret-of-the-tests-4567"
TODAY = datetime.now(UTC).date()
LATER = TODAY + timedelta(days=500)


class Admin:
    """An owner at the page of a connection whose secret expires."""

    def __init__(self, organization: Organization, browser: Client, connection: Connection) -> None:
        self.organization, self.browser, self.connection = organization, browser, connection

    def url(self, name: str, *more: object) -> str:
        """Give an address of the connection."""
        space = "mailsettings" if name == "connection" else "notifications"
        return reverse(f"{space}:{name}", args=[self.organization.slug, self.connection.pk, *more])

    def store(self, secret: str = NEXT, expires_on: object = LATER, **more: object) -> Any:
        """Press Store and test."""
        form = {"next_secret": secret, "expires_on": str(expires_on), "version": self.read().version, **more}
        return self.browser.post(self.url("store_next_secret"), form)

    def tested(self, answer: Any) -> str:
        """Let the worker look, and read the page of the result."""
        assert answer.status_code == 302, answer.content.decode()
        run_tests(self.organization.pk)
        return self.page(answer["Location"])

    def page(self, address: str = "") -> str:
        """Read a page."""
        answer = self.browser.get(address or self.url("connection"), follow=True)
        assert answer.status_code == 200
        return str(answer.content.decode())

    def use(self) -> str:
        """Press Use it now."""
        return self.page(self.browser.post(self.url("use_next_secret"))["Location"])

    def read(self) -> Connection:
        """Read the connection again."""
        with tenant(self.organization):
            return Connection.objects.of(self.organization).get(pk=self.connection.pk)

    def slots(self) -> dict[bool, StoredSecret]:
        """Read both slots."""
        with tenant(self.organization):
            rows = StoredSecret.objects.of(self.organization).filter(connection=self.connection)
            return {row.is_next: row for row in rows}

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Read what was told."""
        with tenant(self.organization):
            rows = Event.objects.of(self.organization).filter(kind=kind)
            return [row.detail for row in rows.order_by("created_at")]

    def audited(self) -> list[str]:
        """Read what was written down, the latest first."""
        with tenant(self.organization):
            rows = AuditEntry.objects.of(self.organization)
            return list(rows.order_by("-seq").values_list("action", flat=True))


@pytest.fixture
def microsoft(sandbox: Sandbox) -> Microsoft:
    """Microsoft, where the app has its next secret already."""
    server = sandbox.microsoft()
    server.add_app(TENANT_ID, CLIENT_ID, NEXT)
    return server


@pytest.fixture
def make_admin(
    contoso: Organization, owner: User, client_of: Callable[[User], Client], microsoft: Microsoft
) -> Callable[..., Admin]:
    """Save a connection whose secret ends on a day, and sit down at its page."""

    def make(expires_on: date | None = None) -> Admin:
        day = {"secret_expires_on": expires_on.isoformat()} if expires_on else {}
        saved = factories.connection(contoso, "graph", graph_values(microsoft, **day), by=owner)
        return Admin(contoso, client_of(owner), saved)

    return make


@pytest.fixture
def admin(make_admin: Callable[..., Admin]) -> Admin:
    """An admin whose secret ends in 12 days."""
    return make_admin(TODAY + timedelta(days=12))


def expire(microsoft: Microsoft, secret: str = CLIENT_SECRET) -> None:
    """Let Microsoft refuse a secret as expired from now on, and every token given for it."""
    microsoft.add_app(TENANT_ID, CLIENT_ID, secret, secret_expired=True)


def send(admin: Admin, count: int = 1) -> list[Notification]:
    """Queue messages and let the worker's code run until nothing may go at once."""
    for number in range(count):
        enqueue(organization=admin.organization, to="reader@example.com", subject=f"Mail {number}", text="x")
    while drain(admin.organization.pk):
        pass
    with tenant(admin.organization):
        return list(Notification.objects.of(admin.organization).filter(kind="notification"))


@pytest.mark.feature("NEW-5")
def test_a_next_secret_is_stored_tested_and_used_by_a_button(admin: Admin, sandbox: Sandbox) -> None:
    assert "Secret expires in 12 days. Store the next one." in admin.page()
    emails = reverse("mailsettings:emails", args=[admin.organization.slug])
    assert "Secret expires in 12 days. Store the next one." in admin.page(emails)
    result = admin.tested(admin.store())
    assert ">Success</h2>" in result
    assert "Sign-in" in result
    page = admin.page()
    assert "It takes over on" in page
    assert f"ends in <code>{NEXT[-4:]}</code>" in page
    assert admin.slots()[True].tested_at is not None
    assert admin.slots()[True].expires_on == LATER
    # Nothing changed for real mail yet.
    assert (admin.read().version, admin.read().settings["secret_expires_on"]) == (
        1,
        str(TODAY + timedelta(days=12)),
    )
    assert "uses the new secret from now on" in admin.use()
    assert set(admin.slots()) == {False}
    assert (admin.read().version, admin.read().settings["secret_expires_on"]) == (2, str(LATER))
    assert admin.read().verified_at is not None
    assert [row.status for row in send(admin)] == [Status.ACCEPTED]
    assert len(sandbox.inbox) == 1
    assert admin.events(SWAPPED) == [
        {"connection": admin.connection.name, "reason": "by_hand", "expires_on": str(LATER)}
    ]
    assert admin.audited()[:2] == ["secret.swapped", "next_secret.stored"]
    with tenant(admin.organization):
        latest = ConnectionVersion.objects.of(admin.organization).order_by("-number")[0]
    assert (latest.number, latest.changed_secrets) == (2, ["client_secret"])
    # It is never shown again, and was never told.
    assert NEXT not in page + result + str(admin.events(SWAPPED))


@pytest.mark.feature("NEW-5")
def test_a_next_secret_that_fails_its_test_stays_untested_with_its_reason(admin: Admin) -> None:
    result = admin.tested(admin.store("Q~8a-secret-nobody-ever-made-0000"))
    assert "AADSTS7000215" in result
    page = admin.page()
    assert "Its test failed" in page
    assert "Not tested" in page
    assert admin.slots()[True].tested_at is None
    # The current secret is as it was.
    assert [row.status for row in send(admin)] == [Status.ACCEPTED]


@pytest.mark.feature("NEW-5")
def test_mail_goes_on_when_the_current_secret_is_refused_as_expired(
    admin: Admin, microsoft: Microsoft, sandbox: Sandbox
) -> None:
    admin.tested(admin.store())
    expire(microsoft)
    rows = send(admin, 5)
    assert {(row.status, row.attempts) for row in rows} == {(Status.ACCEPTED, 1)}
    assert len(sandbox.inbox) == 5
    assert admin.events("connection.held") == []
    assert [told["reason"] for told in admin.events(SWAPPED)] == ["refused"]
    assert admin.read().held_code == ""
    assert "secret.swapped" in admin.audited()


@pytest.mark.feature("NEW-5")
def test_a_tested_next_secret_takes_over_on_the_day_and_an_untested_one_does_not(
    make_admin: Callable[..., Admin], microsoft: Microsoft
) -> None:
    admin = make_admin(TODAY)
    admin.store()
    assert way_out(admin.organization.pk).version == 1
    admin.tested(admin.store())
    assert way_out(admin.organization.pk).version == 2
    assert [told["reason"] for told in admin.events(SWAPPED)] == ["by_date"]
    assert admin.read().settings["secret_expires_on"] == str(LATER)


@pytest.mark.feature("NEW-5")
def test_that_a_secret_has_expired_is_learned_from_the_refusal(
    make_admin: Callable[..., Admin], microsoft: Microsoft
) -> None:
    admin = make_admin()
    expire(microsoft)
    assert [row.status for row in send(admin)] == [Status.QUEUED]
    assert admin.read().held_code == "token_secret_expired"
    with tenant(admin.organization):
        (known,) = expiries(admin.organization).values()
    assert (known.on, known.refused, known.days_left()) == (TODAY, True, -1)
    page = admin.page()
    assert f"Expired by {TODAY:%-d %B %Y}" in page
    connections_page = reverse("mailsettings:connections", args=[admin.organization.slug])
    assert "Secret has expired" in admin.page(connections_page)
    # A new secret starts a new calendar.
    admin.tested(admin.store())
    admin.use()
    with tenant(admin.organization):
        (known,) = expiries(admin.organization).values()
    assert (known.on, known.refused) == (LATER, False)
    assert {row.status for row in send(admin)} == {Status.ACCEPTED}


@pytest.mark.feature("NEW-5")
@pytest.mark.django_db(transaction=True)
def test_nobody_is_reminded_of_a_secret_whose_next_one_works(
    make_admin: Callable[..., Admin],
) -> None:
    admin = make_admin(TODAY + timedelta(days=40))
    prune(now=datetime.now(UTC) + timedelta(days=1))
    assert [told["days"] for told in admin.events(KIND)] == [60]
    admin.store()
    # Stored is not enough.
    prune(now=datetime.now(UTC) + timedelta(days=15))
    assert [told["days"] for told in admin.events(KIND)] == [60, 30]
    admin.tested(admin.store())
    for days in (27, 34, 39):
        prune(now=datetime.now(UTC) + timedelta(days=days))
    assert [told["days"] for told in admin.events(KIND)] == [60, 30]


@pytest.mark.feature("NEW-5")
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"secret": ""}, "Enter the next Client Secret."),
        ({"secret": "Q~8shortened…"}, "This is a shortened Client Secret."),
        ({"secret": CLIENT_SECRET}, "This is the current Client Secret. Paste the new one."),
        ({"expires_on": ""}, "Enter the day the next secret expires on."),
        ({"expires_on": TODAY}, "This day has passed."),
        ({"expires_on": "soon"}, "Enter a valid date."),
    ],
)
def test_what_is_wrong_with_a_next_secret_is_said_at_its_field(
    admin: Admin, typed: dict[str, object], sentence: str
) -> None:
    answer = admin.store(**typed)  # type: ignore[arg-type]  # a table of both kinds
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert set(admin.slots()) == {False}


@pytest.mark.feature("NEW-5")
@pytest.mark.control("C-CRY-3")
def test_a_changed_destination_drops_the_next_secret(
    admin: Admin, contoso: Organization, owner: User, microsoft: Microsoft
) -> None:
    admin.tested(admin.store())
    other = microsoft.add_tenant("22222222-aaaa-4bbb-8ccc-333333333333", "elsewhere.example")
    microsoft.add_app(other, CLIENT_ID, CLIENT_SECRET)
    moved = graph_values(microsoft, access_url=other.id)
    factories.connection(contoso, "graph", moved, by=owner)
    assert set(admin.slots()) == {False}
    # A page from before the move stores nothing for a place its reader has not seen.
    assert admin.store(version=1).status_code == 409
    assert set(admin.slots()) == {False}


def swapped_blobs(admin: Admin, *, from_next: bool) -> None:
    """Copy the sealed secret of one slot into the other, as somebody who can write the tables would."""
    slots = admin.slots()
    with tenant(admin.organization), connections["default"].cursor() as cursor:
        cursor.execute(
            "UPDATE mailsettings_storedsecret SET blob = %s WHERE id = %s",
            [bytes(slots[from_next].blob), slots[not from_next].pk],
        )


@pytest.mark.feature("NEW-5")
@pytest.mark.control("C-CRY-2")
def test_a_sealed_secret_of_one_slot_opens_nothing_in_the_other(admin: Admin, microsoft: Microsoft) -> None:
    admin.tested(admin.store())
    swapped_blobs(admin, from_next=False)
    assert "There is no next secret any more" in admin.use()
    assert set(admin.slots()) == {False}
    assert admin.audited()[0] == "secret.unreadable"
    admin.store()
    swapped_blobs(admin, from_next=True)
    assert [row.status for row in send(admin)] == [Status.QUEUED]
    assert admin.read().held_code == "secret_unreadable"
    tokens_asked = len(microsoft.token_requests)
    send(admin)
    assert len(microsoft.token_requests) == tokens_asked


@pytest.mark.feature("NEW-5")
@pytest.mark.control("C-CRY-2")
def test_a_next_secret_made_the_current_one_by_sql_opens_nothing(admin: Admin) -> None:
    admin.tested(admin.store())
    with tenant(admin.organization):
        rows = StoredSecret.objects.of(admin.organization)
        rows.filter(is_next=False).delete()
        rows.update(is_next=False)
    assert [row.status for row in send(admin)] == [Status.QUEUED]
    assert admin.read().held_code == "secret_unreadable"


@pytest.mark.feature("NEW-5")
def test_a_next_secret_is_removed_after_a_question(admin: Admin) -> None:
    admin.tested(admin.store())
    assert "Remove the next secret of" in admin.page(admin.url("remove_next_secret"))
    assert set(admin.slots()) == {False, True}
    admin.browser.post(admin.url("remove_next_secret"))
    assert set(admin.slots()) == {False}
    assert admin.audited()[0] == "next_secret.removed"
    assert "There is no next secret any more" in admin.use()


@pytest.mark.feature("NEW-5")
def test_a_test_of_a_secret_that_was_replaced_meanwhile_proves_nothing(admin: Admin) -> None:
    first = admin.store()
    admin.store("Q~8another-next-secret-000000000000")
    with tenant(admin.organization):
        Notification.objects.of(admin.organization).order_by("-id")[0].delete()
    admin.tested(first)
    assert admin.slots()[True].tested_at is None


@pytest.mark.feature("NEW-5")
def test_a_probe_by_a_person_without_the_right_is_refused(
    admin: Admin, teammate: User, client_of: Callable[[User], Client]
) -> None:
    browser = client_of(teammate)
    for name in ("store_next_secret", "test_next_secret", "use_next_secret", "remove_next_secret"):
        assert browser.post(admin.url(name)).status_code == 403
    assert set(admin.slots()) == {False}
