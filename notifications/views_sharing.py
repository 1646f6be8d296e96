"""Send a failed test to an IT administrator: make, list and withdraw links, and the page behind one."""

from __future__ import annotations

from contextlib import suppress
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from notifications.sharing import LIMIT, Link, TooManyLinks, find_test, open_links, open_shared, withdraw
from notifications.sharing import share as make_link
from orgs import audit
from orgs.access import OrganizationRequest, Permission, organization_view

# Wrong links one address may try in a minute; a right link is never counted.
MISSES: Final = 30
WINDOW_SECONDS: Final = 60
# Only for the page without forms: a form on a page without referrer is refused for its Origin.
PRIVATE: Final = {
    "Cache-Control": "no-store, private",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}


@organization_view(Permission.RUN_TESTS, methods=("POST",))
def share(request: OrganizationRequest, slug: str, notification_id: UUID) -> HttpResponse:
    """Make a link to a failed test and show it, this once."""
    notification = find_test(request.organization, notification_id)
    if notification is None:
        raise Http404
    try:
        link = make_link(organization=request.organization, notification=notification, user=request.user)
    except ValueError:
        messages.error(request, _("Only a failed test can be shared."))
        return redirect("notifications:test_result", slug, notification_id)
    except TooManyLinks:
        sentence = _("There are %(limit)d open links. Withdraw one first.") % {"limit": LIMIT}
        messages.error(request, sentence)
        return redirect("notifications:shared", slug)
    audit.record_request(
        request,
        action="result.shared",
        subject=link.title,
        detail={"test": str(notification_id), "until": f"{link.shared.expires_at:%Y-%m-%d}"},
    )
    return show_links(request, link)


@organization_view(Permission.RUN_TESTS, methods=("GET",))
def shared(request: OrganizationRequest, slug: str) -> HttpResponse:  # noqa: ARG001  # found by the decorator
    """List the links that work."""
    return show_links(request)


@organization_view(Permission.RUN_TESTS, methods=("POST",))
def withdraw_share(request: OrganizationRequest, slug: str, shared_id: UUID) -> HttpResponse:
    """End a link at once."""
    ended = withdraw(organization=request.organization, shared_id=shared_id)
    if ended is None:
        raise Http404
    audit.record_request(
        request,
        action="result.share_withdrawn",
        subject=str(ended.notification_id),
        detail={"made": f"{ended.created_at:%Y-%m-%d}"},
    )
    messages.success(request, _("The link does not work any more."))
    return redirect("notifications:shared", slug)


def show_links(request: OrganizationRequest, link: Link | None = None) -> HttpResponse:
    """Show the page of links, with a new one on top."""
    context = {"link": link, "links": open_links(request.organization)}
    return TemplateResponse(request, "notifications/shared_links.html", context)


@require_safe
def shared_result(request: HttpRequest, token: str) -> HttpResponse:
    """Show a shared test to anybody who has its link; every link that does not work looks the same."""
    key = f"shared-misses:{audit.client_ip(request)}"
    if int(cache.get(key, 0)) >= MISSES:
        return TemplateResponse(request, "429.html", status=429, headers=PRIVATE)
    seen = open_shared(token)
    if seen is None:
        cache.add(key, 0, WINDOW_SECONDS)
        # Between the two lines its minute may end.
        with suppress(ValueError):
            cache.incr(key)
        return TemplateResponse(request, "404.html", status=404, headers=PRIVATE)
    return TemplateResponse(request, "notifications/shared_result.html", {"seen": seen}, headers=PRIVATE)
