"""The panel "Sender's domain" beside the Emails form: one line per record, from the last look."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from mailsettings.domain.names import domain_of
from mailsettings.domain.reports import standings
from mailsettings.domain.views import present
from mailsettings.forms import ConnectionForm
from mailsettings.pages import PANELS
from orgs.access import OrganizationRequest


def panel(request: OrganizationRequest, form: ConnectionForm) -> SafeString:
    """Draw the panel of the form's saved sender; nothing before there is one."""
    saved = form.connection
    email = str(saved.settings.get("sender_email", "")) if saved else ""
    wanted = domain_of(email)
    found = [each for each in standings(request.organization.pk) if each.sender.domain == wanted]
    if not found:
        return SafeString("")
    context = {
        "shown": present(found[0]),
        "organization": request.organization,
        "looks_by_itself": found[0].is_due,
    }
    return render_to_string("mailsettings/_domain_panel.html", context, request)


def hang_panel() -> None:
    """Hang the panel into the Emails page, once; called when the apps are ready."""
    if panel not in PANELS:
        PANELS.append(panel)
