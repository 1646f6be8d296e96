"""Mail settings, connections, their sealed secrets, and drafts that are only tried."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from orgs.ids import uuid7
from orgs.models import TenantModel


class Doubtful(models.TextChoices):
    """What happens to a message whose reply was lost after the final dot."""

    RESEND = "resend", _("Send again")
    HOLD = "hold", _("Hold for a person")


class MailSettings(TenantModel):
    """One row per organization: its switch and the version every save raises."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    smtp_enabled = models.BooleanField(_("SMTP enabled"), default=False)
    version = models.PositiveIntegerField(default=1)
    doubtful = models.CharField(max_length=8, choices=Doubtful, default=Doubtful.RESEND)
    # Whether mail may leave through the platform's mailer when every connection of the order fails.
    default_mailer_last = models.BooleanField(default=False)
    routing_enabled = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey("orgs.User", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization"], name="one_mail_settings_per_organization")
        ]

    def __str__(self) -> str:
        return f"mail settings of {self.organization_id}"


class Rank(models.TextChoices):
    """The place of a connection among its organization's."""

    PRIMARY = "primary", _("Primary")
    BACKUP = "backup", _("Backup")
    ADDITIONAL = "additional", _("Routing only")


class Connection(TenantModel):
    """One saved way out: provider, typed settings, and how it fares."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    provider = models.CharField(max_length=40)
    settings = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    rank = models.CharField(max_length=10, choices=Rank, default=Rank.PRIMARY)
    # Order among the organization's; the primary one comes first whatever its number.
    place = models.PositiveSmallIntegerField(default=0)
    enabled = models.BooleanField(default=True)
    verified_at = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    # Held: this connection's mail stays queued until `probe_at`, then one message is tried.
    held_code = models.CharField(max_length=40, blank=True)
    held_reply = models.CharField(max_length=600, blank=True)
    held_since = models.DateTimeField(null=True)
    held_probes = models.PositiveSmallIntegerField(default=0)
    probe_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey("orgs.User", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["organization", "name"]
        constraints = [
            models.UniqueConstraint("organization", Lower("name"), name="one_connection_per_name"),
            models.UniqueConstraint(
                fields=["organization"], condition=Q(rank="primary"), name="one_primary_per_organization"
            ),
            models.CheckConstraint(
                condition=Q(held_code="") | Q(held_since__isnull=False), name="held_connection_has_a_time"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StoredSecret(TenantModel):
    """One sealed secret of a connection; its clear text never comes back to a browser."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="secrets")
    field = models.CharField(max_length=40)
    # The secret that will take over from the current one (NEW-5).
    is_next = models.BooleanField(default=False)
    expires_on = models.DateField(null=True)
    tested_at = models.DateTimeField(null=True)
    blob = models.BinaryField()
    # The last four characters of a generated secret of 16 or more, never of a password.
    hint = models.CharField(max_length=4, blank=True)
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey("orgs.User", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "connection", "field", "is_next"], name="one_secret_per_slot"
            )
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.connection_id}"


class Draft(TenantModel):
    """Values on a screen that are not saved: what a test tries, and what the page can bring back."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The saved connection whose secrets stand in for the ones left empty, if any.
    connection = models.ForeignKey(Connection, null=True, on_delete=models.CASCADE, related_name="drafts")
    provider = models.CharField(max_length=40)
    settings = models.JSONField(default=dict)
    # Field name → base64 of the sealed secret that was typed.
    sealed = models.JSONField(default=dict)
    base_version = models.PositiveIntegerField()
    # The name typed for the connection; without a connection a new one is made with it.
    name = models.CharField(max_length=100, blank=True, default="")
    # Whether saving it makes the connection the primary one and switches SMTP on.
    activate = models.BooleanField(default=True)
    # For the audit trail of a save that a worker finishes: from where, and acting as the organization or not.
    asked_from = models.GenericIPAddressField(null=True)
    acting_as = models.BooleanField(default=False)
    # When a test of exactly these values succeeded.
    passed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey("orgs.User", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="draft_by_age")]

    def __str__(self) -> str:
        return f"draft {self.id}"
