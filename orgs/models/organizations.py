"""Organizations, and the base of everything that belongs to one."""

from __future__ import annotations

from typing import Self, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orgs.ids import uuid7

Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)


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


class TenantQuerySet(models.QuerySet[Row_co]):
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
