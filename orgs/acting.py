"""Acting as an organization: a super admin's explicit, reasoned, recorded and short entry."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models.functions import Now
from django.utils.translation import gettext

from orgs import audit
from orgs.models import ACTING_AS_LIMIT, ActingAs, Organization, User
from orgs.tenancy import one_at_a_time, tenant

REASON_LENGTH = 200


def enter_organization(*, user: User, organization_id: UUID, reason: str, ip: str | None = None) -> ActingAs:
    """Let a super admin act as an organization for an hour; a switch that is still open starts anew."""
    if not (user.is_super_admin and user.is_active):
        raise PermissionDenied(gettext("Only a super admin can act as an organization."))
    why = " ".join(reason.split())
    if not why:
        raise ValidationError({"reason": gettext("Say why, for example the number of the support case.")})
    if len(why) > REASON_LENGTH:
        message = gettext("Say it in at most %(limit)d characters.") % {"limit": REASON_LENGTH}
        raise ValidationError({"reason": message})
    with tenant(organization_id):
        one_at_a_time("orgs.acting")
        organization = Organization.objects.get(pk=organization_id)
        ActingAs.objects.of(organization).filter(user=user, ended_at=None).update(ended_at=Now())
        acting_as = ActingAs.objects.create(
            organization=organization,
            user=user,
            reason=why,
            started_at=Now(),
            expires_at=Now() + ACTING_AS_LIMIT,
        )
        acting_as.refresh_from_db(fields=["started_at", "expires_at"])
        audit.record(
            organization=organization,
            actor=user,
            action="acting_as.started",
            subject=organization.name,
            detail={"reason": why, "ends": acting_as.expires_at},
            on_behalf_of=organization,
            ip=ip,
        )
    return acting_as


def leave_organization(*, user: User, organization_id: UUID, ip: str | None = None) -> bool:
    """End the super admin's switch; tell whether one was open."""
    with tenant(organization_id):
        organization = Organization.objects.get(pk=organization_id)
        switch = ActingAs.objects.of(organization).filter(user=user, ended_at=None)
        if not switch.update(ended_at=Now()):
            return False
        audit.record(
            organization=organization,
            actor=user,
            action="acting_as.ended",
            subject=organization.name,
            on_behalf_of=organization,
            ip=ip,
        )
    return True
