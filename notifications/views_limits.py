"""The page with the limits of one connection: sessions at a time, messages a minute."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from mailsettings.connections.views import changeable
from mailsettings.vault import typed_settings
from notifications.forms_limits import LimitsForm, store_limits, stored_limits
from notifications.limits import preset_of
from orgs import audit
from orgs.access import OrganizationRequest, Permission, organization_view
from providers import provider


@organization_view(Permission.CHANGE_MAIL, methods=("GET", "POST"))
def limits(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Show and change what a connection takes; the engine obeys from the next batch on."""
    row = changeable(request, connection_id)
    chosen = provider(row.provider)
    preset = preset_of(chosen, typed_settings(chosen, row.settings, {}))
    before = stored_limits(row)
    form = LimitsForm(request.POST if request.method == "POST" else None, initial=before, preset=preset)
    if not form.is_valid():
        context = {"form": form, "connection": row, "chosen": chosen}
        status = 422 if form.is_bound else 200
        return TemplateResponse(request, "notifications/limits.html", context, status=status)
    after: dict[str, int | None] = form.cleaned_data
    if after != before:
        store_limits(row, after)
        detail = {"before": said(before), "after": said(after)}
        audit.record_request(request, action="connection.limits_changed", subject=row.name, detail=detail)
    messages.success(request, _("Saved. The limits of %(name)s hold from now on.") % {"name": row.name})
    return redirect("notifications:limits", slug, row.pk)


def said(limits_of: dict[str, int | None]) -> dict[str, object]:
    """Word limits for the audit trail."""
    return {
        "sessions_at_a_time": _("preset") if limits_of["sessions"] is None else limits_of["sessions"],
        "messages_a_minute": _("preset") if limits_of["per_minute"] is None else limits_of["per_minute"],
    }
