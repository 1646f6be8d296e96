"""What can be done to one connection: switch it on and off, bring an earlier version back."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from mailsettings.connections import services
from mailsettings.connections.history import version_of
from mailsettings.connections.services import NotPossible
from mailsettings.connections.views import changeable
from mailsettings.destinations import SecretNeeded
from mailsettings.domain.gate import refusal_of_stored
from mailsettings.services import NameTaken, StaleSettings
from orgs import audit
from orgs.access import OrganizationRequest, Permission, organization_view


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def switch_connection(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Switch a connection on or off."""
    row = changeable(request, connection_id)
    enabled = request.POST.get("wanted") == "on"
    try:
        services.switch(connection=row, enabled=enabled, user=request.user)
    except NotPossible as error:
        messages.error(request, str(error))
    else:
        action = "connection.enabled" if enabled else "connection.disabled"
        audit.record_request(request, action=action, subject=row.name)
        words = _("%(name)s is enabled.") if enabled else _("%(name)s is disabled. Its settings are kept.")
        messages.success(request, words % {"name": row.name})
    return redirect("mailsettings:connections", slug)


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def restore_version(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Bring back an earlier version; secrets stay the stored ones, or have to be typed (COG-27)."""
    row = changeable(request, connection_id)
    page = reverse("mailsettings:connection", args=[slug, row.pk])
    version = version_of(row, request.POST.get("version", ""))
    if version is None:
        messages.error(request, _("There is no such version of %(name)s.") % {"name": row.name})
        return redirect(page)
    blocked = refusal_of_stored(request, version, row)
    if blocked is not None:
        messages.error(request, str(blocked))
        return redirect(f"{page}?version={version.number}")
    try:
        saved = services.restore(connection=row, version=version, user=request.user)
    except NameTaken:
        messages.error(request, _("Another connection took the name this version had. Choose a new one."))
        return redirect(f"{page}?version={version.number}")
    except StaleSettings:
        messages.error(request, _("%(name)s was removed meanwhile.") % {"name": row.name})
        return redirect("mailsettings:connections", slug)
    except SecretNeeded as error:
        messages.error(request, " ".join(error.errors.values()))
        return redirect(f"{page}?version={version.number}")
    audit.record_request(
        request,
        action="connection.restored",
        subject=saved.connection.name,
        detail={"version": version.number, "changed": list(saved.changed)},
    )
    words = {"number": version.number}
    messages.success(request, _("Version %(number)d is back. Test it to see that it works.") % words)
    return redirect(page)
