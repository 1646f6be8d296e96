"""Invitations: an address gets a link, its hash opens one place in one organization, once."""

from __future__ import annotations

import secrets
from datetime import timedelta
from urllib.parse import urljoin
from uuid import UUID

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import models, transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from orgs import audit
from orgs.addresses import person_address
from orgs.entry import organization_of_invitation, token_hash
from orgs.members import add_member, known_role
from orgs.models import Invitation, Membership, Organization, Role, User
from orgs.tenancy import ALIAS, OrganizationKey, one_at_a_time, organization_key, tenant

VALID_FOR = timedelta(days=7)
# The mail leaves in the platform's name: nobody uses it to write to the whole world.
DAILY_LIMIT = 50
TOKEN_BYTES = 32


def invite(
    *,
    organization: OrganizationKey,
    email: str,
    role: Role | str,
    actor: User | None,
    ip: str | None = None,
) -> Invitation:
    """Invite an address, or send its open invitation anew; the link goes out when the change is committed."""
    organization_id = organization_key(organization)
    address = person_address(email)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with tenant(organization_id):
        one_at_a_time("orgs.invitations")
        _refuse_invitation(organization_id, address)
        open_before = Invitation.objects.of(organization_id).filter(email=address, accepted_at=None)
        open_before.filter(withdrawn_at=None).update(withdrawn_at=Now())
        invitation = Invitation.objects.create(
            organization_id=organization_id,
            email=address,
            role=known_role(role),
            token_hash=token_hash(token),
            invited_by=actor,
            expires_at=timezone.now() + VALID_FOR,
        )
        audit.record(
            organization=organization_id,
            actor=actor,
            action="member.invited",
            subject=address,
            detail={"after": {"role": invitation.role}},
            ip=ip,
        )
        name = Organization.objects.get(pk=organization_id).name
        mail = _mail(address=address, organization_name=name, actor=actor, token=token)
        _send_after_commit(mail)
    return invitation


def withdraw_invitation(
    *, organization: OrganizationKey, invitation_id: UUID, actor: User | None, ip: str | None = None
) -> None:
    """Close an open invitation; its link stops working at once."""
    organization_id = organization_key(organization)
    with tenant(organization_id):
        invitations = Invitation.objects.of(organization_id).select_for_update()
        invitation = invitations.get(pk=invitation_id, accepted_at=None, withdrawn_at=None)
        invitation.withdrawn_at = timezone.now()
        invitation.save(update_fields=["withdrawn_at"])
        audit.record(
            organization=organization_id,
            actor=actor,
            action="member.invitation_withdrawn",
            subject=invitation.email,
            ip=ip,
        )


def find_invitation(token: str) -> Invitation | None:
    """Find the open invitation behind a link, with its organization; None when the link works no longer."""
    organization_id = organization_of_invitation(token)
    if organization_id is None:
        return None
    with tenant(organization_id):
        return _open(organization_id, token).select_related("organization", "invited_by").first()


def accept_invitation(*, token: str, user: User, ip: str | None = None) -> Membership:
    """Take the place that was offered to this person's address."""
    organization_id = _organization(token)
    with tenant(organization_id):
        invitation = _open(organization_id, token).select_for_update().first()
        if invitation is None:
            raise _unusable()
        if invitation.email != user.email:
            message = gettext("This invitation is for %(email)s. Sign in with that address to accept it.")
            raise ValidationError(message % {"email": invitation.email})
        invitation.accepted_at = timezone.now()
        invitation.save(update_fields=["accepted_at"])
        return add_member(organization=organization_id, user=user, role=invitation.role, actor=user, ip=ip)


def register_invited(*, token: str, name: str, password: str, ip: str | None = None) -> User:
    """Make an account for the invited address and take the offered place with it."""
    organization_id = _organization(token)
    with tenant(organization_id):
        one_at_a_time("orgs.invitations")
        invitation = _open(organization_id, token).first()
        if invitation is None:
            raise _unusable()
        if User.objects.filter(email=invitation.email).exists():
            raise ValidationError(gettext("You have an account already. Sign in to accept the invitation."))
        person = User(email=invitation.email, name=name.strip())
        try:
            validate_password(password, person)
        except ValidationError as error:
            raise ValidationError({"password": error.messages}) from None
        user = User.objects.create_user(person.email, password, name=person.name)
        accept_invitation(token=token, user=user, ip=ip)
    return user


def _send_after_commit(mail: EmailMessage) -> None:
    """Put the mail into the platform's outbox, which is another tenant's, once the invitation stands."""

    def send() -> None:
        mail.send()

    # Robust: a fault of the outbox is logged, and the invitation can be sent anew.
    transaction.on_commit(send, using=ALIAS, robust=True)


def _refuse_invitation(organization_id: UUID, address: str) -> None:
    if Membership.objects.of(organization_id).filter(user__email=address).exists():
        raise ValidationError({"email": gettext("This person is a member already.")})
    recent = Invitation.objects.of(organization_id).filter(created_at__gt=Now() - timedelta(days=1))
    if recent.count() >= DAILY_LIMIT:
        message = gettext("%(limit)d invitations were sent in the last 24 hours. Try again tomorrow.")
        raise ValidationError({"email": message % {"limit": DAILY_LIMIT}})


def _open(organization_id: UUID, token: str) -> models.QuerySet[Invitation]:
    return Invitation.objects.of(organization_id).open().filter(token_hash=token_hash(token))


def _organization(token: str) -> UUID:
    organization_id = organization_of_invitation(token)
    if organization_id is None:
        raise _unusable()
    return organization_id


def _unusable() -> ValidationError:
    return ValidationError(
        gettext("This invitation was used, withdrawn or is too old. Ask for a new one."), code="unusable"
    )


def _mail(*, address: str, organization_name: str, actor: User | None, token: str) -> EmailMessage:
    """Word the mail; its link is made from the configured address, never from a request."""
    words = {
        "organization": organization_name,
        "product": settings.PRODUCT_NAME,
        "person": str(actor) if actor else settings.PRODUCT_NAME,
        "link": urljoin(settings.BASE_URL, reverse("orgs:accept_invitation", kwargs={"token": token})),
        "days": VALID_FOR.days,
    }
    subject = gettext("Your invitation to %(organization)s on %(product)s") % words
    body = gettext(
        "%(person)s invites you to %(organization)s on %(product)s.\n\n"
        "Open this link to accept:\n%(link)s\n\n"
        "The link works once, for %(days)d days. If you did not expect it, ignore this email.\n"
    )
    return EmailMessage(" ".join(subject.split()), body % words, to=[address])
