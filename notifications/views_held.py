"""Held mail in the browser: drop what waited too long, after a question that counts it (NEW-6)."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_htmx.http import HttpResponseClientRedirect

from notifications.delivery.dropping import Dropped, drop, droppable
from orgs import audit
from orgs.access import OrganizationRequest, Permission, asked_outside, organization_view
from orgs.questions import Question, ask

USUAL_HOURS, MOST_HOURS = 24, 9999
DIGITS = 4


@organization_view(Permission.RETRY, methods=("GET", "POST"))
def drop_held(request: OrganizationRequest, slug: str) -> HttpResponse:
    """Ask, then cancel the held messages that are older than so many hours."""
    hours = hours_of(request.POST.get("hours", "") or request.GET.get("hours", ""))
    before = timezone.now() - timedelta(hours=hours)
    organization_id = request.organization.pk
    if request.method != "POST":
        count = droppable(organization_id, before).count()
        return ask(request, question(request, hours, count)) if count else nothing(request, slug, hours)
    done = asked_outside(request, "dropped", lambda: drop(organization_id, before))
    assert isinstance(done, Dropped)  # noqa: S101  # what was asked for
    if not done.count:
        return nothing(request, slug, hours)
    audit.record_request(
        request,
        action="notification.dropped",
        subject=_("Held notifications"),
        detail={"count": done.count, "older_than_hours": hours},
    )
    said = ngettext("Dropped %(number)s message.", "Dropped %(number)s messages.", done.count)
    left = "" if done.complete else " " + _("More are left. Drop again to go on.")
    messages.success(request, said % {"number": f"{done.count:,}"} + left)
    return redirect("notifications:deliveries", slug)


def question(request: OrganizationRequest, hours: int, count: int) -> Question:
    """Word the question; it names how many it is about."""
    words = {"number": f"{count:,}", "hours": hours}
    return Question(
        title=ngettext("Drop %(number)s held message", "Drop %(number)s held messages", count) % words,
        text=ngettext(
            "%(number)s message was queued more than %(hours)d hours ago. It is cancelled and not sent.",
            "%(number)s messages were queued more than %(hours)d hours ago. They are cancelled and not sent.",
            count,
        )
        % words,
        points=(
            _("Newer messages stay held and leave as soon as the cause is gone."),
            _("Each dropped message can still be sent with Retry, as long as its content is kept."),
        ),
        verb=ngettext("Drop %(number)s message", "Drop %(number)s messages", count) % words,
        action=request.path,
        back=reverse("notifications:deliveries", args=[request.organization.slug]),
        place=_("Deliveries"),
        wanted=str(hours),
        wanted_as="hours",
    )


def nothing(request: OrganizationRequest, slug: str, hours: int) -> HttpResponse:
    """Say that nothing is so old, and go back."""
    words = ngettext(
        "No held message is older than %(hours)d hour.",
        "No held message is older than %(hours)d hours.",
        hours,
    )
    messages.info(request, words % {"hours": hours})
    address = reverse("notifications:deliveries", args=[slug])
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def hours_of(typed: str) -> int:
    """Read a number of hours a browser sent; anything else means a day."""
    digits = typed.isascii() and typed.isdecimal() and len(typed) <= DIGITS
    return min(max(int(typed), 1), MOST_HOURS) if digits else USUAL_HOURS
