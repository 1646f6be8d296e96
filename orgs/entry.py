"""Look-ups before an organization is known (architecture §4): whose door is this?"""

from __future__ import annotations

import hashlib
from uuid import UUID

from django.db import connections

from orgs.models import ActingAs, Membership, User
from orgs.tenancy import ALIAS, person


def membership_by_slug(user: User, slug: str) -> Membership | None:
    """Find the person's place in the active organization at this address."""
    with person(user.pk):
        return (
            Membership.objects.filter(user=user, organization__slug=slug, organization__is_active=True)
            .select_related("organization")
            .first()
        )


def acting_as_by_slug(user: User, slug: str) -> ActingAs | None:
    """Find the super admin's live switch into the organization at this address, suspended or not."""
    if not user.is_super_admin:
        return None
    with person(user.pk):
        return (
            ActingAs.objects.live()
            .filter(user=user, organization__slug=slug)
            .select_related("organization")
            .first()
        )


def memberships_of(user: User) -> list[Membership]:
    """List the person's places in active organizations, by name of the organization."""
    with person(user.pk):
        rows = Membership.objects.filter(user=user, organization__is_active=True)
        return list(rows.select_related("organization").order_by("organization__name", "id"))


def acting_as_of(user: User) -> list[ActingAs]:
    """List the super admin's live switches, the newest first."""
    if not user.is_super_admin:
        return []
    with person(user.pk):
        return list(ActingAs.objects.live().filter(user=user).select_related("organization"))


def token_hash(token: str) -> bytes:
    """Give what is stored of a token that was sent out."""
    return hashlib.sha256(token.encode()).digest()


def organization_of_invitation(token: str) -> UUID | None:
    """Tell which organization an open invitation belongs to; None when it is used, withdrawn or too old."""
    return _found("SELECT orgs_invitation_organization(%s)", token)


def organization_of_consent(state: str) -> UUID | None:
    """Tell which organization a consent request was begun for, whatever became of it since."""
    return _found("SELECT mailsettings_consent_organization(%s)", state)


def organization_of_shared_result(token: str) -> UUID | None:
    """Tell which organization a shared result belongs to; None when it ended or was withdrawn."""
    return _found("SELECT notifications_shared_organization(%s)", token)


def _found(question: str, token: str) -> UUID | None:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(question, [token_hash(token)])
        row: tuple[UUID | None] | None = cursor.fetchone()
    return row[0] if row else None
