"""A backup from the consent to the return, as an admin sees it on the pages (WPM-33)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from mailsettings.models import Rank
from notifications.drain import drain
from notifications.models import Notification, Status
from orgs.models import Organization, User
from orgs.tenancy import tenant
from tests.notifications.backups import Post, events_of, join, let_rests_pass
from tests.notifications.stories import look, queue
from tests.plugin_sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


class Pages:
    """An admin who reads pages and presses buttons."""

    def __init__(self, organization: Organization, browser: Client) -> None:
        self.organization, self.browser = organization, browser

    def read(self, name: str, *more: object) -> str:
        """Read a page."""
        page = self.browser.get(reverse(name, args=[self.organization.slug, *more]))
        assert page.status_code == 200
        return page.content.decode()

    def press(self, name: str, *more: object, **form: str) -> None:
        """Press a button."""
        answer = self.browser.post(reverse(name, args=[self.organization.slug, *more]), form)
        assert answer.status_code == 302


@pytest.fixture
def pages(contoso: Organization, owner: User, client_of: Callable[[User], Client]) -> Pages:
    """The owner at the pages of Contoso."""
    return Pages(contoso, client_of(owner))


@pytest.fixture
def primary(contoso: Organization, sandbox: Sandbox) -> Post:
    """The connection meant for the mail, whose server refuses the password."""
    made = join(contoso, sandbox, "Primary", Rank.PRIMARY)
    made.server.rules.refuse("auth", "535 5.7.8 Wrong password")
    return made


@pytest.fixture
def spare(contoso: Organization, primary: Post, sandbox: Sandbox) -> Post:
    """A second connection that nobody made a backup."""
    return join(contoso, sandbox, "Spare", Rank.ADDITIONAL)


@pytest.mark.feature("WPM-33", "WPM-35")
def test_mail_takes_the_backup_that_was_agreed_to_and_every_page_says_so(
    contoso: Organization, primary: Post, spare: Post, pages: Pages
) -> None:
    row = queue(contoso, subject="Invoice")
    drain(contoso.pk)
    assert look(row).status == Status.QUEUED
    assert not spare.server.sessions, "without consent nothing but the primary is used"
    asked = pages.read("mailsettings:rank_connection", spare.connection.pk)
    assert "It is then sent from spare@contoso.example." in asked
    pages.press("mailsettings:rank_connection", spare.connection.pk, rank="backup")
    let_rests_pass(contoso)
    drain(contoso.pk)
    assert look(row).status == Status.ACCEPTED
    assert [mail.subject for mail in spare.inbox] == ["Invoice"]
    assert "Sent by backup" in pages.read("notifications:deliveries")
    story = pages.read("notifications:delivery", row.pk)
    assert "Sent by backup" in story
    assert "Primary failed, so Spare took over." in story
    for name in ("orgs:overview", "mailsettings:emails", "mailsettings:connections"):
        html = pages.read(name)
        assert "Mail goes out through Spare" in html
        assert "Primary has been paused since" in html
    assert events_of(contoso).count("backup.in_use") == 1
    primary.server.rules.clear()
    let_rests_pass(contoso)
    back = queue(contoso)
    drain(contoso.pk)
    assert (look(back).way_name, look(back).took_over) == ("Primary", False)
    assert "Mail goes out through" not in pages.read("mailsettings:connections")
    assert "Healthy" in pages.read("mailsettings:connections")


@pytest.mark.feature("WPM-33")
def test_the_default_mailer_sends_at_the_very_end_and_its_chip_says_so(
    contoso: Organization, primary: Post, sandbox: Sandbox, pages: Pages
) -> None:
    sandbox.default_mailer(sandbox.smtp())
    assert "Sends as platform@mailroom.example if every connection above fails." in pages.read(
        "mailsettings:connections"
    )
    pages.press("mailsettings:default_mailer_last", wanted="on")
    row = queue(contoso)
    drain(contoso.pk)
    assert look(row).via_default_mailer
    assert [mail.envelope_from for mail in sandbox.inbox] == ["platform@mailroom.example"]
    assert "Sent by default mailer" in pages.read("notifications:deliveries")
    assert "Primary failed, so System default mailer took over." in pages.read(
        "notifications:delivery", row.pk
    )


@pytest.mark.feature("WPM-35")
def test_moving_another_one_first_sends_the_next_message_through_it(
    contoso: Organization, primary: Post, spare: Post, pages: Pages
) -> None:
    row = queue(contoso)
    drain(contoso.pk)
    pages.press("mailsettings:move_connection", spare.connection.pk, direction="up")
    drain(contoso.pk)
    assert (look(row).status, look(row).way_name, look(row).took_over) == (Status.ACCEPTED, "Spare", False)
    with tenant(contoso):
        assert not Notification.objects.of(contoso).filter(status=Status.QUEUED).exists()
    assert "Mail goes out through" not in pages.read("mailsettings:connections")
