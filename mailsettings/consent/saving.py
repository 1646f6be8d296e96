"""The button "Connect" of a form of settings: what is typed is stored first (HIR-5, WPM-13)."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse

from mailsettings.consent.starting import start_consent
from mailsettings.forms import ConnectionForm
from mailsettings.services import save_connection
from orgs import audit
from orgs.access import OrganizationRequest

# What the button sends as `action`.
CONNECT: Final = "connect"


def save_and_connect(request: OrganizationRequest, form: ConnectionForm) -> HttpResponse:
    """Save a valid form without activating it, and leave for the consent page; says nothing by itself.

    Raises:
        StaleSettings, SecretNeeded, NameTaken: as `save_connection` says.
    """
    assert form.settings is not None  # noqa: S101  # the caller looked
    saved = save_connection(
        organization=request.organization,
        chosen=form.chosen,
        settings=form.settings,
        typed=form.typed,
        user=request.user,
        expected_version=form.cleaned_data["version"],
        connection=form.connection,
        name=form.new_name,
        activate=False,
    )
    if saved.created or saved.changed:
        detail = {"changed": list(saved.changed)}
        audit.record_request(request, action=saved.action, subject=saved.connection.name, detail=detail)
    return start_consent(request, saved.connection, activate=form.subject.activates)
