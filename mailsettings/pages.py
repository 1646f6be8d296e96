"""The Emails page as a whole: built the same way for reading, saving and testing."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.http import QueryDict
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from mailsettings.advice import Advice, advise, facts
from mailsettings.carry import carry
from mailsettings.default_mailer import default_sender
from mailsettings.forms import EmailsForm
from mailsettings.models import Connection, Draft, MailSettings, Rank
from mailsettings.vault import typed_settings
from mailsettings.ways import mail_settings
from orgs.access import OrganizationRequest
from orgs.models import Organization
from providers import provider

# Rooms above hang their panels into the page's aside, such as "Send a test".
PANELS: list[Callable[[OrganizationRequest, EmailsForm], SafeString]] = []


def emails_form(request: OrganizationRequest, posted: QueryDict | None = None) -> EmailsForm:
    """Build the form of the page, from what is saved, drafted or posted."""
    organization: Organization = request.organization
    mail = mail_settings(organization.pk)
    draft_id = (posted or request.GET).get("draft", "")
    return EmailsForm(
        posted,
        organization=organization,
        mail=mail,
        connection=current(organization),
        draft=find_draft(organization, draft_id),
    )


def fields_form(request: OrganizationRequest, typed: QueryDict) -> EmailsForm:
    """Build the form for another provider, with what was typed so far."""
    organization: Organization = request.organization
    values, kept = carry(typed, typed.get("provider", ""))
    return EmailsForm(
        organization=organization,
        mail=mail_settings(organization.pk),
        connection=current(organization),
        provider_key=typed.get("provider", ""),
        values=values,
        kept=kept,
    )


def current(organization: Organization) -> Connection | None:
    """Give the connection the page opens with: the primary one."""
    return Connection.objects.of(organization).filter(rank=Rank.PRIMARY).first()


def find_draft(organization: Organization, draft_id: str) -> Draft | None:
    """Find a draft of this organization; anything else is as if it were not there."""
    try:
        key = UUID(draft_id)
    except ValueError:
        return None
    return Draft.objects.of(organization).select_related("connection").filter(pk=key).first()


def emails_page(
    request: OrganizationRequest, form: EmailsForm, *, status: int = 200, conflict: bool = False
) -> TemplateResponse:
    """Render the page with a form in any state."""
    organization: Organization = request.organization
    mail: MailSettings = form.mail
    return TemplateResponse(
        request,
        "mailsettings/emails.html",
        {
            "form": form,
            "mail": mail,
            "connection": form.connection,
            "locked": not organization.custom_mail,
            "conflict": conflict,
            "default_sender": default_sender(),
            "held": held_advice(form.connection),
            "panels": [panel(request, form) for panel in PANELS],
        },
        status=status,
    )


def held_advice(connection: Connection | None) -> Advice | None:
    """Explain why a connection is held, if it is."""
    if connection is None or not connection.held_code:
        return None
    chosen = provider(connection.provider)
    return advise(connection.held_code, facts(chosen, typed_settings(chosen, connection.settings, {})))
