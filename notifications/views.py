"""Deliveries: the list, one delivery, and the frame its HTML is shown in."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from notifications.asked import Asked
from notifications.content import Content, ContentRemoved, unseal_content
from notifications.delivery.dropping import DROPPED
from notifications.delivery.letter import envelope
from notifications.estimates import estimate
from notifications.held import held_mail
from notifications.listing import Listing
from notifications.models import IN_HAND, DeliveryAttempt, Kind, Lane, Notification, Status
from notifications.timeline import timeline
from notifications.waiting import Waiting
from notifications.words import Explanation, explain, explain_attempt, word_for
from orgs.access import OrganizationRequest, Permission, organization_view
from orgs.sealing import SealBroken

FRAME_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
# The audited step "Show message" opens the content for this long.
SHOWN_SECONDS = 300
SHOWN_SALT = "notifications.content"


@organization_view(Permission.SEE_DELIVERIES, methods=("GET",))
def deliveries(request: OrganizationRequest, slug: str) -> HttpResponse:  # noqa: ARG001  # found by the decorator
    """List deliveries; htmx asks for the part that changes."""
    listing = Listing(request.organization, Asked.read(request.GET))
    part = bool(request.headers.get("HX-Request"))
    template = "notifications/_results.html" if part else "notifications/deliveries.html"
    queue = estimate(request.organization.pk)
    held = held_mail(listing.waiting)
    context = {"listing": listing, "held_mail": held, "queue": queue, "part": part}
    return TemplateResponse(request, template, context)


@organization_view(Permission.SEE_DELIVERIES, methods=("GET",))
def delivery(request: OrganizationRequest, slug: str, notification_id: UUID) -> HttpResponse:  # noqa: ARG001  # as above
    """Show one delivery: its timeline, its details, and its content when it was asked for."""
    rows = Notification.objects.of(request.organization).mails().select_related("created_by", "route")
    row = get_object_or_404(rows, pk=notification_id)
    lane = Waiting(request.organization).lane_of(row)
    attempts = list(
        DeliveryAttempt.objects.of(request.organization).filter(notification=row).order_by("number")
    )
    token = request.GET.get("content", "")
    may_read = request.access.may(Permission.READ_CONTENT) and not row.secret_content
    shown = may_read and bool(token) and token_opens(token, request, row)
    content, unreadable = read_content(row) if shown else (None, "")
    context = {
        "row": row,
        "word": word_for(row, lane),
        "moments": timeline(row, attempts),
        "recipients": recipient_lines(row),
        "problem": problem(row, lane, attempts),
        "may_read": may_read and row.sealed_body is not None,
        "content": content,
        "unreadable": unreadable,
        "token": token if shown else "",
        "actions": actions(row),
        "kept_days": settings.CONTENT_RETENTION_DAYS,
    }
    return TemplateResponse(request, "notifications/delivery.html", context)


@xframe_options_sameorigin
@organization_view(Permission.READ_CONTENT, methods=("GET",))
def content_frame(request: OrganizationRequest, slug: str, notification_id: UUID, token: str) -> HttpResponse:  # noqa: ARG001  # too
    """Give the HTML of a message for the sandboxed frame: no scripts, no remote loads (C-MAIL-5)."""
    row = get_object_or_404(Notification.objects.of(request.organization).mails(), pk=notification_id)
    content = read_content(row)[0] if not row.secret_content and token_opens(token, request, row) else None
    if content is None or not content.html:
        raise Http404
    return HttpResponse(content.html, headers={"Content-Security-Policy": FRAME_POLICY})


def open_token(request: OrganizationRequest, row: Notification) -> str:
    """Make the proof that showing the content was asked for, by this person, and audited."""
    return signing.dumps([str(request.user.pk), str(row.pk)], salt=SHOWN_SALT)


def token_opens(token: str, request: OrganizationRequest, row: Notification) -> bool:
    """Say whether the proof is fresh and belongs to this person and message."""
    try:
        said = signing.loads(token, salt=SHOWN_SALT, max_age=SHOWN_SECONDS)
    except signing.BadSignature:
        return False
    return bool(said == [str(request.user.pk), str(row.pk)])


def read_content(row: Notification) -> tuple[Content | None, str]:
    """Give the content, or the sentence why there is none."""
    try:
        return unseal_content(row), ""
    except ContentRemoved:
        return None, _("The content of this message is no longer kept.")
    except SealBroken:
        return None, explain("content_unreadable").cause


def recipient_lines(row: Notification) -> list[dict[str, object]]:
    """Give each recipient with what became of them."""
    words = {
        "accepted": (_("Sent"), "ok", "check"),
        "refused": (_("Failed"), "bad", "x"),
        "retrying": (_("Retrying"), "warn", "clock"),
    }
    fates = row.recipient_outcomes
    return [
        {
            "email": email,
            "word": words.get(fates.get(email, {}).get("outcome", "")),
            "fate": fates.get(email, {}),
        }
        for email in envelope(row)
    ]


def problem(row: Notification, lane: Lane | None, attempts: list[DeliveryAttempt]) -> Explanation | None:
    """Explain what keeps the message from its recipients, if anything does."""
    if row.status == Status.QUEUED and lane is not None and lane.held_code:
        return explain(lane.held_code, lane.held_facts)
    if row.status in {Status.FAILED, Status.EXPIRED}:
        last = attempts[-1] if attempts else None
        return explain_attempt(last) if last and last.code == row.last_code else explain(row.last_code)
    return None


def actions(row: Notification) -> dict[str, bool]:
    """Say what may be done with it now."""
    real, kept = row.kind == Kind.NOTIFICATION, row.sealed_body is not None
    waiting_again = row.status == Status.QUEUED and row.attempts > 0
    dropped = row.status == Status.CANCELLED and row.last_code == DROPPED
    return {
        "retry": real
        and kept
        and (row.status in {Status.FAILED, Status.EXPIRED} or waiting_again or dropped),
        "cancel": real and row.status in {Status.QUEUED, Status.LEASED, Status.UNCERTAIN},
        "uncertain": real and row.status == Status.UNCERTAIN,
        "moving": row.status in {Status.QUEUED, *IN_HAND},
    }
