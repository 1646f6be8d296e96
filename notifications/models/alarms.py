"""What is wrong with an organization's mail right now, so that it is told once and its end is known."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from orgs.ids import uuid7
from orgs.models import TenantModel


class AlarmKind(models.TextChoices):
    """What can be wrong; each is told by an event when it begins and when it ends."""

    BACKUP_IN_USE = "backup.in_use"
    ALL_FAILING = "connections.all_failing"
    QUEUE_TOO_OLD = "queue.too_old"


class Alarm(TenantModel):
    """One trouble from its beginning to its end; the row is removed when it is over."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=32, choices=AlarmKind)
    subject_id = models.UUIDField(null=True, blank=True)
    began_at = models.DateTimeField(default=timezone.now)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("organization", "began_at")
        constraints = (
            models.UniqueConstraint(
                fields=["organization", "kind", "subject_id"], name="alarm_once", nulls_distinct=False
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.organization_id}"
