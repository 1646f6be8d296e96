"""The verb applications use: enqueue. What happens later is `delivery`'s."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from mailsettings.models import Connection, Draft
from notifications import hints
from notifications.content import Content, seal_content
from notifications.delivery import TransitionRefused, cancel, confirm_arrived, retry, send_again
from notifications.models import Kind, Notification, Urgency
from notifications.recipients import Recipients, read_recipients, read_sender
from orgs.ids import uuid7
from orgs.models import Organization, User
from orgs.tenancy import ALIAS, tenant
from providers import Address, Attachment, Message, MessageInvalid, Priority

CONTENT_LIMIT = 25 * 1024 * 1024
KEY_LIMIT = 255
TYPE_LIMIT = 64
URGENCIES = {"high": Urgency.HIGH, "normal": Urgency.NORMAL, "low": Urgency.LOW}
# Stands in while a message is checked whose sender the connection will give.
ANY_SENDER = Address("sender@example.com")

Addresses = str | Iterable[str | Address]


class OrganizationSuspended(Exception):
    """The organization is suspended; nothing is queued for it."""


class IdempotencyConflict(Exception):
    """The idempotency key was used for another message (409)."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A checked request to send, before it becomes a row."""

    recipients: Recipients
    sender: Address | None
    message: Message
    notification_type: str
    key: str
    expires_at: datetime | None

    @property
    def content(self) -> Content:
        """Give the part that is sealed."""
        return Content(text=self.message.text, html=self.message.html, attachments=self.message.attachments)

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


def enqueue(
    *,
    organization: Organization | UUID,
    to: Addresses,
    subject: str,
    text: str = "",
    html: str = "",
    cc: Addresses = (),
    bcc: Addresses = (),
    reply_to: Addresses = (),
    sender: str | Address | None = None,
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    attachments: Sequence[Attachment] = (),
    priority: str = "normal",
    kind: str = "notification",
    notification_type: str = "",
    idempotency_key: str = "",
    created_by: User | None = None,
    secret_content: bool = False,
    draft: Draft | None = None,
    connection: Connection | None = None,
    expires_at: datetime | None = None,
) -> Notification:
    """Queue one message of an organization; joins the caller's tenant() or opens one.

    Raises:
        providers.MessageInvalid: names the field and what to change; nothing is queued.
        OrganizationSuspended: the organization may not send.
        IdempotencyConflict: the key was used for another message.
    """
    organization_id = organization.pk if isinstance(organization, Organization) else organization
    request = check_request(
        recipients=read_recipients(to=to, cc=cc, bcc=bcc, reply_to=reply_to),
        sender=read_sender(sender),
        subject=subject,
        text=text,
        html=html,
        headers=tuple(headers.items()) if isinstance(headers, Mapping) else tuple(headers),
        attachments=tuple(attachments),
        priority=priority,
        notification_type=notification_type,
        key=idempotency_key,
        expires_at=expires_at,
    )
    with tenant(organization_id):
        if not Organization.objects.filter(pk=organization_id, is_active=True).exists():
            raise OrganizationSuspended("This organization is suspended. Nothing was queued.")
        row = _row(request, organization_id, Kind(kind))
        row.created_by, row.secret_content, row.draft, row.connection = (
            created_by,
            secret_content,
            draft,
            connection,
        )
        stored = _store(row, request)
        hints.ring(organization_id)
    return stored


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
) -> Request:
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
    request = Request(
        recipients=recipients,
        sender=sender,
        message=message,
        notification_type=notification_type,
        key=key,
        expires_at=expires_at,
    )
    if request.content.size > CONTENT_LIMIT:
        limit = CONTENT_LIMIT // 1024**2
        raise MessageInvalid("attachments", f"Text and attachments are larger than {limit} MB together.")
    return request


def _row(request: Request, organization_id: UUID, kind: Kind) -> Notification:
    identity, now = uuid7(), timezone.now()
    content, message = request.content, request.message
    age = timedelta(hours=settings.DELIVERY_EXPIRES_HOURS)
    return Notification(
        id=identity,
        organization_id=organization_id,
        kind=kind,
        notification_type=request.notification_type,
        priority=URGENCIES[message.priority],
        subject=message.subject,
        sender_email=request.sender.email if request.sender else "",
        sender_name=request.sender.name if request.sender else "",
        recipients=request.recipients.as_json(),
        headers=[list(pair) for pair in message.headers],
        attachment_list=content.attachment_list,
        size=content.size,
        sealed_body=seal_content(content, organization_id=organization_id, notification_id=identity),
        message_date=now,
        created_at=now,
        next_at=now,
        expires_at=None if kind == Kind.TEST else request.expires_at or now + age,
        idempotency_key=request.key,
        idempotency_hash=request.fingerprint if request.key else "",
    )


def _store(row: Notification, request: Request) -> Notification:
    """Insert the row; under a key used before give the earlier one (guard 1)."""
    if not request.key:
        row.save(force_insert=True)
        return row
    try:
        with transaction.atomic(using=ALIAS):
            row.save(force_insert=True)
    except IntegrityError:
        earlier = Notification.objects.of(row.organization_id).filter(idempotency_key=request.key).first()
        if earlier is None:
            raise
        if earlier.idempotency_hash != row.idempotency_hash:
            raise IdempotencyConflict(
                "This idempotency key was used for another message. Use a new key."
            ) from None
        return earlier
    return row


__all__ = [
    "IdempotencyConflict",
    "OrganizationSuspended",
    "TransitionRefused",
    "cancel",
    "confirm_arrived",
    "enqueue",
    "retry",
    "send_again",
]
