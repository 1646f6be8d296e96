"""What a connection's settings were before, without their secrets."""

from __future__ import annotations

from django.conf import settings as product
from django.db import models
from django.utils import timezone

from mailsettings.models.connections import Connection
from orgs.ids import uuid7
from orgs.models import TenantModel


class ConnectionVersion(TenantModel):
    """One save of a connection (COG-27); secrets are named when they changed, never kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=100)
    provider = models.CharField(max_length=40)
    settings = models.JSONField(default=dict)
    changed_secrets = models.JSONField(default=list)
    saved_at = models.DateTimeField(default=timezone.now)
    saved_by = models.ForeignKey(
        product.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["connection", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "connection", "number"], name="one_row_per_version"
            )
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.connection_id}"
