"""What people do with deliveries: write one, retry, cancel, answer for an uncertain one, read it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from notifications import hints, services
from notifications.asked import Asked
from notifications.forms import ComposeForm
from notifications.listing import Listing
from notifications.models import Notification
from notifications.views import open_token
from notifications.words import Text
from orgs import audit
from orgs.access import OrganizationRequest, Permission, organization_view

Move = Callable[[UUID, UUID], Notification]


@organization_view(Permission.RETRY, methods=("GET", "POST"))
def compose(request: OrganizationRequest, slug: str) -> HttpResponse:
    """Write one message and queue it."""
    form = ComposeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        queued = form.queue(organization=request.organization, user=request.user)
        if queued is not None:
            audit.record_request(request, action="notification.queued", subject=str(queued.pk))
            messages.success(request, _("Queued. It leaves within seconds."))
            return redirect("notifications:delivery", slug, queued.pk)
    status = 422 if form.errors else 200
    return TemplateResponse(request, "notifications/compose.html", {"form": form}, status=status)


def _moving(
    request: OrganizationRequest, slug: str, notification_id: UUID, *, move: Move, action: str, done: Text
) -> HttpResponse:
    """Do one move, write it down, and go back to the delivery."""
    if not Notification.objects.of(request.organization).mails().filter(pk=notification_id).exists():
        raise Http404
    try:
        row = move(request.organization.pk, notification_id)
    except services.TransitionRefused as refused:
        messages.warning(request, str(refused))
    else:
        audit.record_request(request, action=f"notification.{action}", subject=str(row.pk))
        hints.ring(request.organization.pk)
        messages.success(request, str(done))
    return redirect("notifications:delivery", slug, notification_id)


@organization_view(Permission.RETRY, methods=("POST",))
def retry(request: OrganizationRequest, slug: str, notification_id: UUID) -> HttpResponse:
    """Queue it again, or bring its next try forward."""
    done = gettext_lazy("Queued again. It is tried within seconds.")
    return _moving(request, slug, notification_id, move=services.retry, action="retried", done=done)


@organization_view(Permission.RETRY, methods=("POST",))
def retry_failed(request: OrganizationRequest, slug: str) -> HttpResponse:
    """Queue again every failed one the filters of the list show."""
    asked = Asked.read(request.GET)
    count = services.retry_failed(request.organization.pk, Listing(request.organization, asked).retryable)
    if count:
        audit.record_request(
            request, action="notification.retried", subject=_("Failed notifications"), detail={"count": count}
        )
        hints.ring(request.organization.pk)
    messages.success(
        request,
        ngettext("%(count)d message is queued again.", "%(count)d messages are queued again.", count)
        % {"count": count},
    )
    return redirect(reverse("notifications:deliveries", args=(slug,)) + asked.address(before=None, top=None))


@organization_view(Permission.RETRY, methods=("POST",))
def cancel(request: OrganizationRequest, slug: str, notification_id: UUID) -> HttpResponse:
    """Stop it as long as it has not left."""
    done = gettext_lazy("Cancelled. Nothing is sent any more.")
    return _moving(request, slug, notification_id, move=services.cancel, action="cancelled", done=done)


@organization_view(Permission.RETRY, methods=("POST",))
def arrived(request: OrganizationRequest, slug: str, notification_id: UUID) -> HttpResponse:
    """An uncertain one was found at its recipient."""
    done = gettext_lazy("Marked as sent.")
    return _moving(
        request, slug, notification_id, move=services.confirm_arrived, action="confirmed", done=done
    )


@organization_view(Permission.RETRY, methods=("POST",))
def send_again(request: OrganizationRequest, slug: str, notification_id: UUID) -> HttpResponse:
    """An uncertain one did not arrive."""
    done = gettext_lazy("Queued again. It is tried within seconds.")
    return _moving(request, slug, notification_id, move=services.send_again, action="sent_again", done=done)


@organization_view(Permission.READ_CONTENT, methods=("POST",))
def show_content(request: OrganizationRequest, slug: str, notification_id: UUID) -> HttpResponse:
    """Open the content of a message; written down, since it may be private (C-MAIL-6)."""
    row = get_object_or_404(Notification.objects.of(request.organization).mails(), pk=notification_id)
    page = reverse("notifications:delivery", args=(slug, row.pk))
    if row.secret_content:
        messages.warning(request, _("Messages with sign-in links and codes are never shown."))
        return redirect(page)
    audit.record_request(request, action="notification.content_read", subject=str(row.pk))
    return redirect(f"{page}?content={open_token(request, row)}#message")
