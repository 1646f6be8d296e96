"""What is written down: the audit trail, events for the rooms above, key check values."""

from __future__ import annotations

from django.db import models

from orgs.ids import uuid7
from orgs.models.organizations import TenantModel


class AuditEntry(TenantModel):
    """One line of an organization's audit trail; written by `orgs.audit.record` only, changed by nobody."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    seq = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    # No foreign key: the entry outlives the person, and it never changes.
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=254)
    on_behalf_of = models.CharField(max_length=254, blank=True)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=254, blank=True)
    ip = models.GenericIPAddressField(null=True)
    detail = models.JSONField(default=dict)
    prev = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        ordering = ["-seq"]
        verbose_name_plural = "audit entries"
        constraints = [
            models.UniqueConstraint(fields=["organization", "seq"], name="audit_chain_has_no_fork")
        ]

    def __str__(self) -> str:
        return f"{self.action} ({self.seq})"


class Event(TenantModel):
    """Something the rooms above may want to tell people; written in the transaction that caused it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=60)
    subject_id = models.UUIDField(null=True)
    detail = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["organization", "created_at"], name="event_by_age")]

    def __str__(self) -> str:
        return self.kind


class KeyCheck(models.Model):
    """Proves that a key of the ring is still the key of that name; tells nothing about the key."""

    kid = models.CharField(primary_key=True, max_length=16)
    value = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "kid"]

    def __str__(self) -> str:
        return self.kid
