"""The Emails page: read it, choose a provider, save, and save what a test has proven."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from mailsettings.carry import fills_in
from mailsettings.destinations import SecretNeeded
from mailsettings.domain.gate import refusal_of_stored
from mailsettings.drafts import save_draft, was_saved
from mailsettings.forms import EmailsForm
from mailsettings.models import Draft
from mailsettings.pages import emails_form, emails_page, fields_form, page_of, part
from mailsettings.saving import save_form
from mailsettings.services import NameTaken, Saved, StaleSettings, switch_off
from orgs import audit
from orgs.access import OrganizationRequest, Permission, organization_view


@organization_view(Permission.CHANGE_MAIL, methods=("GET", "POST"))
def emails(request: OrganizationRequest, slug: str) -> HttpResponse:
    """Show and save through what the organization sends."""
    if request.method == "POST":
        return save(request, slug)
    if request.htmx:
        trigger = request.htmx.trigger_name or ""
        answer = part(request, fields_form(request, request.GET, trigger=trigger))
        if answer is not None:
            return answer
    if "provider" in request.GET:
        return emails_page(request, fields_form(request, linked(request.GET)))
    return emails_page(request, emails_form(request))


def linked(asked: QueryDict) -> QueryDict:
    """Take from a link what it may choose: it types nothing else, its maker could name a server of their own.

    The sender's address comes along, so that another way can be chosen without typing it again (HIR-24).
    """
    taken = {name: asked[name] for name in ("provider", "connection") if name in asked}
    if "sender" in asked:
        taken |= {"shown": asked["provider"], "sender_email": asked["sender"]}
    return QueryDict(urlencode(taken))


def save(request: OrganizationRequest, slug: str) -> HttpResponse:
    """Save the posted form; the form comes back with its errors when it is not right."""
    if not request.organization.custom_mail:
        raise PermissionDenied
    if fills_in(request.POST):
        return emails_page(request, fields_form(request, request.POST))
    form = emails_form(request, request.POST)
    if not form.is_valid():
        return emails_page(request, form, status=422)
    home = reverse("mailsettings:emails", args=[slug])
    if form.settings is None:
        return turn_off(request, form, home)

    def done(saved: Saved) -> str:
        more = urlencode({"provider": saved.connection.provider})
        return home if form.may_send else f"{home}?{more}"

    return save_form(request, form, emails_page, done)


def turn_off(request: OrganizationRequest, form: EmailsForm, home: str) -> HttpResponse:
    """Go back to the system default mailer."""
    version = form.cleaned_data["version"]
    try:
        was_on = switch_off(organization=request.organization, user=request.user, expected_version=version)
    except StaleSettings:
        return emails_page(request, form, status=409, conflict=True)
    if was_on:
        audit.record_request(request, action="smtp.switched_off", subject=_("SMTP enabled"))
    messages.success(request, _("Saved. Notifications go out through the system default mailer."))
    return redirect(home)


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def save_drafted(request: OrganizationRequest, slug: str, draft_id: UUID) -> HttpResponse:
    """Save the values of a test, secrets included, without typing them again."""
    del slug
    organization = request.organization
    if not organization.custom_mail:
        raise PermissionDenied
    draft = Draft.objects.of(organization).select_related("connection").filter(pk=draft_id).first()
    if draft is None:
        raise Http404
    back = page_of(request, draft, draft=draft.pk)
    blocked = refusal_of_stored(request, draft, draft.connection)
    if blocked is not None:
        messages.error(request, str(blocked))
        return redirect(back)
    try:
        saved = save_draft(draft=draft, user=request.user)
    except StaleSettings:
        if was_saved(draft):
            messages.success(request, _("Saved and verified: the check passed meanwhile."))
            return redirect(page_of(request, draft))
        messages.error(request, _("These settings were changed meanwhile. Check them and save again."))
        return redirect(back)
    except NameTaken:
        messages.error(request, _("Another connection has this name. Choose another one."))
        return redirect(back)
    except SecretNeeded as error:
        messages.error(request, " ".join(error.errors.values()))
        return redirect(back)
    audit.record_request(
        request,
        action=saved.action,
        subject=saved.connection.name,
        detail={"changed": list(saved.changed), "verified": draft.passed_at is not None},
    )
    messages.success(request, _("Saved. The next message uses these settings."))
    return redirect(page_of(request, draft))
