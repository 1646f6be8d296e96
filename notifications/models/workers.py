"""What workers know: how each connection fared for an organization, who is alive, and the marks of tests."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from orgs.ids import uuid7
from orgs.models import Organization, TenantModel


class Lane(TenantModel):
    """The row of a lane: one connection, as the workers of one organization's mail last met it.

    Screens read the reason mail waits from here. The lane without a connection stands for "nothing can send".
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # No foreign key: the default mailer's connection belongs to the platform, the lane to who uses it.
    connection_id = models.UUIDField(null=True, blank=True)
    # The lane mail went into last comes first.
    used_at = models.DateTimeField(default=timezone.now)
    way = models.CharField(max_length=200, blank=True)
    held_code = models.CharField(max_length=64, blank=True)
    held_reason = models.TextField(blank=True)
    # What the advice may name, such as the host; nothing secret, nothing of the platform's own mailer.
    held_facts = models.JSONField(default=dict, blank=True)
    held_since = models.DateTimeField(null=True, blank=True)
    resume_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    # Rests in a row that the other side asked for by being busy, without a single success between them.
    busy = models.PositiveIntegerField(default=0)
    # Real counters: what was accepted since `counted_since`, and the rate of the stretch before it.
    counted_since = models.DateTimeField(null=True, blank=True)
    counted = models.PositiveIntegerField(default=0)
    rate = models.FloatField(null=True, blank=True)
    rated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("organization", "-used_at")
        constraints = (
            models.UniqueConstraint(
                fields=["organization", "connection_id"], name="lane_once", nulls_distinct=False
            ),
        )

    def __str__(self) -> str:
        return f"lane of {self.organization_id} through {self.connection_id}"


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
