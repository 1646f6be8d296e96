"""One request to send: a row of the outbox."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from mailsettings.models import Connection, Draft, RoutingRule
from notifications.models.states import IN_HAND, TRIALS, Kind, Status, Urgency
from orgs.ids import uuid7
from orgs.models import TenantModel, TenantQuerySet


class NotificationQuerySet(TenantQuerySet["Notification"]):
    """Named filters of the outbox."""

    def due(self) -> Self:
        """Queued notifications whose time has come, by the database's clock."""
        return self.filter(status=Status.QUEUED, kind=Kind.NOTIFICATION, next_at__lte=Now())

    def waiting_tests(self) -> Self:
        """Tests and verifications nobody has taken yet."""
        return self.filter(status=Status.QUEUED, kind__in=TRIALS)

    def mails(self) -> Self:
        """What is or was to become a mail: all but verifications, which send none."""
        return self.exclude(kind=Kind.VERIFICATION)

    def lost(self) -> Self:
        """Rows whose worker did not come back in time."""
        return self.filter(status__in=IN_HAND, lease_until__lte=Now())

    def over_age(self) -> Self:
        """Queued notifications nobody needs any more."""
        return self.filter(status=Status.QUEUED, kind=Kind.NOTIFICATION, expires_at__lte=Now())


class Notification(TenantModel):
    """One request to send: a row of the outbox."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.NOTIFICATION)
    notification_type = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    priority = models.PositiveSmallIntegerField(choices=Urgency, default=Urgency.NORMAL)
    subject = models.TextField(blank=True)
    sender_email = models.TextField(blank=True)
    sender_name = models.TextField(blank=True)
    recipients = models.JSONField()
    recipient_outcomes = models.JSONField(default=dict, blank=True)
    headers = models.JSONField(default=list, blank=True)
    attachment_list = models.JSONField(default=list, blank=True)
    size = models.PositiveIntegerField(default=0)
    sealed_body = models.BinaryField(null=True)
    content_removed_at = models.DateTimeField(null=True, blank=True)
    secret_content = models.BooleanField(default=False)
    message_id = models.TextField(blank=True)
    message_date = models.DateTimeField(default=timezone.now)
    # Messages of one sequence go one after the other, and stop when one fails (COG-40).
    sequence = models.UUIDField(null=True, blank=True)
    sequence_place = models.PositiveIntegerField(default=0)
    idempotency_key = models.CharField(max_length=255, blank=True)
    idempotency_hash = models.CharField(max_length=64, blank=True)
    connection = models.ForeignKey(
        Connection, on_delete=models.SET_NULL, null=True, blank=True, related_name="notifications"
    )
    draft = models.ForeignKey(
        Draft, on_delete=models.SET_NULL, null=True, blank=True, related_name="notifications"
    )
    # The connection a rule chose when it was queued; empty means the order of connections.
    route = models.ForeignKey(
        Connection, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    route_falls_back = models.BooleanField(default=True)
    rule = models.ForeignKey(
        RoutingRule, on_delete=models.SET_NULL, null=True, blank=True, related_name="notifications"
    )
    # The rule's place as it was then.
    rule_place = models.PositiveSmallIntegerField(null=True, blank=True)
    # Another connection than the first one meant for it took over.
    took_over = models.BooleanField(default=False)
    way_name = models.CharField(max_length=200, blank=True)
    provider = models.CharField(max_length=40, blank=True)
    via_default_mailer = models.BooleanField(default=False)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    leased_by = models.CharField(max_length=200, blank=True)
    claims = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)

    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_code = models.CharField(max_length=64, blank=True)
    last_reply = models.TextField(blank=True)
    provider_id = models.TextField(blank=True)

    objects: ClassVar[NotificationQuerySet] = NotificationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=["organization", "kind", "route", "priority", "next_at", "id"],
                name="notification_claim",
                condition=models.Q(status="queued"),
            ),
            models.Index(
                fields=["organization", "next_at"],
                name="notification_due",
                condition=models.Q(status="queued"),
            ),
            models.Index(
                fields=["route", "next_at"],
                name="notification_route",
                condition=models.Q(status="queued", route__isnull=False),
            ),
            models.Index(
                fields=["route"], name="notification_routed", condition=models.Q(route__isnull=False)
            ),
            models.Index(
                fields=["organization", "rule", "created_at"],
                name="notification_rule",
                condition=models.Q(rule__isnull=False),
            ),
            models.Index(
                fields=["organization", "lease_until"],
                name="notification_lease",
                condition=models.Q(status__in=("leased", "transmitting")),
            ),
            models.Index(
                fields=["expires_at"], name="notification_over_age", condition=models.Q(status="queued")
            ),
            models.Index(
                fields=["ended_at"],
                name="notification_content",
                condition=models.Q(sealed_body__isnull=False),
            ),
            models.Index(fields=["organization", "-id"], name="notification_page"),
            models.Index(
                fields=["organization", "sequence", "sequence_place"],
                name="notification_sequence",
                condition=models.Q(sequence__isnull=False),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(status__in=Status.values), name="notification_status_known"
            ),
            models.CheckConstraint(condition=models.Q(kind__in=Kind.values), name="notification_kind_known"),
            models.CheckConstraint(
                condition=models.Q(priority__in=Urgency.values), name="notification_priority_known"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=("leased", "transmitting"),
                    lease_token__isnull=False,
                    lease_until__isnull=False,
                )
                | ~models.Q(status__in=("leased", "transmitting")) & models.Q(lease_token__isnull=True),
                name="notification_leased_has_token",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=("accepted", "failed", "expired", "cancelled", "suppressed"),
                    ended_at__isnull=False,
                )
                | models.Q(
                    status__in=("queued", "leased", "transmitting", "uncertain"), ended_at__isnull=True
                ),
                name="notification_ended_has_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="accepted") | models.Q(accepted_at__isnull=False),
                name="notification_accepted_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(sealed_body__isnull=False, content_removed_at__isnull=True)
                | models.Q(sealed_body__isnull=True, content_removed_at__isnull=False),
                name="notification_content_or_removed",
            ),
            models.UniqueConstraint(
                fields=["organization", "idempotency_key"],
                name="notification_idempotency",
                condition=~models.Q(idempotency_key=""),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
