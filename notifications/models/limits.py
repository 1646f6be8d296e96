"""What a connection may take: sessions at a time, messages a minute, and who uses them now."""

from __future__ import annotations

from django.db import models

from mailsettings.models import Connection
from orgs.models import Organization, TenantModel


class ConnectionLimit(TenantModel):
    """Limits of one connection, shared by all workers; empty means the preset of its provider."""

    connection = models.OneToOneField(
        Connection, primary_key=True, on_delete=models.CASCADE, related_name="limit"
    )
    # Where a session has several requests under way at a time, such as Graph's, these are requests.
    sessions = models.PositiveSmallIntegerField(null=True, blank=True)
    # 0 means no limit.
    per_minute = models.PositiveIntegerField(null=True, blank=True)
    # The other side asked for patience; nobody opens a session before this.
    rest_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("connection",)

    def __str__(self) -> str:
        return f"limit of {self.connection_id}"


class ConnectionSlot(models.Model):
    """One session somebody has open; written by the database's own functions only."""

    token = models.UUIDField(primary_key=True)
    connection = models.ForeignKey(Connection, on_delete=models.DO_NOTHING, related_name="+")
    organization = models.ForeignKey(Organization, on_delete=models.DO_NOTHING, related_name="+")
    # Who has it open; nobody waits for a worker whose heart stopped.
    worker = models.TextField()
    # How many messages the session may have under way at a time.
    requests = models.PositiveSmallIntegerField()
    # A holder that crashed leaves its slot at this time, by the database's clock.
    until = models.DateTimeField()

    class Meta:
        ordering = ("token",)

    def __str__(self) -> str:
        return f"slot {self.token}"


class ConnectionGrant(models.Model):
    """Permits to send, or bytes to upload: from when they are given until a minute, or five, after use."""

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(Connection, on_delete=models.DO_NOTHING, related_name="+")
    token = models.UUIDField()
    amount = models.PositiveBigIntegerField()
    is_upload = models.BooleanField(default=False)
    spent = models.BooleanField(default=False)
    until = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"grant {self.pk}"
