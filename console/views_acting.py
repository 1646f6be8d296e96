"""Acting as an organization: in by a reason, out at any time (C-TEN-8)."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from console.forms import EnterForm
from console.services import organization_by_slug
from console.views import admin
from orgs.access import super_admin_view
from orgs.audit import client_ip
from orgs.forms import take_errors
from orgs.services import enter_organization, leave_organization

DOORS = {"emails": "mailsettings:emails", "": "orgs:overview"}


@super_admin_view()
def enter(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for the reason, then let the super admin in for an hour."""
    found = organization_by_slug(slug)
    form = EnterForm(request.POST or None)
    door = DOORS.get(request.GET.get("to", ""), DOORS[""])
    if request.method == "POST" and form.is_valid():
        try:
            enter_organization(
                user=admin(request),
                organization_id=found.pk,
                reason=form.cleaned_data["reason"],
                ip=client_ip(request),
            )
        except ValidationError as error:
            take_errors(form, error)
        else:
            return redirect(door, slug)
    context = {"form": form, "found": found}
    return TemplateResponse(request, "console/enter.html", context, status=422 if form.errors else 200)


@super_admin_view(methods=("POST",))
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    """Stop acting as the organization."""
    found = organization_by_slug(slug)
    if leave_organization(user=admin(request), organization_id=found.pk, ip=client_ip(request)):
        messages.success(request, _("You no longer act as %(name)s.") % {"name": found.name})
    return redirect("console:organization", slug)
