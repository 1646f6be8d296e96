"""The Emails page: read it, choose a provider, save, and save what a test has proven."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from mailsettings.destinations import SecretNeeded
from mailsettings.drafts import save_draft
from mailsettings.forms import EmailsForm
from mailsettings.models import Draft
from mailsettings.pages import emails_form, emails_page, fields_form
from mailsettings.services import StaleSettings, save_connection, switch_off
from orgs import audit
from orgs.access import OrganizationRequest, Permission, organization_view


@organization_view(Permission.CHANGE_MAIL, methods=("GET", "POST"))
def emails(request: OrganizationRequest, slug: str) -> HttpResponse:
    """Show and save through what the organization sends."""
    if request.method == "POST":
        return save(request, slug)
    if request.htmx and request.htmx.target == "provider-fields":
        form = fields_form(request, request.GET)
        return TemplateResponse(request, "mailsettings/_provider_fields.html", {"form": form})
    if "provider" in request.GET:
        # A link chooses a provider and types nothing: its maker could name a server of their own.
        chosen = QueryDict(urlencode({"provider": request.GET["provider"]}))
        return emails_page(request, fields_form(request, chosen))
    return emails_page(request, emails_form(request))


def save(request: OrganizationRequest, slug: str) -> HttpResponse:
    """Save the posted form; the form comes back with its errors when it is not right."""
    if not request.organization.custom_mail:
        raise PermissionDenied
    if request.POST.get("action") == "fields":
        return emails_page(request, fields_form(request, request.POST))
    form = emails_form(request, request.POST)
    if not form.is_valid():
        return emails_page(request, form, status=422)
    try:
        if form.settings is None:
            turn_off(request, form)
        else:
            turn_on(request, form)
    except StaleSettings:
        return emails_page(request, form, status=409, conflict=True)
    except SecretNeeded as error:
        for name, message in error.errors.items():
            form.add_error(name, message)
        return emails_page(request, form, status=422)
    return redirect("mailsettings:emails", slug)


def turn_on(request: OrganizationRequest, form: EmailsForm) -> None:
    """Save the provider's settings and write down what changed."""
    assert form.settings is not None  # noqa: S101  # the caller looked
    saved = save_connection(
        organization=form.organization,
        chosen=form.chosen,
        settings=form.settings,
        typed=form.typed,
        user=request.user,
        expected_version=form.cleaned_data["version"],
    )
    audit.record_request(
        request,
        action="connection.created" if saved.created else "connection.changed",
        subject=saved.connection.name,
        detail={"changed": list(saved.changed)},
    )
    messages.success(request, _("Saved. The next message uses these settings."))
    for note in form.typed_notes():
        messages.warning(request, note)


def turn_off(request: OrganizationRequest, form: EmailsForm) -> None:
    """Go back to the system default mailer."""
    was_on = switch_off(
        organization=form.organization,
        user=request.user,
        expected_version=form.cleaned_data["version"],
    )
    if was_on:
        audit.record_request(request, action="smtp.switched_off", subject=_("SMTP enabled"))
    messages.success(request, _("Saved. Notifications go out through the system default mailer."))


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def save_drafted(request: OrganizationRequest, slug: str, draft_id: UUID) -> HttpResponse:
    """Save the values of a test, secrets included, without typing them again."""
    organization = request.organization
    if not organization.custom_mail:
        raise PermissionDenied
    draft = Draft.objects.of(organization).select_related("connection").filter(pk=draft_id).first()
    if draft is None:
        raise Http404
    try:
        saved = save_draft(draft=draft, user=request.user)
    except StaleSettings:
        messages.error(request, _("These settings were changed after the test. Check them and save again."))
        return redirect("mailsettings:emails", slug)
    except SecretNeeded as error:
        messages.error(request, " ".join(error.errors.values()))
        return redirect("mailsettings:emails", slug)
    audit.record_request(
        request,
        action="connection.created" if saved.created else "connection.changed",
        subject=saved.connection.name,
        detail={"changed": list(saved.changed), "from": "test"},
    )
    messages.success(request, _("Saved. The next message uses these settings."))
    return redirect("mailsettings:emails", slug)
