"""Django's door to the outbox: mail of the platform itself, or of any organization, becomes a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from email.message import Message as MimePart
from functools import partial
from typing import Any
from uuid import UUID

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from notifications.services import OrganizationSuspended, enqueue
from orgs.models import Organization
from orgs.services import platform_organization_id
from orgs.tenancy import ALIAS, current_organization_id
from providers import Attachment, MessageInvalid

# The outbox writes these itself.
OURS = {"from", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id", "mime-version"}


class OutboxBackend(BaseEmailBackend):
    """Queues Django's e-mail messages.

    The organization is, in this order: the attribute `organization` of the message, the option
    `organization` of the connection (`get_connection(organization=…)`), the platform itself.
    Mail of the platform carries links and codes that equal account access, so its content counts as secret
    unless the message has `secret_content = False`.
    """

    def __init__(
        self, *, fail_silently: bool = False, organization: Organization | UUID | None = None, **options: Any
    ) -> None:
        super().__init__(fail_silently=fail_silently, **options)
        self.organization = organization

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Queue the messages; gives how many were taken."""
        return sum(self._queue(message) for message in email_messages if message.recipients())

    def _queue(self, message: EmailMessage) -> bool:
        platform_id = platform_organization_id()
        chosen = getattr(message, "organization", None) or self.organization or platform_id
        organization_id = chosen.pk if isinstance(chosen, Organization) else chosen
        secret = getattr(message, "secret_content", organization_id == platform_id)
        try:
            store = partial(
                enqueue, organization=organization_id, secret_content=secret, **arguments(message)
            )
            if current_organization_id() in {None, organization_id}:
                store()
            else:
                # Another organization's transaction is open: the mail is stored once that is committed.
                transaction.on_commit(store, using=ALIAS)
        except (MessageInvalid, OrganizationSuspended):
            if not self.fail_silently:
                raise
            return False
        return True


def arguments(message: EmailMessage) -> dict[str, Any]:
    """Read a Django message into the arguments of enqueue().

    Raises:
        providers.MessageInvalid: it holds something the outbox cannot carry.
    """
    text, html = bodies(message)
    headers = [
        (name, str(value)) for name, value in message.extra_headers.items() if name.lower() not in OURS
    ]
    return {
        "to": list(message.to),
        "cc": list(message.cc),
        "bcc": list(message.bcc),
        "reply_to": list(message.reply_to),
        "sender": str(message.extra_headers.get("From", message.from_email)),
        "subject": str(message.subject),
        "text": text,
        "html": html,
        "headers": headers,
        "attachments": [attachment(item) for item in message.attachments],
        "notification_type": getattr(message, "notification_type", ""),
    }


def bodies(message: EmailMessage) -> tuple[str, str]:
    """Give the plain text and the HTML of a message."""
    body = str(message.body)
    if message.content_subtype == "html":
        return "", body
    alternatives: Iterable[tuple[Any, str]] = getattr(message, "alternatives", None) or []
    for content, media_type in alternatives:
        if media_type != "text/html":
            raise MessageInvalid(
                "html", f"An alternative of type {media_type} cannot be sent. Use text/html."
            )
        return body, str(content)
    return body, ""


def attachment(item: MimePart | tuple[str | None, str | bytes, str | None]) -> Attachment:
    """Read one attachment: Django's named triple or a MIME part."""
    if isinstance(item, MimePart):
        payload = item.get_payload(decode=True)
        return Attachment(
            name=item.get_filename() or "attachment",
            content_type=item.get_content_type(),
            content=payload if isinstance(payload, bytes) else b"",
            content_id=str(item.get("Content-ID", "")).strip("<>"),
        )
    name, content, media_type = item
    return Attachment(
        name=name or "attachment",
        content_type=media_type or "application/octet-stream",
        content=content.encode() if isinstance(content, str) else bytes(content),
    )
