"""A reply is lost after the final dot: what the organization chose decides, and the page says it (NEW-7)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from mailsettings.models import Doubtful, MailSettings
from notifications.drain import drain
from notifications.models import Lane, Notification, Status
from orgs.models import AuditEntry, Organization, User
from orgs.tenancy import tenant
from sandbox.smtp import SmtpServer
from tests import factories
from tests.notifications.stories import attempts, look, make_due, queue
from tests.plugin_sandbox import Sandbox, smtp_values

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(contoso: Organization, sandbox: Sandbox) -> SmtpServer:
    """Contoso's mail server, which loses its next answer."""
    running = sandbox.smtp()
    factories.connection(contoso, "smtp", smtp_values(running))
    running.rules.drop_after_dot(times=1)
    return running


@pytest.fixture
def browser(client_of: Callable[[User], Client], owner: User) -> Client:
    """The owner's browser."""
    return client_of(owner)


def choose(browser: Client, organization: Organization, wanted: str) -> str:
    """Tick or clear "Never send such a message twice"; gives the page that follows."""
    url = reverse("mailsettings:never_twice", args=[organization.slug])
    return str(browser.post(url, {"wanted": wanted}, follow=True).content.decode())


def send(organization: Organization) -> None:
    """Let a worker take its turns, with every pause over."""
    make_due(organization)
    with tenant(organization):
        Lane.objects.of(organization).update(resume_at=None)
    while drain(organization.pk):
        pass


def page(organization: Organization, row: Notification, name: str = "delivery") -> str:
    return reverse(f"notifications:{name}", args=[organization.slug, row.pk])


def read(browser: Client, address: str) -> str:
    return str(browser.get(address).content.decode())


@pytest.mark.feature("NEW-7")
def test_by_default_a_lost_answer_is_told_and_the_message_sent_again(
    contoso: Organization, server: SmtpServer, browser: Client
) -> None:
    row = queue(contoso, subject="Invoice 7")
    send(contoso)
    assert look(row).status == Status.QUEUED
    text = read(browser, page(contoso, row))
    assert "Next try in" in text
    assert "the server&#x27;s answer was lost. It may have arrived." in text
    send(contoso)
    assert look(row).status == Status.ACCEPTED
    assert len({mail.message_id for mail in server.inbox}) == 1
    assert len(server.inbox) == 2


@pytest.mark.feature("NEW-7")
@pytest.mark.parametrize(
    ("press", "status", "copies", "word"),
    [("arrived", Status.ACCEPTED, 1, "Confirmed"), ("send_again", Status.ACCEPTED, 2, "Sent")],
)
def test_held_it_waits_as_uncertain_until_a_person_decides(
    contoso: Organization,
    server: SmtpServer,
    browser: Client,
    press: str,
    status: Status,
    copies: int,
    word: str,
) -> None:
    assert "waits for a person" in choose(browser, contoso, "on")
    row = queue(contoso, subject="Invoice 7")
    for _ in range(3):
        send(contoso)
    assert look(row).status == Status.UNCERTAIN
    assert len(server.inbox) == 1
    listing = reverse("notifications:deliveries", args=[contoso.slug])
    assert "Invoice 7" in read(browser, f"{listing}?status=uncertain")
    text = read(browser, page(contoso, row))
    for words in ("Uncertain", "Nobody knows yet whether it arrived", "It arrived", "Send again"):
        assert words in text
    assert browser.post(page(contoso, row, press)).status_code == 302
    send(contoso)
    assert look(row).status == status
    assert len(server.inbox) == copies
    assert len({mail.raw for mail in server.inbox}) == 1
    assert look(row).attempts == len(attempts(row)) == copies
    text = read(browser, page(contoso, row))
    assert word in text
    assert "Nobody knows yet" not in text


@pytest.mark.feature("NEW-7")
@pytest.mark.control("C-AUD-1")
def test_the_policy_is_chosen_on_the_page_and_written_down_once(
    contoso: Organization, server: SmtpServer, browser: Client, owner: User
) -> None:
    connections = reverse("mailsettings:connections", args=[contoso.slug])
    assert 'id="id_never_twice"' in read(browser, connections)

    def kept() -> tuple[str, int]:
        with tenant(contoso):
            mail = MailSettings.objects.of(contoso).get()
        return mail.doubtful, mail.version

    _, version = kept()
    choose(browser, contoso, "on")
    choose(browser, contoso, "on")
    assert kept() == (Doubtful.HOLD, version + 1), "workers read it before the next message"
    url = reverse("mailsettings:never_twice", args=[contoso.slug])
    part = browser.post(url, {}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "sent again" in part
    assert kept() == (Doubtful.RESEND, version + 2)
    with tenant(contoso):
        told = AuditEntry.objects.of(contoso).filter(action__startswith="mail.doubtful").order_by("seq")
        assert [entry.action for entry in told] == ["mail.doubtful_hold", "mail.doubtful_resend"]
