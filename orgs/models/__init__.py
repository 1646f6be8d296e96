"""Who: people, organizations and what ties them together."""

from __future__ import annotations

from orgs.models.organizations import Organization, TenantModel, TenantQuerySet
from orgs.models.people import User
from orgs.models.places import ACTING_AS_LIMIT, ActingAs, Invitation, Membership, Role
from orgs.models.records import AuditEntry, Event, KeyCheck

__all__ = [
    "ACTING_AS_LIMIT",
    "ActingAs",
    "AuditEntry",
    "Event",
    "Invitation",
    "KeyCheck",
    "Membership",
    "Organization",
    "Role",
    "TenantModel",
    "TenantQuerySet",
    "User",
]
