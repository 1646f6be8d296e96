"""Rules that send some mail through a certain connection (WPM-34)."""

from __future__ import annotations

from django.conf import settings as product
from django.db import models

from mailsettings.models.connections import Connection
from orgs.ids import uuid7
from orgs.models import TenantModel


class RoutingRule(TenantModel):
    """One rule; the first enabled one that matches decides, none means the order of connections."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    place = models.PositiveSmallIntegerField()
    enabled = models.BooleanField(default=True)
    # Removing a connection never removes a rule on the quiet: rules are re-pointed or removed first.
    connection = models.ForeignKey(Connection, on_delete=models.RESTRICT, related_name="rules")
    # Whether the order of connections takes over when this connection fails.
    falls_back = models.BooleanField(default=True)
    # Groups, one of which must match; a group is a list of conditions, all of which must.
    groups = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(
        product.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["organization", "place", "created_at"]

    def __str__(self) -> str:
        return f"rule {self.place} of {self.organization_id}"
