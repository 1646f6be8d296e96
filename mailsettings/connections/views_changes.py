"""What the list of connections can do to one of them: first place, on and off, remove, restore."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from mailsettings.connections import services
from mailsettings.connections.history import version_of
from mailsettings.connections.services import NotPossible
from mailsettings.connections.views import find
from mailsettings.destinations import SecretNeeded
from mailsettings.models import Connection
from mailsettings.services import NameTaken
from mailsettings.ways import mail_settings
from orgs import audit
from orgs.access import OrganizationRequest, Permission, organization_view
from orgs.questions import Question, ask


def changeable(request: OrganizationRequest, connection_id: UUID) -> Connection:
    """Find a connection that may be changed: without the add-on everything stays as it is."""
    found = find(request, connection_id)
    if not request.organization.custom_mail:
        raise PermissionDenied
    return found


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def make_primary(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Let real mail go out through this connection first."""
    row = changeable(request, connection_id)
    try:
        services.put_first(organization=request.organization, connection=row, user=request.user)
    except NotPossible as error:
        messages.error(request, str(error))
    else:
        audit.record_request(request, action="connection.made_primary", subject=row.name)
        messages.success(request, _("%(name)s is the primary connection now.") % {"name": row.name})
    return redirect("mailsettings:connections", slug)


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


@organization_view(Permission.CHANGE_MAIL, methods=("GET", "POST"))
def remove_connection(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Ask, then remove a connection; one in use only when its name was typed."""
    row = changeable(request, connection_id)
    in_use = services.is_in_use(row, mail_settings(request.organization.pk))
    if request.method != "POST":
        return ask(request, question(request, row, in_use=in_use))
    typed = " ".join(request.POST.get("typed", "").split())
    if in_use and typed.casefold() != row.name.casefold():
        wrong = _("Type %(name)s to remove it.") % {"name": row.name}
        return ask(request, question(request, row, in_use=in_use, wrong=wrong), status=422)
    name = row.name
    services.remove(connection=row, user=request.user)
    audit.record_request(request, action="connection.removed", subject=name)
    messages.success(request, _("Removed %(name)s.") % {"name": name})
    return redirect("mailsettings:connections", slug)


def question(request: OrganizationRequest, row: Connection, *, in_use: bool, wrong: str = "") -> Question:
    """Word the question."""
    words = {"name": row.name}
    return Question(
        title=_("Remove %(name)s") % words,
        text=(
            _("Notifications go out through %(name)s. Without it they wait until another one is set up.")
            if in_use
            else _("%(name)s is removed with its secrets and its versions. This cannot be undone.")
        )
        % words,
        verb=_("Remove"),
        action=request.path,
        back=reverse("mailsettings:connections", args=[request.organization.slug]),
        place=_("Connections"),
        typed=row.name if in_use else "",
        wrong=wrong,
    )


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def restore_version(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Bring back an earlier version; secrets stay the stored ones, or have to be typed (COG-27)."""
    row = changeable(request, connection_id)
    version = version_of(row, request.POST.get("version", ""))
    if version is None:
        raise Http404
    page = reverse("mailsettings:connection", args=[slug, row.pk])
    try:
        saved = services.restore(connection=row, version=version, user=request.user)
    except NameTaken:
        messages.error(request, _("Another connection took the name this version had. Choose a new one."))
        return redirect(f"{page}?version={version.number}")
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
