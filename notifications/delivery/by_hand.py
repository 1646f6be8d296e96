"""What a person or an application may change: retry, cancel, and the answer to an uncertain one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _

from notifications.delivery.dropping import DROPPED
from notifications.delivery.sequence import ASLEEP, advance
from notifications.delivery.settling import NO_LEASE
from notifications.models import TRIALS, Kind, Notification, NotificationQuerySet, Status
from orgs.tenancy import tenant


class TransitionRefused(Exception):
    """The notification moved on meanwhile, or cannot do this; the text says what is so."""


def retry(organization_id: UUID, notification_id: UUID) -> Notification:
    """Queue a failed, expired or dropped notification again, or bring a waiting one's next try forward (11').

    Raises:
        TransitionRefused: it is not waiting for a retry, its content is no longer kept, or it waits for the
            one before it in its sequence.
    """
    with tenant(organization_id):
        rows = _notifications(organization_id, notification_id).filter(sealed_body__isnull=False)
        waiting = rows.filter(status=Status.QUEUED).exclude(ASLEEP)
        if not _again(rows) and not _undrop(rows) and not waiting.update(next_at=Now()):
            raise TransitionRefused(_refusal(organization_id, notification_id))
        return Notification.objects.of(organization_id).get(pk=notification_id)


def retry_failed(organization_id: UUID, notification_ids: Collection[UUID]) -> int:
    """Queue failed and expired notifications again, as far as their content is kept; gives how many."""
    with tenant(organization_id):
        rows = Notification.objects.of(organization_id).filter(
            pk__in=notification_ids, kind=Kind.NOTIFICATION, sealed_body__isnull=False
        )
        return _again(rows)


def _again(rows: NotificationQuerySet) -> int:
    """Queue again what failed or expired among these rows, for all their recipients: nobody has it yet."""
    ended = rows.filter(status__in=(Status.FAILED, Status.EXPIRED))
    return ended.update(recipient_outcomes={}, **_from_the_start())


def _undrop(rows: NotificationQuerySet) -> int:
    """Queue again what a person dropped; recipients who have it already get it no second time."""
    return rows.filter(status=Status.CANCELLED, last_code=DROPPED).update(**_from_the_start())


def _from_the_start() -> dict[str, object]:
    """Spell in columns: due now, with a full time to live."""
    return {
        "status": Status.QUEUED,
        "claims": 0,
        "ended_at": None,
        "next_at": Now(),
        "expires_at": Now() + timedelta(hours=settings.DELIVERY_EXPIRES_HOURS),
        **NO_LEASE,
    }


def cancel(organization_id: UUID, notification_id: UUID) -> Notification:
    """Cancel what has not left: taking the lease away keeps its worker from passing the marker (I10).

    Raises:
        TransitionRefused: it is being transmitted, or has ended.
    """
    return _move(
        organization_id,
        notification_id,
        sources=(Status.QUEUED, Status.LEASED, Status.UNCERTAIN),
        changed={"status": Status.CANCELLED, "ended_at": Now(), **NO_LEASE},
    )


def confirm_arrived(organization_id: UUID, notification_id: UUID) -> Notification:
    """A person found the message at its recipient: an uncertain one counts as sent (11).

    Raises:
        TransitionRefused: it is not uncertain.
    """
    return _move(
        organization_id,
        notification_id,
        sources=(Status.UNCERTAIN,),
        changed={
            "status": Status.ACCEPTED,
            "accepted_at": Coalesce("accepted_at", Now()),
            "ended_at": Now(),
            "last_code": "confirmed_by_person",
        },
    )


def send_again(organization_id: UUID, notification_id: UUID) -> Notification:
    """A person decided that an uncertain message did not arrive (11).

    Raises:
        TransitionRefused: it is not uncertain.
    """
    return _move(
        organization_id,
        notification_id,
        sources=(Status.UNCERTAIN,),
        changed=_from_the_start(),
    )


def _move(
    organization_id: UUID,
    notification_id: UUID,
    *,
    sources: tuple[Status, ...],
    changed: dict[str, object],
) -> Notification:
    with tenant(organization_id):
        rows = _notifications(organization_id, notification_id).filter(status__in=sources)
        if not rows.update(**changed):
            raise TransitionRefused(_refusal(organization_id, notification_id))
        moved = Notification.objects.of(organization_id).get(pk=notification_id)
        advance(organization_id, (moved.sequence,))
        return moved


def _notifications(organization_id: UUID, notification_id: UUID) -> NotificationQuerySet:
    rows = Notification.objects.of(organization_id)
    return rows.filter(pk=notification_id, kind=Kind.NOTIFICATION)


def _refusal(organization_id: UUID, notification_id: UUID) -> str:
    current = Notification.objects.of(organization_id).filter(pk=notification_id).first()
    if current is None:
        return _("This notification does not exist.")
    if Notification.objects.of(organization_id).filter(ASLEEP, pk=notification_id).exists():
        return _("This notification waits for the one before it. Retry or cancel that one.")
    is_dropped = current.status == Status.CANCELLED and current.last_code == DROPPED
    if current.sealed_body is None and (is_dropped or current.status in {Status.FAILED, Status.EXPIRED}):
        return _("The content of this notification is no longer kept. Send a new one.")
    if current.kind in TRIALS:
        return _("A test is run once. Start a new test.")
    return _("This notification is now: %(status)s. Nothing was changed.") % {
        "status": Status(current.status).label
    }
