"""What a super admin does across organizations; what concerns one organization is done by `orgs.services`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404

from console import board
from orgs.models import ActingAs, AuditEntry, Invitation, Membership, Organization, Role, User
from orgs.services import create_organization, invite
from orgs.tenancy import SYSTEM

MEMBERS_SHOWN = 10
CHANGES_SHOWN = 6


@dataclass(frozen=True, kw_only=True)
class Dossier:
    """One organization as the console shows it."""

    line: board.BoardLine
    members: list[Membership]
    member_count: int
    invitations: list[Invitation]
    changes: list[AuditEntry]
    acting_as: ActingAs | None


def add_organization(*, name: str, owner_email: str, actor: User, ip: str | None) -> Organization:
    """Create an organization and invite its first owner."""
    organization = create_organization(name=name, actor=actor, ip=ip)
    invite(organization=organization, email=owner_email, role=Role.OWNER, actor=actor, ip=ip)
    return organization


def organization_by_slug(slug: str) -> Organization:
    """Find an organization for the console, suspended ones too."""
    found = Organization.objects.using(SYSTEM).filter(slug=slug).first()
    if found is None:
        raise Http404
    return found


def dossier(*, slug: str, user: User) -> Dossier:
    """Gather what the page of one organization shows."""
    row: Any = board.measured().filter(slug=slug).first()
    if row is None:
        raise Http404
    members = Membership.objects.using(SYSTEM).of(row.pk).select_related("user")
    invitations = Invitation.objects.using(SYSTEM).of(row.pk).filter(accepted_at=None, withdrawn_at=None)
    changes = AuditEntry.objects.using(SYSTEM).of(row.pk).order_by("-seq")
    return Dossier(
        line=board.lines([row])[0],
        members=list(members.order_by("role", "user__email")[:MEMBERS_SHOWN]),
        member_count=members.count(),
        invitations=list(invitations[:MEMBERS_SHOWN]),
        changes=list(changes[:CHANGES_SHOWN]),
        acting_as=ActingAs.objects.using(SYSTEM).live().filter(organization=row.pk, user=user).first(),
    )
