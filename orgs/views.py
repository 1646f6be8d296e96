"""The way in: home, choice of organization, and one organization's overview."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from orgs.access import OrganizationRequest, Permission, organization_view
from orgs.entry import memberships_of
from orgs.models import User

PAGE = 25
# The room above may bring a card with its own state; this room does not know it.
MAIL_PART = ["mailsettings/_overview.html", "orgs/_overview_mail.html"]


def _signed_in(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # noqa: S101  # login_required stands before every caller
    return user


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Lead people to the one place that is theirs, or to the choice."""
    user = _signed_in(request)
    if user.is_super_admin:
        return redirect("console:organizations")
    memberships = memberships_of(user)
    if len(memberships) == 1:
        return redirect("orgs:overview", memberships[0].organization.slug)
    return redirect("orgs:choose")


@require_safe
@login_required
def choose(request: HttpRequest) -> HttpResponse:
    """List the person's organizations."""
    wanted = request.GET.get("q", "").strip()
    memberships = memberships_of(_signed_in(request))
    found = [each for each in memberships if wanted.casefold() in each.organization.name.casefold()]
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "wanted": wanted, "total": len(memberships)}
    return TemplateResponse(request, "orgs/choose.html", context)


@organization_view(Permission.SEE_DELIVERIES, methods=("GET",))
def overview(request: OrganizationRequest, slug: str) -> HttpResponse:  # noqa: ARG001  # found by the decorator
    """Show what is set up and where to go on."""
    return TemplateResponse(request, "orgs/overview.html", {"mail_part": MAIL_PART})
