"""A request to send that passed every check, and the row it becomes."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from mailsettings.routing.sample import Sample
from notifications.content import Content, seal_content
from notifications.models import TRIALS, Kind, Notification, Urgency
from notifications.recipients import Recipients, emails
from orgs.ids import uuid7
from providers import Address, Attachment, Message, MessageInvalid, Priority

MEGABYTE = 1024 * 1024
KEY_LIMIT = 255
TYPE_LIMIT = 64
URGENCIES = {"high": Urgency.HIGH, "normal": Urgency.NORMAL, "low": Urgency.LOW}
# Stands in while a message is checked whose sender the connection will give.
ANY_SENDER = Address("sender@example.com")


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A checked request to send, before it becomes a row."""

    recipients: Recipients
    sender: Address | None
    message: Message
    notification_type: str
    key: str
    expires_at: datetime | None

    @cached_property
    def content(self) -> Content:
        """Give the part that is sealed."""
        return Content(text=self.message.text, html=self.message.html, attachments=self.message.attachments)

    @property
    def sample(self) -> Sample:
        """Give what rules look at."""
        message, who = self.message, self.recipients
        return Sample(
            subject=message.subject,
            text=message.text,
            html=message.html,
            from_address=self.sender.email if self.sender else "",
            from_name=self.sender.name if self.sender else "",
            to=emails(who.to),
            cc=emails(who.cc),
            bcc=emails(who.bcc),
            reply_to=emails(who.reply_to),
            headers=message.headers,
            notification_type=self.notification_type,
        )

    @property
    def fingerprint(self) -> str:
        """Tell two requests under one idempotency key apart."""
        message = self.message
        said = [
            self.recipients.as_json(),
            [self.sender.email, self.sender.name] if self.sender else None,
            [message.subject, message.text, message.html, message.headers, message.priority],
            [
                [item.name, item.content_type, item.content_id, hashlib.sha256(item.content).hexdigest()]
                for item in message.attachments
            ],
            self.notification_type,
        ]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def check_request(
    *,
    recipients: Recipients,
    sender: Address | None,
    subject: str,
    text: str,
    html: str,
    headers: tuple[tuple[str, str], ...],
    attachments: tuple[Attachment, ...],
    priority: str,
    notification_type: str,
    key: str,
    expires_at: datetime | None,
) -> Submission:
    """Check everything that can be known before the connection is.

    Raises:
        providers.MessageInvalid: names the field.
    """
    if not subject.strip() and not settings.ALLOW_EMPTY_SUBJECT:
        raise MessageInvalid("subject", "Enter a subject.")
    if priority not in URGENCIES:
        raise MessageInvalid("priority", "The priority is high, normal or low.")
    if len(key) > KEY_LIMIT:
        raise MessageInvalid("idempotency_key", f"Use at most {KEY_LIMIT} characters.")
    if len(notification_type) > TYPE_LIMIT:
        raise MessageInvalid("notification_type", f"Use at most {TYPE_LIMIT} characters.")
    if expires_at is not None and (timezone.is_naive(expires_at) or expires_at <= timezone.now()):
        raise MessageInvalid("expires_at", "Give a moment in the future, with its time zone.")
    message = Message(
        sender=sender or ANY_SENDER,
        to=recipients.to,
        cc=recipients.cc,
        bcc=recipients.bcc,
        reply_to=recipients.reply_to,
        subject=subject,
        text=text,
        html=html,
        attachments=attachments,
        headers=headers,
        priority=Priority(priority),
    )
    request = Submission(
        recipients=recipients,
        sender=sender,
        message=message,
        notification_type=notification_type,
        key=key,
        expires_at=expires_at,
    )
    size, limit = request.content.size, settings.MAX_MESSAGE_MB
    if size > limit * MEGABYTE:
        told = f"{math.ceil(size / MEGABYTE * 10) / 10:.1f} MB"
        raise MessageInvalid(
            "attachments", f"Text and attachments are {told} together. At most {limit} MB can be sent."
        )
    return request


def new_row(request: Submission, organization_id: UUID, kind: Kind) -> Notification:
    """Make the row of a request; nothing is stored yet."""
    return Notification(organization_id=organization_id, kind=kind, **columns(request, organization_id, kind))


def columns(request: Submission, organization_id: UUID, kind: Kind) -> dict[str, Any]:
    """Give what the request itself says of its row; everything else has its default."""
    identity, now = uuid7(), timezone.now()
    content, message = request.content, request.message
    age = timedelta(hours=settings.DELIVERY_EXPIRES_HOURS)
    return {
        "id": identity,
        "notification_type": request.notification_type,
        "priority": URGENCIES[message.priority],
        "subject": message.subject,
        "sender_email": request.sender.email if request.sender else "",
        "sender_name": request.sender.name if request.sender else "",
        "recipients": request.recipients.as_json(),
        "headers": [list(pair) for pair in message.headers],
        "attachment_list": content.attachment_list,
        "size": content.size,
        "sealed_body": seal_content(content, organization_id=organization_id, notification_id=identity),
        "message_date": now,
        "created_at": now,
        "next_at": now,
        "expires_at": None if kind in TRIALS else request.expires_at or now + age,
        "idempotency_key": request.key,
        "idempotency_hash": request.fingerprint if request.key else "",
    }
