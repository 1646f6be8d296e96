"""A next client secret waits beside the current one, is tested, and takes over without a gap (NEW-5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from mailsettings.expiry import KIND, expiries
from mailsettings.models import ConnectionVersion
from mailsettings.secret_swap import SWAPPED
from mailsettings.ways import way_out
from notifications.models import Notification, Status
from notifications.prune import prune
from orgs.models import User
from orgs.tenancy import tenant
from sandbox.microsoft import Microsoft
from tests.mailsettings.next_secret import LATER, NEXT, TODAY, SecretAdmin, expire, send
from tests.plugin_sandbox import CLIENT_SECRET, Sandbox

pytestmark = pytest.mark.django_db


@pytest.mark.feature("NEW-5")
def test_a_next_secret_is_stored_tested_and_used_by_a_button(keeper: SecretAdmin, sandbox: Sandbox) -> None:
    assert "Secret expires in 12 days. Store the next one." in keeper.page()
    emails = reverse("mailsettings:emails", args=[keeper.organization.slug])
    assert "Secret expires in 12 days. Store the next one." in keeper.page(emails)
    result = keeper.tested(keeper.store())
    assert ">Success</h2>" in result
    assert "Sign-in" in result
    page = keeper.page()
    assert "It takes over on" in page
    assert f"ends in <code>{NEXT[-4:]}</code>" in page
    assert keeper.slots()[True].tested_at is not None
    assert keeper.slots()[True].expires_on == LATER
    # Nothing changed for real mail yet.
    assert (keeper.read().version, keeper.read().settings["secret_expires_on"]) == (
        1,
        str(TODAY + timedelta(days=12)),
    )
    assert "uses the new secret from now on" in keeper.use()
    assert set(keeper.slots()) == {False}
    assert (keeper.read().version, keeper.read().settings["secret_expires_on"]) == (2, str(LATER))
    assert keeper.read().verified_at is not None
    assert [row.status for row in send(keeper)] == [Status.ACCEPTED]
    assert len(sandbox.inbox) == 1
    assert keeper.events(SWAPPED) == [
        {"connection": keeper.connection.name, "reason": "by_hand", "expires_on": str(LATER)}
    ]
    assert keeper.audited()[:2] == ["secret.swapped", "next_secret.stored"]
    with tenant(keeper.organization):
        latest = ConnectionVersion.objects.of(keeper.organization).order_by("-number")[0]
    assert (latest.number, latest.changed_secrets) == (2, ["client_secret"])
    # It is never shown again, and was never told.
    assert NEXT not in page + result + str(keeper.events(SWAPPED))


@pytest.mark.feature("NEW-5")
def test_a_next_secret_that_fails_its_test_stays_untested_with_its_reason(keeper: SecretAdmin) -> None:
    result = keeper.tested(keeper.store("Q~8a-secret-nobody-ever-made-0000"))
    assert "AADSTS7000215" in result
    page = keeper.page()
    assert "Its test failed" in page
    assert "Not tested" in page
    assert keeper.slots()[True].tested_at is None
    # The current secret is as it was.
    assert [row.status for row in send(keeper)] == [Status.ACCEPTED]


@pytest.mark.feature("NEW-5")
def test_mail_goes_on_when_the_current_secret_is_refused_as_expired(
    keeper: SecretAdmin, two_secrets: Microsoft, sandbox: Sandbox
) -> None:
    keeper.tested(keeper.store())
    expire(two_secrets)
    rows = send(keeper, 5)
    assert {(row.status, row.attempts) for row in rows} == {(Status.ACCEPTED, 1)}
    assert len(sandbox.inbox) == 5
    assert keeper.events("connection.held") == []
    assert [told["reason"] for told in keeper.events(SWAPPED)] == ["refused"]
    assert keeper.read().held_code == ""
    assert "secret.swapped" in keeper.audited()


@pytest.mark.feature("NEW-5")
def test_a_tested_next_secret_takes_over_on_the_day_and_an_untested_one_does_not(
    make_keeper: Callable[..., SecretAdmin], two_secrets: Microsoft
) -> None:
    keeper = make_keeper(TODAY)
    keeper.store()
    assert way_out(keeper.organization.pk).version == 1
    keeper.tested(keeper.store())
    assert way_out(keeper.organization.pk).version == 2
    assert [told["reason"] for told in keeper.events(SWAPPED)] == ["by_date"]
    assert keeper.read().settings["secret_expires_on"] == str(LATER)


@pytest.mark.feature("NEW-5")
def test_that_a_secret_has_expired_is_learned_from_the_refusal(
    make_keeper: Callable[..., SecretAdmin], two_secrets: Microsoft
) -> None:
    keeper = make_keeper()
    expire(two_secrets)
    assert [row.status for row in send(keeper)] == [Status.QUEUED]
    assert keeper.read().held_code == "token_secret_expired"
    with tenant(keeper.organization):
        (known,) = expiries(keeper.organization).values()
    assert (known.on, known.refused, known.days_left()) == (TODAY, True, -1)
    page = keeper.page()
    assert f"Expired by {TODAY:%-d %B %Y}" in page
    connections_page = reverse("mailsettings:connections", args=[keeper.organization.slug])
    assert "Secret has expired" in keeper.page(connections_page)
    # A new secret starts a new calendar.
    keeper.tested(keeper.store())
    keeper.use()
    with tenant(keeper.organization):
        (known,) = expiries(keeper.organization).values()
    assert (known.on, known.refused) == (LATER, False)
    assert {row.status for row in send(keeper)} == {Status.ACCEPTED}


@pytest.mark.feature("NEW-5")
@pytest.mark.django_db(transaction=True)
def test_nobody_is_reminded_of_a_secret_whose_next_one_works(
    make_keeper: Callable[..., SecretAdmin],
) -> None:
    keeper = make_keeper(TODAY + timedelta(days=40))
    prune(now=datetime.now(UTC) + timedelta(days=1))
    assert [told["days"] for told in keeper.events(KIND)] == [60]
    keeper.store()
    # Stored is not enough.
    prune(now=datetime.now(UTC) + timedelta(days=15))
    assert [told["days"] for told in keeper.events(KIND)] == [60, 30]
    keeper.tested(keeper.store())
    for days in (27, 34, 39):
        prune(now=datetime.now(UTC) + timedelta(days=days))
    assert [told["days"] for told in keeper.events(KIND)] == [60, 30]


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
    keeper: SecretAdmin, typed: dict[str, object], sentence: str
) -> None:
    answer = keeper.store(**typed)  # type: ignore[arg-type]  # a table of both kinds
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert set(keeper.slots()) == {False}


@pytest.mark.feature("NEW-5")
def test_a_next_secret_is_removed_after_a_question(keeper: SecretAdmin) -> None:
    keeper.tested(keeper.store())
    assert "Remove the next secret of" in keeper.page(keeper.url("remove_next_secret"))
    assert set(keeper.slots()) == {False, True}
    keeper.browser.post(keeper.url("remove_next_secret"))
    assert set(keeper.slots()) == {False}
    assert keeper.audited()[0] == "next_secret.removed"
    assert "There is no next secret any more" in keeper.use()


@pytest.mark.feature("NEW-5")
def test_a_secret_that_no_test_has_proven_ends_the_current_one_only_after_a_question(
    keeper: SecretAdmin,
) -> None:
    keeper.tested(keeper.store("Q~8not-the-secret-of-this-app-00000"))
    current = bytes(keeper.slots()[False].blob)
    asked = keeper.browser.post(keeper.url("use_next_secret")).content.decode()
    assert "No test of it has succeeded." in asked
    assert bytes(keeper.slots()[False].blob) == current
    keeper.browser.post(keeper.url("use_next_secret"), {"unproven": "yes"})
    assert set(keeper.slots()) == {False}
    assert bytes(keeper.slots()[False].blob) != current


@pytest.mark.feature("NEW-5")
def test_a_test_of_a_secret_that_was_replaced_meanwhile_proves_nothing(keeper: SecretAdmin) -> None:
    first = keeper.store()
    keeper.store("Q~8another-next-secret-000000000000")
    with tenant(keeper.organization):
        Notification.objects.of(keeper.organization).order_by("-id")[0].delete()
    keeper.tested(first)
    assert keeper.slots()[True].tested_at is None


@pytest.mark.feature("NEW-5")
def test_a_probe_by_a_person_without_the_right_is_refused(
    keeper: SecretAdmin, teammate: User, client_of: Callable[[User], Client]
) -> None:
    browser = client_of(teammate)
    for name in ("store_next_secret", "test_next_secret", "use_next_secret", "remove_next_secret"):
        assert browser.post(keeper.url(name)).status_code == 403
    assert set(keeper.slots()) == {False}
