"""The Emails page as a whole: built the same way for reading, saving and testing."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from mailsettings.advice import Advice, advise, facts
from mailsettings.carry import carry, typed_so_far
from mailsettings.default_mailer import default_sender
from mailsettings.forms import ConnectionForm, EmailsForm
from mailsettings.models import Connection, Draft
from mailsettings.subject import Subject, emails_subject
from mailsettings.vault import typed_settings
from orgs.access import OrganizationRequest
from providers import PROVIDERS, provider

# Rooms above hang their panels into the page's aside, such as "Send a test", …
PANELS: list[Callable[[OrganizationRequest, ConnectionForm], SafeString]] = []
# … their notices above the form, such as why a save did not pass, …
NOTICES: list[Callable[[OrganizationRequest, ConnectionForm], SafeString]] = []
# … and the one who proves a draft before it is activated (HIR-18).
VERIFIERS: list[Callable[[OrganizationRequest, Draft], HttpResponse]] = []


def emails_form(request: OrganizationRequest, posted: QueryDict | None = None) -> EmailsForm:
    """Build the form of the page, from what is saved, drafted or posted."""
    subject = emails_subject(request.organization, posted or request.GET, url=home(request))
    return EmailsForm(posted, subject=subject)


def fields_form(request: OrganizationRequest, typed: QueryDict, *, trigger: str = "") -> EmailsForm:
    """Build the form for another provider, connection or service, with what was typed so far."""
    subject = emails_subject(request.organization, typed, url=home(request))
    values, kept = so_far(request, subject, typed, trigger=trigger)
    return EmailsForm(subject=subject, values=values, kept=kept, asked=True)


def so_far(
    request: OrganizationRequest, subject: Subject, typed: QueryDict, *, trigger: str = ""
) -> tuple[dict[str, object], dict[str, str]]:
    """Give what was typed so far, with what was asked for; say so where that cannot be done."""
    try:
        return typed_so_far(subject, typed, trigger=trigger)
    except (TypeError, ValueError) as error:
        messages.warning(request, str(error))
        return carry(typed, subject.chosen.key)


def home(request: OrganizationRequest) -> str:
    """Give the address of the Emails page."""
    return reverse("mailsettings:emails", args=[request.organization.slug])


def page_of(request: OrganizationRequest, draft: Draft, /, **query: UUID) -> str:
    """Give the address of the page a draft was typed on: Emails, or the page of its connection."""
    slug = request.organization.slug
    if draft.activate:
        address = reverse("mailsettings:emails", args=[slug])
    elif query and draft.connection_id is None:
        address = reverse("mailsettings:add_connection", args=[slug])
    elif query:
        address = reverse("mailsettings:connection", args=[slug, draft.connection_id])
    else:
        address = reverse("mailsettings:connections", args=[slug])
    return f"{address}?{urlencode(query)}" if query else address


def emails_page(
    request: OrganizationRequest, form: EmailsForm, *, status: int = 200, conflict: bool = False
) -> TemplateResponse:
    """Render the page with a form in any state."""
    context = {
        **form_context(request, form, conflict=conflict),
        "default_sender": default_sender(),
        "providers": PROVIDERS,
    }
    return TemplateResponse(request, "mailsettings/emails.html", context, status=status)


def form_context(
    request: OrganizationRequest, form: ConnectionForm, *, conflict: bool = False
) -> dict[str, object]:
    """Give what every page with this form shows around it."""
    return {
        "form": form,
        "mail": form.subject.mail,
        "connection": form.connection,
        "locked": not request.organization.custom_mail,
        "conflict": conflict,
        "held": held_advice(form.connection),
        "notices": [notice(request, form) for notice in NOTICES],
        "panels": [panel(request, form) for panel in PANELS],
    }


def part(request: OrganizationRequest, form: ConnectionForm) -> TemplateResponse | None:
    """Render what a script asks for; None when it asks for the whole page."""
    target, trigger = str(request.htmx.target or ""), str(request.htmx.trigger_name or "")
    if target == "provider-fields":
        template = "mailsettings/_provider_fields.html"
    elif target == "identity":
        template = "mailsettings/_identity_part.html"
    elif trigger == "action" or trigger in form.fields:
        template = "mailsettings/_filled_in.html"
    else:
        return None
    touched = form.touched_by(trigger, request.GET.get("action", ""))
    return TemplateResponse(request, template, {"form": form, "touched": touched})


def held_advice(connection: Connection | None) -> Advice | None:
    """Explain why a connection is held, if it is."""
    if connection is None or not connection.held_code:
        return None
    chosen = provider(connection.provider)
    known = facts(chosen, typed_settings(chosen, connection.settings, {}))
    return advise(connection.held_code, known, reply=connection.held_reply)
