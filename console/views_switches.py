"""Two switches of an organization: the Custom mail add-on, and whether it is let in at all."""

from __future__ import annotations

from typing import TypedDict

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from console.services import organization_by_slug
from console.views import admin
from orgs.access import super_admin_view
from orgs.audit import client_ip
from orgs.models import Organization
from orgs.questions import Question, ask
from orgs.services import grant_custom_mail, set_organization_active


@super_admin_view()
def custom_mail(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask, then grant or withdraw the add-on; what is stored stays stored (CIR-2)."""
    found = organization_by_slug(slug)
    if request.method != "POST":
        return ask(request, _withdraw(found) if found.custom_mail else _grant(found))
    granted = request.POST.get("wanted") == "on"
    grant_custom_mail(organization_id=found.pk, granted=granted, actor=admin(request), ip=client_ip(request))
    said = (
        _("Custom mail is granted to %(name)s.") if granted else _("Custom mail is withdrawn from %(name)s.")
    )
    messages.success(request, said % {"name": found.name})
    return redirect("console:organization", slug)


@super_admin_view()
def active(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask, then suspend an organization or let it in again."""
    found = organization_by_slug(slug)
    if request.method != "POST":
        return ask(request, _suspend(found) if found.is_active else _resume(found))
    wanted = request.POST.get("wanted") == "on"
    try:
        set_organization_active(
            organization_id=found.pk, active=wanted, actor=admin(request), ip=client_ip(request)
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        said = _("%(name)s is active again.") if wanted else _("%(name)s is suspended.")
        messages.success(request, said % {"name": found.name})
    return redirect("console:organization", slug)


class _Place(TypedDict):
    """Where a question is asked: the address that takes the answer, the one behind Cancel, the heading."""

    action: str
    back: str
    place: str


def _grant(found: Organization) -> Question:
    return Question(
        title=_("Grant Custom mail to %(name)s") % {"name": found.name},
        text=_("Its admins can then set up a provider of their own and switch it on."),
        verb=_("Grant"),
        icon="check",
        tone="primary",
        wanted="on",
        **_place(found, "console:custom_mail"),
    )


def _withdraw(found: Organization) -> Question:
    return Question(
        title=_("Withdraw Custom mail from %(name)s") % {"name": found.name},
        text=_(
            "From the next one on, its notifications go out through the system mailer. Its settings stay."
        ),
        verb=_("Withdraw"),
        icon="x",
        wanted="off",
        **_place(found, "console:custom_mail"),
    )


def _suspend(found: Organization) -> Question:
    return Question(
        title=_("Suspend %(name)s") % {"name": found.name},
        text=_("Its members cannot open it, and its mail waits in the queue until it is active again."),
        verb=_("Suspend"),
        icon="player-pause",
        wanted="off",
        **_place(found, "console:active"),
    )


def _resume(found: Organization) -> Question:
    return Question(
        title=_("Let %(name)s in again") % {"name": found.name},
        text=_("Its members can open it again, and waiting mail goes out unless it has expired."),
        verb=_("Resume"),
        icon="check",
        tone="primary",
        wanted="on",
        **_place(found, "console:active"),
    )


def _place(found: Organization, name: str) -> _Place:
    back = reverse("console:organization", args=[found.slug])
    return _Place(action=reverse(name, args=[found.slug]), back=back, place=found.name)
