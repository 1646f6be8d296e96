"""The tokens of a connection, sealed, shared by all workers."""

from __future__ import annotations

from django.db import models

from mailsettings.models.connections import Connection
from orgs.ids import uuid7
from orgs.models import TenantModel

# Secrets of a form that are tokens of a grant, unlike those that prove who asks for one.
TYPED_TOKENS = frozenset({"refresh_token", "access_token"})


class ConnectionToken(TenantModel):
    """The access and refresh token of one connection, and the lease of whoever renews them (C-OAU-6)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="tokens")
    # The connection's version the tokens were made for; those of another version are never used (C-OAU-7).
    version = models.PositiveIntegerField()
    # Raised by every renewal, so that a renewal knows whether somebody else was faster.
    generation = models.PositiveIntegerField(default=0)
    access = models.BinaryField(null=True)
    access_expires_at = models.DateTimeField(null=True)
    # How long the access token was made for, in seconds: short ones are renewed with a smaller margin.
    access_lasts = models.FloatField(default=3600)
    # What may be shown of an access token: tenant, application, audience, roles, scopes (NEW-4).
    claims = models.JSONField(default=dict)
    # The roles it says it carries (null: it cannot be read), and the scopes the token endpoint granted.
    roles = models.JSONField(null=True)
    scopes = models.JSONField(default=list)
    refresh = models.BinaryField(null=True)
    renewed_at = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["organization", "connection"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "connection"], name="one_token_row_per_connection"
            )
        ]

    def __str__(self) -> str:
        return f"tokens of {self.connection_id}"
