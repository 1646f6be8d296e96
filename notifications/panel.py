"""The panel "Send a test" on the Emails page, which belongs to the room below."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from mailsettings.forms import ConnectionForm
from mailsettings.pages import PANELS
from notifications.models import Kind, Notification
from notifications.testing import RecipientForm
from orgs.access import OrganizationRequest

# Where a refused test leaves its form for the panel that draws it again.
PANEL_FORM = "mailroom_recipient_form"


def panel(request: OrganizationRequest, form: ConnectionForm) -> SafeString:
    """Draw "Send a test" beside the Emails form."""
    last = (
        Notification.objects.of(request.organization)
        .filter(kind=Kind.TEST, ended_at__isnull=False)
        .order_by("-id")
        .first()
    )
    recipient = getattr(request, PANEL_FORM, None)
    context = {
        "recipient": recipient or RecipientForm(access=request.access),
        "form": form,
        "organization": request.organization,
        "last": last,
        "locked": not request.organization.custom_mail,
    }
    return render_to_string("notifications/_testing_panel.html", context, request)


def hang_panel() -> None:
    """Hang "Send a test" into the Emails page, once; called when the apps are ready."""
    if panel not in PANELS:
        PANELS.append(panel)
