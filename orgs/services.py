"""What can be done with organizations, their members and the switch into them."""

from __future__ import annotations

import re
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext

from orgs import audit
from orgs.acting import enter_organization, leave_organization
from orgs.events import emit
from orgs.invitations import (
    accept_invitation,
    find_invitation,
    invite,
    register_invited,
    withdraw_invitation,
)
from orgs.members import add_member, change_role, remove_member
from orgs.models import Organization, User
from orgs.setup import PLATFORM_ID
from orgs.tenancy import ALIAS, SYSTEM

__all__ = [
    "accept_invitation",
    "add_member",
    "change_role",
    "create_organization",
    "enter_organization",
    "find_invitation",
    "grant_custom_mail",
    "invite",
    "leave_organization",
    "make_super_admin",
    "platform_organization_id",
    "register_invited",
    "remove_member",
    "set_organization_active",
    "withdraw_invitation",
]

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SLUG_LENGTH = 60
NAME_LENGTH = 150


def platform_organization_id() -> UUID:
    """Give the id of the reserved organization whose connections are the default mailer."""
    return PLATFORM_ID


def create_organization(
    *,
    name: str,
    slug: str | None = None,
    custom_mail: bool = False,
    actor: User | None = None,
    ip: str | None = None,
) -> Organization:
    """Create an organization; without a slug a free one is made from the name."""
    _require_super_admin(actor)
    title = " ".join(name.split())
    if not title or len(title) > NAME_LENGTH:
        message = gettext("Enter a name of 1 to %(limit)d characters.") % {"limit": NAME_LENGTH}
        raise ValidationError({"name": message})
    with transaction.atomic(using=SYSTEM):
        organization = Organization(
            name=title, slug=_free_slug(title) if slug is None else _own_slug(slug), custom_mail=custom_mail
        )
        try:
            organization.save(using=SYSTEM, force_insert=True)
        except IntegrityError:
            raise _slug_taken(organization.slug) from None
        audit.record(
            organization=organization,
            actor=actor,
            action="organization.created",
            subject=title,
            detail={"after": {"slug": organization.slug, "custom_mail": custom_mail}},
            ip=ip,
            using=SYSTEM,
        )
    # From here on it is used like any other: rows hung on it must not follow it to the system alias.
    organization._state.db = ALIAS  # noqa: SLF001  # Django's own place for it
    return organization


def make_super_admin(person: User) -> None:
    """Save a person as a super admin, by the system role: the database refuses it from any page or task."""
    person.is_super_admin = True
    with transaction.atomic(using=SYSTEM):
        person.save(using=SYSTEM)
        audit.record(
            organization=PLATFORM_ID,
            actor=None,
            action="super_admin.made",
            subject=person.email,
            using=SYSTEM,
        )
    person._state.db = ALIAS  # noqa: SLF001  # as in create_organization


def grant_custom_mail(
    *, organization_id: UUID, granted: bool, actor: User | None, ip: str | None = None
) -> Organization:
    """Grant or withdraw the add-on; what is stored stays stored."""
    return _switch(organization_id, field="custom_mail", value=granted, actor=actor, ip=ip)


def set_organization_active(
    *, organization_id: UUID, active: bool, actor: User | None, ip: str | None = None
) -> Organization:
    """Suspend an organization or let it in again; the platform's own cannot be suspended."""
    if organization_id == PLATFORM_ID and not active:
        raise ValidationError(gettext("The organization of the platform itself cannot be suspended."))
    return _switch(organization_id, field="is_active", value=active, actor=actor, ip=ip)


def _switch(
    organization_id: UUID, *, field: str, value: bool, actor: User | None, ip: str | None
) -> Organization:
    """Set one yes-or-no of an organization as the system role; say nothing when it is set already."""
    _require_super_admin(actor)
    action = f"organization.{field.removeprefix('is_')}_changed"
    with transaction.atomic(using=SYSTEM):
        organization = Organization.objects.using(SYSTEM).select_for_update().get(pk=organization_id)
        before = getattr(organization, field)
        if before != value:
            setattr(organization, field, value)
            organization.save(using=SYSTEM, update_fields=[field])
            detail = {"before": {field: before}, "after": {field: value}}
            audit.record(
                organization=organization,
                actor=actor,
                action=action,
                subject=organization.name,
                detail=detail,
                ip=ip,
                using=SYSTEM,
            )
            emit(organization=organization, kind=action, detail=detail["after"], using=SYSTEM)
    organization._state.db = ALIAS  # noqa: SLF001  # as in create_organization
    return organization


def _require_super_admin(actor: User | None) -> None:
    """Commands and start-up have no actor; a person must be a super admin."""
    if actor is not None and not (actor.is_super_admin and actor.is_active):
        raise PermissionDenied(gettext("Only a super admin can do this."))


def _own_slug(slug: str) -> str:
    wanted = slug.strip().lower()
    if len(wanted) > SLUG_LENGTH or not SLUG.fullmatch(wanted):
        message = gettext(
            "Use up to %(limit)d lower-case letters, digits and single hyphens, like north-wind."
        )
        raise ValidationError({"slug": message % {"limit": SLUG_LENGTH}})
    if Organization.objects.using(SYSTEM).filter(slug=wanted).exists():
        raise _slug_taken(wanted)
    return wanted


def _free_slug(name: str) -> str:
    stem = slugify(name).replace("_", "-").strip("-")[: SLUG_LENGTH - 8].strip("-") or "organization"
    stem = re.sub(r"-{2,}", "-", stem)
    taken = set(
        Organization.objects.using(SYSTEM).filter(slug__startswith=stem).values_list("slug", flat=True)
    )
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (stem, *numbered) if slug not in taken)


def _slug_taken(slug: str) -> ValidationError:
    message = gettext("The address %(slug)s is taken. Choose another one.") % {"slug": slug}
    return ValidationError({"slug": message})
