"""What the DNS said about a sender's domain."""

from __future__ import annotations

from django.db import models

from orgs.ids import uuid7
from orgs.models import TenantModel


class DomainReport(TenantModel):
    """The last look at one sender domain of an organization (NEW-19)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    domain = models.CharField(max_length=253)
    # Keys of the mail services whose records were looked for, and a selector an admin typed.
    services = models.JSONField(default=list)
    selector = models.CharField(max_length=63, blank=True)
    # One entry per record, as `mailsettings.domain.findings.Finding` stores it; then codes of warnings.
    records = models.JSONField(default=list)
    warnings = models.JSONField(default=list)
    checked_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["organization", "domain"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "domain"], name="one_report_per_domain")
        ]

    def __str__(self) -> str:
        return self.domain
