"""One try at sending one notification."""

from __future__ import annotations

from django.db import models

from notifications.models.notification import Notification
from notifications.models.states import AttemptOutcome
from orgs.ids import uuid7
from orgs.models import TenantModel


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
