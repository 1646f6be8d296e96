"""Save in the browser: watch the verification, and come back to the page with what came of it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from mailsettings.forms import ConnectionForm
from mailsettings.models import Draft
from mailsettings.pages import NOTICES, VERIFIERS, page_of
from mailsettings.subject import as_key
from notifications.models import Kind, Notification, Purpose
from notifications.results import look_at
from notifications.saving import start_verification
from notifications.testing import LimitReached
from orgs.access import OrganizationRequest, Permission, organization_view


def verify(request: OrganizationRequest, draft: Draft) -> HttpResponse:
    """Start proving a draft and show how it goes."""
    try:
        row = start_verification(organization=request.organization, user=request.user, draft=draft)
    except LimitReached as error:
        messages.error(request, str(error))
        return redirect(page_of(request, draft, draft=draft.pk))
    return redirect("notifications:saving", request.organization.slug, row.pk)


@organization_view(Permission.CHANGE_MAIL, methods=("GET",))
def saving(request: OrganizationRequest, slug: str, notification_id: UUID) -> HttpResponse:
    """Show a verification while it runs; afterwards lead to the page it belongs to."""
    del slug
    row = find(request, notification_id)
    if row is None:
        raise Http404
    result = look_at(row)
    if result.state in {"running", "no_worker"} or row.draft is None:
        template = "notifications/_saving_card.html" if request.htmx else "notifications/saving.html"
        # A silent worker is asked again: it may wake up while somebody reads.
        return TemplateResponse(request, template, {"result": result, "back": back(request, row)})
    if result.state == "ok":
        messages.success(request, done(row.draft))
        return lead(request, page_of(request, row.draft))
    return lead(request, back(request, row))


def find(request: OrganizationRequest, key: UUID | None) -> Notification | None:
    """Find a verification of this organization."""
    if key is None:
        return None
    rows = Notification.objects.of(request.organization).filter(pk=key, kind=Kind.VERIFICATION)
    rows = rows.exclude(notification_type=Purpose.NEXT_SECRET)
    return rows.select_related("draft", "draft__connection", "created_by", "connection").first()


def done(draft: Draft) -> str:
    """Say what was saved."""
    if draft.activate:
        return _("Saved and verified. The next message uses these settings.")
    name = draft.name or (draft.connection.name if draft.connection else "")
    return _("Saved and verified %(name)s.") % {"name": name}


def back(request: OrganizationRequest, row: Notification) -> str:
    """Give the address of the form with the typed values, and with what the verification found."""
    if row.draft is None:
        return reverse("mailsettings:emails", args=[request.organization.slug])
    return page_of(request, row.draft, draft=row.draft.pk, verification=row.pk)


def lead(request: OrganizationRequest, address: str) -> HttpResponse:
    """Go on to a page, from a card that asks by itself or from a page."""
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def notice(request: OrganizationRequest, form: ConnectionForm) -> SafeString:
    """Say above the form why it was not saved, and offer to save it all the same."""
    row = find(request, as_key(request.GET.get("verification", "")))
    if row is None or form.source is None or row.draft_id != form.source.pk:
        return SafeString("")
    result = look_at(row)
    if result.state in {"ok", "running"}:
        return SafeString("")
    context = {"result": result, "form": form, "organization": request.organization}
    return render_to_string("notifications/_saving_refused.html", context, request)


def hang_up_saving() -> None:
    """Let Save ask a worker first, once; called when the apps are ready."""
    if verify not in VERIFIERS:
        VERIFIERS.append(verify)
        NOTICES.append(notice)
