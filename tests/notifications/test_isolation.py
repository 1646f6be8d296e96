"""Whose connection carries whose mail: own, default, after a change, and side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives

from mailsettings.services import switch_off
from mailsettings.ways import mail_settings
from notifications.drain import drain
from notifications.models import Notification, Status
from orgs.models import Organization
from orgs.services import platform_organization_id
from orgs.tenancy import tenant
from sandbox.smtp import SmtpServer
from tests.notifications.stories import PASSWORD, at_once, connect_to, look, queue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def default_mailer(settings: Any, second: SmtpServer) -> SmtpServer:
    """The platform's own mailer."""
    password = PASSWORD.replace(" ", "%20")
    settings.DEFAULT_MAILER_URL = (
        f"smtp://user:{password}@127.0.0.1:{second.port}?from=platform@mailroom.example"
    )
    return second


def drain_all(*organizations: Organization) -> Callable[[], None]:
    """Make a worker that takes turns until nothing is due."""

    def work() -> None:
        open_ones = list(organizations)
        while open_ones:
            open_ones = [one for one in open_ones if drain(one.pk)]

    return work


@pytest.mark.feature("CIR-23")
@pytest.mark.control("C-TEN-7", "C-DEL-11")
def test_two_organizations_never_cross_in_200_interleaved_messages(
    contoso: Organization, fabrikam: Organization, server: SmtpServer, second: SmtpServer
) -> None:
    connect_to(contoso, server)
    connect_to(fabrikam, second)
    for number in range(100):
        queue(contoso, subject=f"Contoso {number}")
        queue(fabrikam, subject=f"Fabrikam {number}")
    at_once(*[drain_all(contoso, fabrikam)] * 4)
    for organization in (contoso, fabrikam):
        drain_all(organization)()
    assert len(server.inbox) == len(second.inbox) == 100
    assert {mail.subject.split()[0] for mail in server.inbox} == {"Contoso"}
    assert {mail.subject.split()[0] for mail in second.inbox} == {"Fabrikam"}
    assert {mail.envelope_from for mail in server.inbox} == {"notify@contoso.example"}
    assert {mail.header("From") for mail in second.inbox} == {"Fabrikam <notify@fabrikam.example>"}
    for box in (server.inbox, second.inbox):
        assert max(Counter(mail.message_id for mail in box).values()) == 1
    for organization in (contoso, fabrikam):
        with tenant(organization):
            rows = Notification.objects.of(organization)
            assert rows.filter(status=Status.ACCEPTED, attempts=1).count() == 100
            assert not rows.exclude(connection__organization=organization).exists()


@pytest.mark.feature("CIR-22")
def test_a_change_of_settings_counts_for_the_next_message_of_every_worker(
    contoso: Organization, server: SmtpServer, second: SmtpServer
) -> None:
    connect_to(contoso, server)
    queue(contoso)
    at_once(lambda: drain(contoso.pk), lambda: drain(contoso.pk))
    connect_to(contoso, second)
    queue(contoso, subject="one")
    queue(contoso, subject="two")
    at_once(lambda: drain(contoso.pk), lambda: drain(contoso.pk))
    assert len(server.inbox) == 1
    assert {mail.subject for mail in second.inbox} == {"one", "two"}


@pytest.mark.feature("CIR-22")
@pytest.mark.control("C-DEL-11")
@pytest.mark.parametrize("window", [1, 4])
def test_a_change_while_a_batch_is_under_way_stops_the_batch(
    contoso: Organization, server: SmtpServer, second: SmtpServer, settings: Any, window: int
) -> None:
    settings.DELIVERY_WINDOW = window
    connect_to(contoso, server)
    for number in range(10):
        queue(contoso, subject=f"Mail {number}")
    changed: list[bool] = []
    original = server.command

    def spy(session: Any, line: str) -> None:
        if line.upper().startswith("DATA") and not changed:
            changed.append(True)
            at_once(lambda: connect_to(contoso, second))
        original(session, line)

    server.command = spy  # type: ignore[method-assign]
    drain_all(contoso)()
    # What was marked as being handed over still left the old way; all others take the new one.
    assert len(server.inbox) == window
    assert len(second.inbox) == 10 - window


@pytest.mark.feature("CIR-23", "CIR-2")
def test_with_smtp_off_or_without_the_add_on_the_default_mailer_sends(
    contoso: Organization, server: SmtpServer, default_mailer: SmtpServer
) -> None:
    connect_to(contoso, server)
    with tenant(contoso):
        switch_off(organization=contoso, user=None, expected_version=mail_settings(contoso.pk).version)
    row = queue(contoso, sender="ceo@contoso.example")
    drain(contoso.pk)
    (mail,) = default_mailer.inbox
    assert not len(server.inbox)
    assert mail.envelope_from == "platform@mailroom.example"
    assert "ceo@contoso.example" not in mail.raw.decode()
    done = look(row)
    assert (done.status, done.via_default_mailer, done.connection_id) == (Status.ACCEPTED, True, None)


def test_mail_of_the_platform_itself_takes_the_default_mailer(
    default_mailer: SmtpServer, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "notifications.backend.OutboxBackend"
    message = EmailMultiAlternatives("Reset", "text", "Mailroom <x@mailroom.example>", ["ann@example.com"])
    message.attach_alternative("<p>html</p>", "text/html")
    assert message.send() == 1
    drain(platform_organization_id())
    (mail,) = default_mailer.inbox
    assert (mail.text.strip(), mail.html.strip()) == ("text", "<p>html</p>")
    assert mail.envelope_from == "platform@mailroom.example"
