"""A person's way into an organization: membership, invitation, acting as it."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from orgs.ids import uuid7
from orgs.models.organizations import TenantModel, TenantQuerySet
from orgs.models.people import User

ACTING_AS_LIMIT = timedelta(minutes=60)


class Role(models.TextChoices):
    """A member's place in an organization (what each may do: `orgs.access`)."""

    OWNER = "owner", _("Owner")
    MAIL_ADMIN = "mail_admin", _("Mail admin")
    DELIVERIES = "deliveries", _("Deliveries")
    READ_ONLY = "read_only", _("Read only")


class Membership(TenantModel):
    """A person's place in an organization."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("Role"), max_length=12, choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="one_membership_per_person"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.organization_id}: {self.role}"


class InvitationQuerySet(TenantQuerySet["Invitation"]):
    """Named filters of invitations."""

    def open(self) -> Self:
        """Neither accepted, withdrawn nor too old by the clock of the database."""
        return self.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=Now())


class Invitation(TenantModel):
    """An open door for one address; only the hash of its token is stored."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(_("Email address"))
    role = models.CharField(_("Role"), max_length=12, choices=Role)
    token_hash = models.BinaryField(max_length=32)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects: ClassVar[InvitationQuerySet] = InvitationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["token_hash"], name="invitation_by_token")]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="one_open_invitation_per_address",
            ),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="invitation_email_lower_case"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_known"),
        ]

    def __str__(self) -> str:
        return f"invitation {self.id}"


class ActingAsQuerySet(TenantQuerySet["ActingAs"]):
    """Named filters of acting-as switches."""

    def live(self) -> Self:
        """Neither ended by hand nor by the clock of the database."""
        return self.filter(ended_at=None, expires_at__gt=Now())


class ActingAs(TenantModel):
    """A super admin's explicit, reasoned and time-limited entry into an organization."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(_("Reason"), max_length=200)
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[ActingAsQuerySet] = ActingAsQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user"], condition=Q(ended_at=None), name="one_open_acting_as"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="acting_as_has_a_reason"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("started_at"))
                & Q(expires_at__lte=F("started_at") + ACTING_AS_LIMIT),
                name="acting_as_is_short",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} acting as {self.organization_id}"
