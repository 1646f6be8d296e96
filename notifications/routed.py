"""What the rooms below want to know of the outbox: how often rules chose, and messages to try rules with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from mailsettings.routing.outbox import OUTBOXES, Delivery
from mailsettings.routing.sample import Sample
from notifications.models import Kind, Notification, NotificationQuerySet

LATEST = 10


class RoutedMail:
    """The outbox as rules see it."""

    def chosen_since(self, organization_id: UUID, since: datetime) -> Mapping[UUID, int]:
        """Count the messages each rule chose a connection for, by one query."""
        rows = Notification.objects.of(organization_id).filter(rule__isnull=False, created_at__gte=since)
        return dict(rows.order_by().values_list("rule").annotate(Count("pk")))

    def latest(self, organization_id: UUID) -> Sequence[Delivery]:
        """Give some of the last messages, newest first."""
        rows = _real(organization_id).only("id", "subject", "recipients", "created_at")
        return [
            Delivery(
                key=row.pk,
                subject=row.subject,
                to=", ".join(_emails(row, "to") or _emails(row, "cc") or _emails(row, "bcc")),
                at=row.created_at,
            )
            for row in rows.order_by("-id")[:LATEST]
        ]

    def sample(self, organization_id: UUID, key: UUID) -> Sample | None:
        """Give what rules see of a message but its body, which is private; None for no such message."""
        row = _real(organization_id).defer("sealed_body").filter(pk=key).first()
        if row is None:
            return None
        return Sample(
            subject=row.subject,
            from_address=row.sender_email,
            from_name=row.sender_name,
            to=_emails(row, "to"),
            cc=_emails(row, "cc"),
            bcc=_emails(row, "bcc"),
            reply_to=_emails(row, "reply_to"),
            headers=tuple((name, value) for name, value in row.headers),
            notification_type=row.notification_type,
        )


def _real(organization_id: UUID) -> NotificationQuerySet:
    """Find the mails rules are asked about."""
    return Notification.objects.of(organization_id).filter(kind=Kind.NOTIFICATION)


def _emails(row: Notification, kind: str) -> tuple[str, ...]:
    return tuple(one["email"] for one in row.recipients[kind])


def hang_up_routed() -> None:
    """Answer the rules' questions, once; called when the apps are ready."""
    if not any(isinstance(outbox, RoutedMail) for outbox in OUTBOXES):
        OUTBOXES.append(RoutedMail())
