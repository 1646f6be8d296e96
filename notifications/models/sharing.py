"""The result of a test, shown to somebody without an account (NEW-3)."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from notifications.models.notification import Notification
from orgs.ids import uuid7
from orgs.models import TenantModel


class SharedResult(TenantModel):
    """A link to one failed test for an IT administrator; expires, and can be withdrawn."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="shared")
    # SHA-256 of the token in the link.
    token_hash = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["token_hash"], name="shared_by_token")]

    def __str__(self) -> str:
        return f"shared result {self.id}"
