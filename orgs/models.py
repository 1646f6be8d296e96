"""Who: people, organizations and what ties them together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Self, TypeVar
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from orgs.ids import uuid7

ACTING_AS_LIMIT = timedelta(minutes=60)
Row = TypeVar("Row", bound=models.Model, covariant=True)


class UserManager(BaseUserManager["User"]):
    """Makes people whose address is stored in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Store a person; without a password they cannot sign in until they set one."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        """Find a person by address, ignoring case."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """A person who signs in; belongs to organizations by memberships."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(_("Email address"), unique=True)
    name = models.CharField(_("Name"), max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    is_super_admin = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    class Meta:
        ordering = ["email"]
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_lower_case")
        ]

    def __str__(self) -> str:
        return self.name or self.email


class Organization(models.Model):
    """A tenant. The platform itself is the one reserved organization."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("Name"), max_length=150)
    slug = models.SlugField(_("Address"), max_length=60, unique=True)
    # The paid add-on: may this organization send through its own provider?
    custom_mail = models.BooleanField(_("Custom mail"), default=False)
    is_platform = models.BooleanField(default=False, editable=False)
    is_active = models.BooleanField(_("Active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_platform"], condition=Q(is_platform=True), name="one_platform_organization"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="organization_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class TenantQuerySet(models.QuerySet[Row]):
    """Rows of tenants; every query names its organization (the first wall, row security is the second)."""

    def of(self, organization: Organization | UUID) -> Self:
        """Only the rows of this organization."""
        key = organization.pk if isinstance(organization, Organization) else organization
        return self.filter(organization_id=key)


class TenantModel(models.Model):
    """Base of every table whose rows belong to an organization."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")

    objects = TenantQuerySet.as_manager()

    class Meta:
        abstract = True


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

    objects = ActingAsQuerySet.as_manager()

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
    subject = models.CharField(max_length=200, blank=True)
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
