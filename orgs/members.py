"""Members and their roles; every change is one audit entry, and one owner always stays."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from orgs import audit
from orgs.models import Membership, Role, User
from orgs.tenancy import OrganizationKey, organization_key, tenant


def add_member(
    *,
    organization: OrganizationKey,
    user: User,
    role: Role | str,
    actor: User | None = None,
    ip: str | None = None,
) -> Membership:
    """Give a person a place in the organization."""
    organization_id = organization_key(organization)
    with tenant(organization_id):
        if Membership.objects.of(organization_id).filter(user=user).exists():
            raise ValidationError({"email": gettext("This person is a member already.")})
        membership = Membership.objects.create(
            organization_id=organization_id, user=user, role=known_role(role)
        )
        audit.record(
            organization=organization_id,
            actor=actor,
            action="member.added",
            subject=user.email,
            detail={"after": {"role": membership.role}},
            ip=ip,
        )
    return membership


def change_role(
    *,
    organization: OrganizationKey,
    membership_id: UUID,
    role: Role | str,
    actor: User | None,
    ip: str | None = None,
) -> Membership:
    """Give a member another role; nobody changes their own, and the last owner stays one."""
    organization_id = organization_key(organization)
    wanted = known_role(role)
    with tenant(organization_id):
        membership = _for_change(organization_id, membership_id)
        before = membership.role
        if before == wanted:
            return membership
        if actor is not None and membership.user_id == actor.pk:
            raise ValidationError({"role": gettext("Ask another owner to change your own role.")})
        if before == Role.OWNER:
            _refuse_last_owner(organization_id, membership, field="role")
        membership.role = wanted
        membership.save(update_fields=["role"])
        audit.record(
            organization=organization_id,
            actor=actor,
            action="member.role_changed",
            subject=membership.user.email,
            detail={"before": {"role": before}, "after": {"role": wanted}},
            ip=ip,
        )
    return membership


def remove_member(
    *, organization: OrganizationKey, membership_id: UUID, actor: User | None, ip: str | None = None
) -> None:
    """Take a person's place away; their account stays."""
    organization_id = organization_key(organization)
    with tenant(organization_id):
        membership = _for_change(organization_id, membership_id)
        if actor is not None and membership.user_id == actor.pk:
            raise ValidationError(gettext("Ask another owner to remove you from this organization."))
        if membership.role == Role.OWNER:
            _refuse_last_owner(organization_id, membership, field=None)
        subject, role = membership.user.email, membership.role
        membership.delete()
        audit.record(
            organization=organization_id,
            actor=actor,
            action="member.removed",
            subject=subject,
            detail={"before": {"role": role}},
            ip=ip,
        )


def known_role(role: Role | str) -> Role:
    """Read a role by its name, or name the field that is wrong."""
    try:
        return Role(role)
    except ValueError:
        raise ValidationError({"role": gettext("Choose one of the roles of the list.")}) from None


def _for_change(organization_id: UUID, membership_id: UUID) -> Membership:
    """Lock every owner and the member, in one order: two owners cannot demote each other at once."""
    rows = Membership.objects.of(organization_id).select_for_update(of=("self",)).order_by("id")
    locked = {row.pk: row for row in rows.select_related("user")}
    if membership_id not in locked:
        raise Membership.DoesNotExist
    return locked[membership_id]


def _refuse_last_owner(organization_id: UUID, membership: Membership, *, field: str | None) -> None:
    others = Membership.objects.of(organization_id).filter(role=Role.OWNER, user__is_active=True)
    if not others.exclude(pk=membership.pk).exists():
        message = gettext("An organization keeps at least one owner. Make somebody else an owner first.")
        raise ValidationError({field: message} if field else message)
