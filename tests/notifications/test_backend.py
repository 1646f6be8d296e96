"""Django's e-mail messages in the outbox."""

from __future__ import annotations

from email.mime.image import MIMEImage
from typing import Any

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.test import TestCase

from notifications.content import unseal_content
from notifications.models import Notification
from orgs.models import Organization
from orgs.services import platform_organization_id
from orgs.tenancy import tenant
from providers import MessageInvalid

pytestmark = pytest.mark.django_db
BACKEND = "notifications.backend.OutboxBackend"


@pytest.fixture(autouse=True)
def _outbox(settings: Any) -> None:
    """Django's test runner puts a backend in memory in place of ours."""
    settings.EMAIL_BACKEND = BACKEND


def rows(organization: object) -> list[Notification]:
    with tenant(organization):  # type: ignore[arg-type]
        return list(Notification.objects.of(organization).order_by("id"))  # type: ignore[arg-type]


def test_mail_of_the_platform_is_secret_by_itself() -> None:
    EmailMessage("Reset", "link", "a@mailroom.example", ["ann@example.com"]).send()
    (row,) = rows(platform_organization_id())
    assert row.secret_content
    assert row.sender_email == "a@mailroom.example"


def test_an_organization_is_named_by_attribute_or_option(contoso: Organization) -> None:
    named = EmailMessage("One", "text", "a@contoso.example", ["ann@example.com"])
    named.organization = contoso  # type: ignore[attr-defined]
    named.send()
    get_connection(BACKEND, organization=contoso.pk).send_messages(
        [EmailMessage("Two", "text", "a@contoso.example", ["ann@example.com"])]
    )
    assert [(row.subject, row.secret_content) for row in rows(contoso)] == [("One", False), ("Two", False)]
    assert rows(platform_organization_id()) == []


def test_every_part_of_a_message_is_kept(contoso: Organization) -> None:
    message = EmailMultiAlternatives(
        "Subject",
        "text",
        "Contoso <a@contoso.example>",
        ["ann@example.com"],
        bcc=["b@example.com"],
        cc=["c@example.com"],
        reply_to=["r@example.com"],
        headers={"X-Case": "42", "Message-ID": "<x@y.z>"},
        connection=get_connection(BACKEND, organization=contoso),
    )
    message.attach_alternative("<p>html</p>", "text/html")
    message.attach("a.txt", "abc", "text/plain")
    picture = MIMEImage(b"GIF89a", "gif")
    picture.add_header("Content-ID", "<logo@mailroom>")
    message.attach(picture)
    message.send()
    (row,) = rows(contoso)
    assert row.headers == [["X-Case", "42"]]
    assert [one["email"] for one in row.recipients["bcc"]] == ["b@example.com"]
    content = unseal_content(row)
    assert (content.text, content.html) == ("text", "<p>html</p>")
    named, inline = content.attachments
    assert (named.name, named.content) == ("a.txt", b"abc")
    assert (inline.content_id, inline.content) == ("logo@mailroom", b"GIF89a")


def test_html_only_messages_stay_html(contoso: Organization) -> None:
    message = EmailMessage("S", "<p>x</p>", "a@contoso.example", ["ann@example.com"])
    message.content_subtype = "html"
    get_connection(BACKEND, organization=contoso).send_messages([message])
    content = unseal_content(rows(contoso)[0])
    assert (content.text, content.html) == ("", "<p>x</p>")


def test_what_cannot_be_sent_is_refused_aloud_unless_silent() -> None:
    wrong = ("S", "t", "a@mailroom.example", ["nonsense"])
    with pytest.raises(MessageInvalid):
        EmailMessage(*wrong).send()
    assert EmailMessage(*wrong).send(fail_silently=True) == 0


def test_mail_of_the_platform_may_be_sent_from_inside_an_organization(contoso: Organization) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True), tenant(contoso):
        EmailMessage("Invitation", "link", "a@mailroom.example", ["ann@example.com"]).send()
    assert [row.subject for row in rows(platform_organization_id())] == ["Invitation"]
