"""Headers every page carries, and the organizations its switcher lists."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers

from orgs.entry import acting_as_of, memberships_of

Handler = Callable[[HttpRequest], HttpResponseBase]


def private_pages(get_response: Handler) -> Handler:
    """Keep pages of signed-in people out of every cache, and pages and parts apart (C-WEB-5)."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        patch_vary_headers(response, ["HX-Request"])
        if request.user.is_authenticated:
            patch_cache_control(response, no_store=True, private=True)
        return response

    return middleware


def known_organizations(get_response: Handler) -> Handler:
    """Look up where this person may go before a tenant's walls close around the page.

    Inside `tenant()` other organizations are invisible, and the switcher must list them.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated and not request.headers.get("HX-Request"):
            places = [*acting_as_of(request.user), *memberships_of(request.user)]
            # A super admin may act as an organization of their own; it is listed once.
            listed = {place.organization_id: place.organization for place in places}
            request.organizations = list(listed.values())  # type: ignore[attr-defined]  # for the menu
        return get_response(request)

    return middleware
