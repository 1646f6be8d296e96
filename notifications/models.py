"""The outbox: what is to be sent, and what became of it."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mailsettings.models import Connection, Draft
from orgs.ids import uuid7
from orgs.models import Organization, TenantModel, TenantQuerySet


class Status(models.TextChoices):
    """The nine states; *held* is said of a lane, never of a row (architecture §5)."""

    QUEUED = "queued", _("Queued")
    LEASED = "leased", _("Sending")
    TRANSMITTING = "transmitting", _("Sending")
    UNCERTAIN = "uncertain", _("Uncertain")
    ACCEPTED = "accepted", _("Sent")
    FAILED = "failed", _("Failed")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")
    SUPPRESSED = "suppressed", _("Suppressed")


IN_HAND = (Status.LEASED, Status.TRANSMITTING)
ENDED = (Status.ACCEPTED, Status.FAILED, Status.EXPIRED, Status.CANCELLED, Status.SUPPRESSED)
OPEN = (Status.QUEUED, *IN_HAND, Status.UNCERTAIN)


class Kind(models.TextChoices):
    """A test is settled at once; a notification is kept until it is out."""

    NOTIFICATION = "notification", _("Notification")
    TEST = "test", _("Test")


class Urgency(models.IntegerChoices):
    """Order of the queue inside one organization; smaller goes first (COG-45)."""

    HIGH = 0, _("High")
    NORMAL = 1, _("Normal")
    LOW = 2, _("Low")


class NotificationQuerySet(TenantQuerySet["Notification"]):
    """Named filters of the outbox."""

    def due(self) -> Self:
        """Queued notifications whose time has come, by the database's clock."""
        return self.filter(status=Status.QUEUED, kind=Kind.NOTIFICATION, next_at__lte=Now())

    def waiting_tests(self) -> Self:
        """Test emails nobody has taken yet."""
        return self.filter(status=Status.QUEUED, kind=Kind.TEST)

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

    idempotency_key = models.CharField(max_length=255, blank=True)
    idempotency_hash = models.CharField(max_length=64, blank=True)

    connection = models.ForeignKey(
        Connection, on_delete=models.SET_NULL, null=True, blank=True, related_name="notifications"
    )
    draft = models.ForeignKey(
        Draft, on_delete=models.SET_NULL, null=True, blank=True, related_name="notifications"
    )
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

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=["organization", "kind", "priority", "next_at", "id"],
                name="notification_claim",
                condition=models.Q(status="queued"),
            ),
            models.Index(
                fields=["organization", "next_at"],
                name="notification_due",
                condition=models.Q(status="queued"),
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


class AttemptOutcome(models.TextChoices):
    """What one try came to."""

    RUNNING = "running", _("Running")
    ACCEPTED = "accepted", _("Accepted")
    PARTIAL = "partial", _("Accepted for some")
    TEMPORARY = "temporary", _("Try again later")
    REFUSED = "refused", _("Refused")
    CONNECTION = "connection", _("Connection at fault")
    UNKNOWN = "unknown", _("Outcome unknown")


class DeliveryAttempt(TenantModel):
    """One try at sending one notification."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="delivery_attempts")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=12, choices=AttemptOutcome)
    code = models.CharField(max_length=64, blank=True)
    stage = models.CharField(max_length=32, blank=True)
    reply = models.TextField(blank=True)
    provider_code = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(max_length=200, blank=True)
    provider = models.CharField(max_length=40, blank=True)
    way_name = models.CharField(max_length=200, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    stages = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ("notification", "number")
        constraints = (
            models.UniqueConstraint(
                fields=["organization", "notification", "number"], name="attempt_number_once"
            ),
            models.CheckConstraint(
                condition=models.Q(outcome__in=AttemptOutcome.values), name="attempt_outcome_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.notification_id} #{self.number}"


class Lane(TenantModel):
    """The state of one organization's way out, as its workers last met it.

    Screens read the reason mail waits from here. One lane per organization today; lanes per connection
    add a connection to the key.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    way = models.CharField(max_length=200, blank=True)
    held_code = models.CharField(max_length=64, blank=True)
    held_reason = models.TextField(blank=True)
    held_since = models.DateTimeField(null=True, blank=True)
    resume_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("organization",)
        constraints = (models.UniqueConstraint(fields=["organization"], name="lane_once"),)

    def __str__(self) -> str:
        return f"lane of {self.organization_id}"


class WorkerHeartbeat(models.Model):
    """A worker process that is alive; holds nothing of any organization."""

    name = models.CharField(max_length=200, primary_key=True)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class TestMark(models.Model):
    """One test email that was started; written and counted by the database's own `take_test_mark` only."""

    id = models.BigAutoField(primary_key=True)
    # The database removes them by itself; no role of the product may.
    organization = models.ForeignKey(Organization, on_delete=models.DO_NOTHING, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, related_name="+")
    # SHA-256 of the address; the address itself is not kept.
    recipient = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"test mark {self.pk}"
