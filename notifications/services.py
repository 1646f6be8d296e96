"""The verb applications use: enqueue. What happens later is `delivery`'s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from mailsettings.models import Connection, Draft
from mailsettings.routing.route import Route, route_for, rules_in_force
from notifications import hints
from notifications.bulk import NewMessage, OneInvalid, enqueue_many
from notifications.delivery import TransitionRefused, cancel, confirm_arrived, retry, retry_failed, send_again
from notifications.models import TRIALS, Kind, Notification
from notifications.recipients import read_recipients, read_sender
from notifications.refusals import IdempotencyConflict, OrganizationSuspended
from notifications.submission import Submission, check_request, new_row
from orgs.models import Organization, User
from orgs.tenancy import ALIAS, tenant
from providers import Address, Attachment

Addresses = str | Iterable[str | Address]


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
        active = Organization.objects.filter(pk=organization_id, is_active=True)
        rules = active.values_list(rules_in_force(), flat=True).first()
        if rules is None:
            raise OrganizationSuspended("This organization is suspended. Nothing was queued.")
        row = new_row(request, organization_id, Kind(kind))
        if row.kind not in TRIALS:
            _choose_route(row, route_for(organization_id, request.sample, rules))
        row.created_by, row.secret_content, row.draft, row.connection = (
            created_by,
            secret_content,
            draft,
            connection,
        )
        stored = _store(row, request)
        hints.ring(organization_id)
    return stored


def _choose_route(row: Notification, route: Route | None) -> None:
    """Write into a new row what a rule chose for it; a route is never changed later."""
    if route is None:
        return
    row.route_id, row.route_falls_back = route.connection_id, route.falls_back
    row.rule_id, row.rule_place = route.rule_id, route.rule_place


def _store(row: Notification, request: Submission) -> Notification:
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
    "NewMessage",
    "OneInvalid",
    "OrganizationSuspended",
    "TransitionRefused",
    "cancel",
    "confirm_arrived",
    "enqueue",
    "enqueue_many",
    "retry",
    "retry_failed",
    "send_again",
]
