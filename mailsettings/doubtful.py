"""What becomes of a message whose answer was lost: sent again, or held for a person (NEW-7)."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from mailsettings.connections.services import change_mail
from mailsettings.models import Doubtful, MailSettings
from orgs import audit
from orgs.access import OrganizationRequest, Permission, organization_view
from orgs.models import User


def choose_doubtful(*, organization_id: UUID, policy: Doubtful, user: User | None) -> bool:
    """Keep the policy for messages whose answer was lost, inside tenant(); it counts for the next message.

    Returns:
        Whether that changed.
    """
    return change_mail(organization_id, user, doubtful=policy)


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def never_twice(request: OrganizationRequest, slug: str) -> HttpResponse:
    """Keep whether a message whose answer was lost is held for a person."""
    policy = Doubtful.HOLD if request.POST.get("wanted") == "on" else Doubtful.RESEND
    if choose_doubtful(organization_id=request.organization.pk, policy=policy, user=request.user):
        audit.record_request(request, action=f"mail.doubtful_{policy}", subject=_("Lost answers"))
    words = (
        _("A message whose answer was lost waits for a person.")
        if policy == Doubtful.HOLD
        else _("A message whose answer was lost is sent again.")
    )
    messages.success(request, words)
    if not request.htmx:
        return redirect("mailsettings:connections", slug)
    mail = MailSettings.objects.of(request.organization).get()
    return TemplateResponse(request, "mailsettings/_never_twice_part.html", {"mail": mail})
