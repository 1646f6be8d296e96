"""Help and guides in the browser: for everybody who is signed in, and filled for one organization."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from mailsettings.advice.catalogue import catalogue
from mailsettings.guides.finding import find
from mailsettings.guides.steps import guide_of, known_of
from mailsettings.models import Connection, Rank
from orgs.access import OrganizationRequest, Permission, organization_view
from providers import PROVIDERS, Provider


@require_safe
@login_required
def guides(request: HttpRequest) -> HttpResponse:
    """List the guides of all providers."""
    return TemplateResponse(request, "mailsettings/guides.html", {"providers": PROVIDERS})


@require_safe
@login_required
def guide(request: HttpRequest, provider: str) -> HttpResponse:
    """Show the guide of one provider, with plain words in place of values."""
    return show_guide(request, known_provider(provider), None)


@require_safe
@login_required
def failures(request: HttpRequest) -> HttpResponse:
    """Show the table of failures, searched or one of them."""
    return show_failures(request)


@organization_view(Permission.CHANGE_MAIL, methods=("GET",))
def organization_guides(request: OrganizationRequest, slug: str) -> HttpResponse:  # noqa: ARG001  # found by the decorator
    """List the guides, the provider in use first of all."""
    used = Connection.objects.of(request.organization).filter(rank=Rank.PRIMARY).first()
    context = {"providers": PROVIDERS, "used": used.provider if used else ""}
    return TemplateResponse(request, "mailsettings/guides.html", context)


@organization_view(Permission.CHANGE_MAIL, methods=("GET",))
def organization_guide(request: OrganizationRequest, slug: str, provider: str) -> HttpResponse:  # noqa: ARG001  # as above
    """Show the guide of one provider, filled with the values the organization saved for it."""
    chosen = known_provider(provider)
    own = Connection.objects.of(request.organization).filter(provider=chosen.key)
    # By their names: primary before backup before additional.
    saved = own.order_by("-rank").first()
    return show_guide(request, chosen, saved)


@organization_view(Permission.CHANGE_MAIL, methods=("GET",))
def organization_failures(request: OrganizationRequest, slug: str) -> HttpResponse:  # noqa: ARG001  # as above
    """Show the table of failures inside the organization's pages."""
    return show_failures(request)


def known_provider(key: str) -> Provider:
    """Find a provider by the key in an address."""
    found = next((one for one in PROVIDERS if one.key == key), None)
    if found is None:
        raise Http404
    return found


def show_guide(request: HttpRequest, chosen: Provider, connection: Connection | None) -> HttpResponse:
    """Render one guide."""
    context = {
        "chosen": chosen,
        "providers": PROVIDERS,
        "steps": guide_of(chosen, connection),
        "known": known_of(chosen, connection),
        "connection": connection,
    }
    return TemplateResponse(request, "mailsettings/guide.html", context)


def show_failures(request: HttpRequest) -> HttpResponse:
    """Render the table; a search answers with its part of the page."""
    wanted = request.GET.get("q", "").strip()[:100]
    found = find(catalogue(), wanted, request.GET.get("code", "")[:100])
    part = bool(request.headers.get("HX-Request"))
    template = "mailsettings/_failures.html" if part else "mailsettings/failures.html"
    return TemplateResponse(request, template, {"found": found, "wanted": wanted})
