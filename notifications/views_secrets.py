"""The next secret of a connection in the browser: store it, test it, use it now, remove it (NEW-5)."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from mailsettings.connections.forms import subject_of
from mailsettings.connections.views import changeable, page
from mailsettings.destinations import SecretNeeded
from mailsettings.forms import ConnectionForm
from mailsettings.models import Connection
from mailsettings.next_secret_form import NextSecretForm
from mailsettings.secret_slots import MovedOn, drop_next, rotating, slot, store_next
from mailsettings.secret_swap import BY_HAND, SWAPPED, NoNextSecret, locked, take_over
from notifications import hints
from notifications.next_secrets import NothingToTest, find_test, start_test
from notifications.results import look_at
from notifications.secret_card import CARD_FORM, card_of
from notifications.testing import LimitReached
from orgs import audit
from orgs.access import OrganizationRequest, Permission, organization_view
from orgs.questions import Question, ask

STOP_POLLING = 286


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def store_next_secret(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Store the next secret beside the current one, and test it at once."""
    changeable(request, connection_id)
    _mail, row = locked(request.organization.pk, connection_id)
    spec = rotating(row) if row is not None else None
    if row is None or spec is None:
        raise Http404
    form = NextSecretForm(request.POST, connection=row, spec=spec)
    if not form.is_valid():
        setattr(request, CARD_FORM, form)
        return page(request, ConnectionForm(subject=subject_of(request.organization, row)), status=422)
    try:
        store_next(
            connection=row,
            secret=form.secret,
            expires_on=form.cleaned_data["expires_on"],
            version=form.cleaned_data["version"],
            user=request.user,
        )
    except MovedOn:
        return page(
            request,
            ConnectionForm(subject=subject_of(request.organization, row)),
            status=409,
            conflict=True,
        )
    audit.record_request(
        request,
        action="next_secret.stored",
        subject=row.name,
        detail={"expires_on": form.cleaned_data["expires_on"]},
    )
    if form.note:
        messages.warning(request, form.note)
    return tested(request, slug, row)


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def test_next_secret(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Test the next secret again."""
    row = changeable(request, connection_id)
    audit.record_request(request, action="next_secret.tested", subject=row.name)
    return tested(request, slug, row)


def tested(request: OrganizationRequest, slug: str, row: Connection) -> HttpResponse:
    """Start the test of a next secret, and show how it goes."""
    try:
        test = start_test(organization=request.organization, user=request.user, connection=row)
    except NothingToTest:
        messages.warning(request, gone())
    except LimitReached as error:
        messages.error(request, str(error))
    except SecretNeeded as error:
        messages.error(request, " ".join(error.errors.values()))
    else:
        return redirect("notifications:next_secret_result", slug, row.pk, test.pk)
    return redirect(home(request, row))


@organization_view(Permission.CHANGE_MAIL, methods=("GET",))
def next_secret_result(
    request: OrganizationRequest, slug: str, connection_id: UUID, notification_id: UUID
) -> HttpResponse:
    """Show the test of a next secret, step by step; it asks for itself until it is over."""
    del slug
    row = changeable(request, connection_id)
    test = find_test(request.organization.pk, notification_id)
    if test is None or test.draft is None or test.draft.connection_id != row.pk:
        raise Http404
    result = look_at(test)
    context = {"result": result, "connection": row, "card": card_of(row), "back": home(request, row)}
    part = bool(request.htmx)
    template = "notifications/_next_secret_result.html" if part else "notifications/next_secret_result.html"
    ended = part and result.state != "running"
    return TemplateResponse(request, template, context, status=STOP_POLLING if ended else 200)


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def use_next_secret(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Put the next secret in the place of the current one now; asks first while no test has proven it."""
    del slug
    changeable(request, connection_id)
    mail, row = locked(request.organization.pk, connection_id)
    if row is None:
        raise Http404
    waiting = slot(row, is_next=True)
    if waiting is not None and waiting.tested_at is None and not request.POST.get("unproven"):
        return ask(request, unproven(row, action=request.path, back=home(request, row)))
    try:
        take_over(row, mail, reason=BY_HAND, user=request.user)
    except NoNextSecret:
        messages.warning(request, gone())
    else:
        audit.record_request(request, action=SWAPPED, subject=row.name, detail={"reason": BY_HAND})
        hints.ring(request.organization.pk)
        words = _("%(name)s uses the new secret from now on. The old one is removed here.")
        messages.success(request, words % {"name": row.name})
    return redirect(home(request, row))


@organization_view(Permission.CHANGE_MAIL, methods=("GET", "POST"))
def remove_next_secret(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Ask, then remove the next secret; the current one stays."""
    del slug
    row = changeable(request, connection_id)
    if request.method != "POST":
        words = {"name": row.name}
        return ask(
            request,
            Question(
                title=_("Remove the next secret of %(name)s") % words,
                text=_("The current secret stays in use. The next one is removed for good."),
                verb=_("Remove"),
                action=request.path,
                back=home(request, row),
                place=row.name,
            ),
        )
    locked(request.organization.pk, row.pk)
    if drop_next(row):
        audit.record_request(request, action="next_secret.removed", subject=row.name)
        messages.success(request, _("Removed the next secret of %(name)s.") % {"name": row.name})
    return redirect(home(request, row))


def unproven(row: Connection, *, action: str, back: str) -> Question:
    """Ask whether a secret that no test has proven shall end the current one."""
    words = {"name": row.name}
    return Question(
        title=_("Use the next secret of %(name)s untested") % words,
        text=_(
            "No test of it has succeeded. The current secret is removed and cannot be brought back. "
            "If the next one is refused, %(name)s is paused until you enter another one."
        )
        % words,
        verb=_("Use it now"),
        icon="key",
        action=action,
        back=back,
        place=row.name,
        wanted="yes",
        wanted_as="unproven",
    )


def gone() -> str:
    """Say that there is no next secret any more."""
    return _("There is no next secret any more. It took over, or was removed.")


def home(request: OrganizationRequest, row: Connection) -> str:
    """Give the address of the connection's page."""
    return reverse("mailsettings:connection", args=[request.organization.slug, row.pk])
