"""A little product of its own: views behind the decorators, and nothing else."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.urls import path

from orgs import audit
from orgs.access import OrganizationRequest, Permission, organization_view, super_admin_view
from orgs.events import emit
from orgs.models import Event
from orgs.tenancy import current_organization_id


@organization_view(Permission.SEE_DELIVERIES, methods=("GET",))
def look(request: OrganizationRequest, slug: str) -> HttpResponse:
    access = request.access
    return JsonResponse(
        {
            "organization": str(current_organization_id()),
            "slug": [slug, request.organization.slug],
            "role": access.role,
            "actor": access.actor_label,
            "acting": access.acting_as.reason if access.acting_as else "",
            "may": sorted(permission for permission in Permission if access.may(permission)),
        }
    )


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def change(request: OrganizationRequest, slug: str, word: str = "") -> HttpResponse:
    emit(organization=request.organization, kind="changed", detail={"slug": slug, "word": word})
    audit.record_request(request, action="test.changed", subject=word)
    if word == "fail":
        raise ZeroDivisionError
    if word == "deny":
        raise PermissionDenied
    return HttpResponse("changed")


@organization_view(Permission.READ_CONTENT)
def late(request: OrganizationRequest, slug: str) -> TemplateResponse:
    """Counts its rows when it is rendered: a lazy queryset."""
    template = engines["django"].from_string("{{ rows.count }} of {{ all.count }}")
    rows = {"rows": Event.objects.of(request.organization), "all": Event.objects.all()}
    return TemplateResponse(request, template, rows)


@super_admin_view(methods=("GET",))
def console(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(f"console {number}")


def sign_in(request: HttpRequest) -> HttpResponse:
    return HttpResponse("sign in")


def said(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status)


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    return said("forbidden", 403)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    return said("not found", 404)


urlpatterns = [
    path("accounts/login/", sign_in, name="account_login"),
    path("organizations/<slug:slug>/", look),
    path("organizations/<slug:slug>/change/", change),
    path("organizations/<slug:slug>/change/<str:word>/", change),
    path("organizations/<slug:slug>/late/", late),
    path("console/<int:number>/", console),
]
