"""The super admin's board: all organizations, one organization, a new one."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from console import board
from console.forms import OrganizationForm, OwnerForm
from console.services import add_organization, dossier
from orgs.access import super_admin_view
from orgs.audit import client_ip
from orgs.forms import take_errors
from orgs.models import Role, User
from orgs.services import invite
from orgs.wording import audit_line

PAGE = 25


@super_admin_view(methods=("GET",))
def organizations(request: HttpRequest) -> HttpResponse:
    """List organizations, failing first, by search and state."""
    asked = {name: request.GET.get(name, "").strip() for name in ("q", "health", "add_on")}
    rows = board.organizations(wanted=asked["q"], health=asked["health"], add_on=asked["add_on"])
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "lines": board.lines(list(page.object_list)),
        "asked": asked,
        "filtered": any(asked.values()),
        "states": board.states(),
        "failing": board.failing_count(),
        "total": board.measured().count() if any(asked.values()) else page.paginator.count,
    }
    part = request.headers.get("HX-Target") == "board"
    return TemplateResponse(request, "console/_board.html" if part else "console/organizations.html", context)


@super_admin_view()
def add(request: HttpRequest) -> HttpResponse:
    """Create an organization and invite its first owner."""
    form = OrganizationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            created = add_organization(**values, actor=admin(request), ip=client_ip(request))
        except ValidationError as error:
            take_errors(form, error)
        else:
            words = {"organization": created, "email": values["owner_email"]}
            messages.success(request, _("%(organization)s is created, %(email)s is invited.") % words)
            return redirect("console:organization", created.slug)
    return TemplateResponse(request, "console/add.html", {"form": form}, status=422 if form.errors else 200)


@super_admin_view()
def organization(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one organization; a POST invites one more owner."""
    found = dossier(slug=slug, user=admin(request))
    form = OwnerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        try:
            invite(
                organization=found.line.organization.pk,
                email=email,
                role=Role.OWNER,
                actor=admin(request),
                ip=client_ip(request),
            )
        except ValidationError as error:
            take_errors(form, error)
        else:
            messages.success(request, _("Invitation sent to %(email)s.") % {"email": email})
            return redirect("console:organization", slug)
    context = {"dossier": found, "form": form, "changes": [audit_line(each) for each in found.changes]}
    status = 422 if form.errors else 200
    return TemplateResponse(request, "console/organization.html", context, status=status)


def admin(request: HttpRequest) -> User:
    """Give the super admin of a request that `super_admin_view` let through."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101  # the decorator stands before every caller
    return user
