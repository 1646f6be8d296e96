"""Pages beside allauth's own: doors that are closed, accounts that are, and the theme."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe

from orgs.context import THEMES

THEME_SECONDS = 365 * 24 * 3600


@require_http_methods(["GET", "HEAD", "POST"])
def closed(request: HttpRequest, key: str = "") -> HttpResponse:  # noqa: ARG001  # part of one address
    """Say that this way in does not exist here and how people do come in."""
    return render(request, "account/closed.html", status=403)


@require_safe
def inactive(request: HttpRequest) -> HttpResponse:
    """Say that the account is switched off and who can help."""
    return render(request, "account/account_inactive.html", status=403)


@require_http_methods(["POST"])
def theme(request: HttpRequest) -> HttpResponse:
    """Remember the chosen theme on this device and go back to where the person was."""
    came_from = request.POST.get("next", "")
    # Only a path: `redirect` would look anything else up as the name of a view.
    if not (came_from.startswith("/") and url_has_allowed_host_and_scheme(came_from, allowed_hosts=None)):
        came_from = "/"
    response = redirect(came_from)
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie("theme", chosen, max_age=THEME_SECONDS, samesite="Lax", secure=settings.HTTPS)
    return response
