"""Members and roles of one organization; owners only."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from orgs.access import ROLES, OrganizationRequest, Permission, organization_view
from orgs.audit import client_ip
from orgs.forms import InviteForm, take_errors
from orgs.models import Invitation, Membership, Organization, Role
from orgs.questions import Question, ask
from orgs.services import change_role, invite, remove_member, withdraw_invitation

PAGE = 50


@organization_view(Permission.MEMBERS)
def members(request: OrganizationRequest, slug: str) -> HttpResponse:
    """List members and open invitations; a POST invites one more."""
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email, role = form.cleaned_data["email"], form.cleaned_data["role"]
        try:
            invite(
                organization=request.organization,
                email=email,
                role=role,
                actor=request.user,
                ip=client_ip(request),
            )
        except ValidationError as error:
            take_errors(form, error)
        else:
            messages.success(request, _("Invitation sent to %(email)s.") % {"email": email})
            return redirect("orgs:members", slug)
    status = 422 if form.errors else 200
    return TemplateResponse(request, "orgs/members.html", {"form": form, **_lists(request)}, status=status)


def _lists(request: OrganizationRequest) -> dict[str, object]:
    """Give what the page shows beside its form."""
    rows = Membership.objects.of(request.organization).select_related("user")
    owners = list(rows.filter(role=Role.OWNER, user__is_active=True).values_list("pk", flat=True)[:2])
    return {
        "page": Paginator(rows.order_by("user__email"), PAGE).get_page(request.GET.get("page")),
        "last_owner": owners[0] if len(owners) == 1 else None,
        "invitations": _open_invitations(request.organization),
        "roles": Role.choices,
        "permissions": [
            (permission.label, [permission in ROLES[role] for role in Role]) for permission in Permission
        ],
    }


@organization_view(Permission.MEMBERS, methods=("POST",))
def role(request: OrganizationRequest, slug: str, membership_id: UUID) -> HttpResponse:
    """Give a member another role."""
    membership = _member(request.organization, membership_id)
    try:
        membership = change_role(
            organization=request.organization,
            membership_id=membership.pk,
            role=request.POST.get("role", ""),
            actor=request.user,
            ip=client_ip(request),
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        words = {"person": membership.user, "role": membership.get_role_display()}
        messages.success(request, _("%(person)s: %(role)s.") % words)
    return redirect("orgs:members", slug)


@organization_view(Permission.MEMBERS)
def remove(request: OrganizationRequest, slug: str, membership_id: UUID) -> HttpResponse:
    """Ask, then take a member's place away."""
    membership = _member(request.organization, membership_id)
    words = {"person": membership.user, "organization": request.organization}
    if request.method != "POST":
        question = Question(
            title=_("Remove %(person)s") % words,
            text=_("%(person)s can no longer open %(organization)s. Their account stays.") % words,
            verb=_("Remove"),
            action=request.path,
            back=reverse("orgs:members", args=[slug]),
            place=_("Members"),
        )
        return ask(request, question)
    try:
        remove_member(
            organization=request.organization,
            membership_id=membership.pk,
            actor=request.user,
            ip=client_ip(request),
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("%(person)s is no longer a member.") % words)
    return redirect("orgs:members", slug)


@organization_view(Permission.MEMBERS, methods=("POST",))
def withdraw(request: OrganizationRequest, slug: str, invitation_id: UUID) -> HttpResponse:
    """Close an open invitation."""
    invitation = get_object_or_404(_open_invitations(request.organization), pk=invitation_id)
    withdraw_invitation(
        organization=request.organization,
        invitation_id=invitation.pk,
        actor=request.user,
        ip=client_ip(request),
    )
    messages.success(request, _("The invitation for %(email)s is withdrawn.") % {"email": invitation.email})
    return redirect("orgs:members", slug)


def _member(organization: Organization, membership_id: UUID) -> Membership:
    """Find a member of this organization; anything else does not exist."""
    rows = Membership.objects.of(organization).select_related("user")
    return get_object_or_404(rows, pk=membership_id)


def _open_invitations(organization: Organization) -> QuerySet[Invitation]:
    """List what can be withdrawn, also links that are too old by now."""
    return Invitation.objects.of(organization).filter(accepted_at=None, withdrawn_at=None)
