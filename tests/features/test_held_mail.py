"""Hold instead of burn: a broken password holds a thousand messages, its repair sends them all (NEW-6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailsettings.models import Connection
from mailsettings.ways import mail_settings
from notifications.delivery.dropping import DROPPED, drop
from notifications.drain import drain, run_tests
from notifications.models import Lane, Notification, Status
from orgs.models import AuditEntry, Event, Organization, User
from orgs.tenancy import tenant
from sandbox.smtp import SmtpServer
from tests import factories
from tests.notifications.stories import at_once, change, look, queue, states
from tests.plugin_sandbox import PASSWORD, USERNAME, Sandbox, smtp_values

pytestmark = [pytest.mark.feature("NEW-6"), pytest.mark.django_db(transaction=True)]
COUNT = 1000


@pytest.fixture
def server(contoso: Organization, sandbox: Sandbox) -> SmtpServer:
    """Contoso's mail server, whose password somebody changed without a word."""
    running = sandbox.smtp()
    factories.connection(contoso, "smtp", smtp_values(running))
    running.users[USERNAME] = "another password"
    return running


@pytest.fixture
def browser(owner: User, client_of: Callable[[User], Client]) -> Client:
    """The owner's browser."""
    return client_of(owner)


@pytest.fixture
def held(contoso: Organization, server: SmtpServer) -> list[Notification]:
    """Four messages that wait: two of them for two days."""
    rows = [queue(contoso, subject=f"Mail {number}") for number in range(4)]
    for row in rows[:2]:
        change(row, created_at=timezone.now() - timedelta(days=2))
    drain(contoso.pk)
    return rows


def url(name: str, *more: object) -> str:
    """Give an address of Contoso."""
    return reverse(name, args=["contoso", *more])


def read(browser: Client, address: str) -> str:
    """Read a page, its white space drawn together."""
    answer = browser.get(address, follow=True)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def events(organization: Organization) -> list[str]:
    """Read what was told."""
    with tenant(organization):
        return list(Event.objects.of(organization).order_by("created_at").values_list("kind", flat=True))


def save(browser: Client, organization: Organization, values: dict[str, object]) -> Any:
    """Type the right password on the Emails page; the worker proves it."""
    with tenant(organization):
        version = mail_settings(organization.pk).version
    form = {"smtp_enabled": "on", "provider": "smtp", "shown": "smtp", "version": version, **values}
    answer = browser.post(url("mailsettings:emails"), form)
    assert answer.status_code == 302
    run_tests(organization.pk)
    return answer


def test_a_broken_password_burns_nothing_and_its_repair_sends_everything(
    contoso: Organization, server: SmtpServer, browser: Client, sandbox: Sandbox
) -> None:
    for number in range(COUNT):
        queue(contoso, subject=f"Mail {number}")
    for _ in range(3):
        at_once(*[lambda: drain(contoso.pk)] * 3)
    assert states(contoso) == {Status.QUEUED: COUNT}
    assert 1 <= len(server.sessions) <= 3
    assert events(contoso) == ["connection.held"]
    page = read(browser, url("notifications:deliveries"))
    assert "1,000 messages are held:" in page
    assert "The oldest was due" in page
    assert "1,000 messages are held:" in read(browser, url("orgs:overview"))

    server.users[USERNAME] = PASSWORD + " renewed"
    save(browser, contoso, smtp_values(server, password=PASSWORD + " renewed"))
    while drain(contoso.pk):
        pass
    assert states(contoso) == {Status.ACCEPTED: COUNT}
    assert Counter(mail.subject for mail in sandbox.inbox) == {f"Mail {n}": 1 for n in range(COUNT)}
    with tenant(contoso):
        assert set(Notification.objects.of(contoso).filter(kind="notification").values_list("attempts")) == {
            (1,)
        }
        assert Connection.objects.of(contoso).get().held_code == ""
        assert not Lane.objects.of(contoso).exclude(held_code="").exists()
    assert events(contoso).count("connection.held") == 1
    assert "held:" not in read(browser, url("notifications:deliveries"))


def test_one_probe_after_a_repair_elsewhere_releases_the_mail(
    contoso: Organization, held: list[Notification], server: SmtpServer
) -> None:
    server.users[USERNAME] = PASSWORD
    drain(contoso.pk)
    assert states(contoso) == {Status.QUEUED: 4}
    with tenant(contoso):
        Connection.objects.of(contoso).update(probe_at=timezone.now())
    # The first of them is the probe; the others follow it.
    while drain(contoso.pk):
        pass
    drain(contoso.pk)
    assert states(contoso) == {Status.ACCEPTED: 4}
    assert events(contoso) == ["connection.held", "connection.released"]


def test_what_is_too_old_is_dropped_after_a_question_that_counts_it(
    contoso: Organization, held: list[Notification], browser: Client
) -> None:
    asked = read(browser, url("notifications:drop_held") + "?hours=24")
    assert "Drop 2 held messages" in asked
    assert "2 messages were queued more than 24 hours ago." in asked
    assert states(contoso) == {Status.QUEUED: 4}
    answer = browser.post(url("notifications:drop_held"), {"hours": "24"})
    assert "Dropped 2 messages." in read(browser, answer["Location"])
    assert [look(row).status for row in held] == ["cancelled", "cancelled", "queued", "queued"]
    assert look(held[0]).last_code == DROPPED
    assert "A person dropped it while mail was held" in read(
        browser, url("notifications:delivery", held[0].pk)
    )
    with tenant(contoso):
        entry = AuditEntry.objects.of(contoso).order_by("-seq")[0]
    assert (entry.action, entry.detail) == ("notification.dropped", {"count": 2, "older_than_hours": 24})


def test_a_dropped_message_can_be_retried(
    contoso: Organization, held: list[Notification], server: SmtpServer, browser: Client
) -> None:
    drop(contoso.pk, timezone.now() - timedelta(hours=24))
    assert "Retry now" in read(browser, url("notifications:delivery", held[0].pk))
    browser.post(url("notifications:retry", held[0].pk))
    assert look(held[0]).status == Status.QUEUED
    # A message somebody cancelled by itself stays so.
    browser.post(url("notifications:cancel", held[2].pk))
    browser.post(url("notifications:retry", held[2].pk))
    assert look(held[2]).status == Status.CANCELLED


def test_nothing_old_enough_is_said_and_changes_nothing(
    contoso: Organization, held: list[Notification], browser: Client
) -> None:
    address = url("notifications:drop_held")
    assert "No held message is older than 72 hours." in read(browser, address + "?hours=72")
    answer = browser.post(address, {"hours": "72"})
    assert "No held message is older than 72 hours." in read(browser, answer["Location"])
    assert states(contoso) == {Status.QUEUED: 4}
    # What is no number of hours means a day.
    assert "more than 24 hours ago" in read(browser, address + "?hours=-5")


def test_only_people_who_may_cancel_may_drop(
    contoso: Organization, held: list[Notification], client_of: Callable[[User], Client]
) -> None:
    reader = factories.user()
    factories.membership(reader, contoso, "read_only")
    assert client_of(reader).post(url("notifications:drop_held"), {"hours": "1"}).status_code == 403
    assert 'id="drop-held"' not in read(client_of(reader), url("notifications:deliveries"))
    assert states(contoso) == {Status.QUEUED: 4}
