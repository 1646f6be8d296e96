"""The form of one connection on its own page: the fields of the Emails page without the switch."""

from __future__ import annotations

from django.http import QueryDict
from django.urls import reverse

from mailsettings.forms import ConnectionForm
from mailsettings.models import Connection, ConnectionVersion
from mailsettings.pages import so_far
from mailsettings.subject import Subject, find_draft, known_provider
from mailsettings.ways import mail_settings
from orgs.access import OrganizationRequest
from orgs.models import Organization
from providers import PROVIDERS, provider


def subject_of(organization: Organization, connection: Connection, asked: QueryDict | None = None) -> Subject:
    """Give what the page of a saved connection is about."""
    draft = find_draft(organization, asked.get("draft", "")) if asked else None
    return Subject(
        organization=organization,
        mail=mail_settings(organization.pk),
        url=reverse("mailsettings:connection", args=[organization.slug, connection.pk]),
        chosen=provider(connection.provider),
        connection=connection,
        draft=draft if draft and draft.connection_id == connection.pk else None,
        named=True,
        activates=False,
    )


def new_subject(organization: Organization, asked: QueryDict) -> Subject:
    """Give what the page for one more connection is about."""
    draft = find_draft(organization, asked.get("draft", ""))
    draft = draft if draft and draft.connection_id is None else None
    otherwise = draft.provider if draft else PROVIDERS[0].key
    return Subject(
        organization=organization,
        mail=mail_settings(organization.pk),
        url=reverse("mailsettings:add_connection", args=[organization.slug]),
        chosen=known_provider(asked.get("provider", ""), otherwise),
        connection=None,
        draft=draft,
        named=True,
        activates=False,
    )


def filled_form(
    request: OrganizationRequest, subject: Subject, typed: QueryDict, *, trigger: str = ""
) -> ConnectionForm:
    """Build the form with what was typed so far, after another provider or service was chosen."""
    values, kept = so_far(request, subject, typed, trigger=trigger)
    if typed.get("shown"):
        values["name"] = typed.get("name", "")
    return ConnectionForm(subject=subject, values=values, kept=kept)


def restored_form(subject: Subject, version: ConnectionVersion) -> ConnectionForm:
    """Build the form with the values of an earlier version, for secrets that must be typed again."""
    return ConnectionForm(subject=subject, values={**version.settings, "name": version.name})
