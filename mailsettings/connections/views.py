"""The pages of the connections: the list, one of them, one more."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from mailsettings.carry import fills_in
from mailsettings.connections.forms import filled_form, new_subject, restored_form, subject_of
from mailsettings.connections.history import history, version_of
from mailsettings.connections.listing import line_of, lines
from mailsettings.connections.services import is_in_use
from mailsettings.default_mailer import default_sender
from mailsettings.forms import ConnectionForm
from mailsettings.models import Connection, ConnectionVersion
from mailsettings.pages import emails_form, emails_page, form_context, part
from mailsettings.saving import save_form
from mailsettings.services import Saved
from mailsettings.subject import Subject, as_key
from mailsettings.ways import mail_settings
from orgs.access import OrganizationRequest, Permission, organization_view


@organization_view(Permission.CHANGE_MAIL, methods=("GET",))
def connections(request: OrganizationRequest, slug: str) -> HttpResponse:
    """List the connections of an organization in their order."""
    del slug
    return TemplateResponse(request, "mailsettings/connections.html", list_context(request))


def list_context(request: OrganizationRequest) -> dict[str, object]:
    """Give what the list of connections shows."""
    return {
        "lines": lines(request.organization),
        "mail": mail_settings(request.organization.pk),
        "locked": not request.organization.custom_mail,
        "default_sender": default_sender(),
    }


@organization_view(Permission.CHANGE_MAIL, methods=("GET", "POST"))
def add_connection(request: OrganizationRequest, slug: str) -> HttpResponse:
    """Add one more connection; nothing is sent through it before somebody says so."""
    asked = request.POST if request.method == "POST" else request.GET
    return answer(request, slug, new_subject(request.organization, asked))


@organization_view(Permission.CHANGE_MAIL, methods=("GET", "POST"))
def connection(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Show and change one connection, with the versions it had."""
    asked = request.POST if request.method == "POST" else request.GET
    return answer(request, slug, subject_of(request.organization, find(request, connection_id), asked))


def find(request: OrganizationRequest, connection_id: UUID) -> Connection:
    """Find a connection of this organization; anything else does not exist."""
    rows = Connection.objects.of(request.organization).select_related("organization")
    found = rows.filter(pk=connection_id).first()
    if found is None:
        raise Http404
    return found


def changeable(request: OrganizationRequest, connection_id: UUID) -> Connection:
    """Find a connection that may be changed: without the add-on everything stays as it is."""
    found = find(request, connection_id)
    if not request.organization.custom_mail:
        raise PermissionDenied
    return found


def answer(request: OrganizationRequest, slug: str, subject: Subject) -> HttpResponse:
    """Show, fill in or save the form of one connection."""
    if request.method == "POST":
        return save(request, slug, subject)
    if request.htmx:
        found = part(
            request, filled_form(request, subject, request.GET, trigger=request.htmx.trigger_name or "")
        )
        if found is not None:
            return found
    version = wanted_version(request, subject)
    if version is not None:
        return page(request, restored_form(subject, version))
    return page(request, ConnectionForm(subject=subject))


def wanted_version(request: OrganizationRequest, subject: Subject) -> ConnectionVersion | None:
    """Find the version whose values somebody wants to see in the form."""
    if subject.connection is None:
        return None
    version = version_of(subject.connection, request.GET.get("version", ""))
    return version if version and version.provider == subject.chosen.key else None


def save(request: OrganizationRequest, slug: str, subject: Subject) -> HttpResponse:
    """Save the posted form; it comes back with its errors when it is not right."""
    if not request.organization.custom_mail:
        raise PermissionDenied
    if fills_in(request.POST):
        return page(request, filled_form(request, subject, request.POST))
    form = ConnectionForm(request.POST, subject=subject)
    if not form.is_valid():
        return page(request, form, status=422)

    def done(saved: Saved) -> str:
        name, more = ("connections", ()) if form.may_send else ("connection", (saved.connection.pk,))
        return reverse(f"mailsettings:{name}", args=[slug, *more])

    return save_form(request, form, page, done)


def typed_form(request: OrganizationRequest) -> tuple[ConnectionForm, Callable[..., TemplateResponse]]:
    """Give the posted form of whichever page it stands on, and what renders that page again."""
    place = request.POST.get("place", "")
    if not place:
        return emails_form(request, request.POST), emails_page
    key = as_key(place)
    if key is None:
        subject = new_subject(request.organization, request.POST)
    else:
        subject = subject_of(request.organization, find(request, key), request.POST)
    return ConnectionForm(request.POST, subject=subject), page


def page(
    request: OrganizationRequest, form: ConnectionForm, *, status: int = 200, conflict: bool = False
) -> TemplateResponse:
    """Render the page of one connection with its form in any state."""
    context = form_context(request, form, conflict=conflict)
    if form.connection:
        context |= {
            "history": history(form.connection),
            "line": line_of(form.connection),
            "in_use": is_in_use(form.connection, form.subject.mail),
        }
    return TemplateResponse(request, "mailsettings/connection.html", context, status=status)
