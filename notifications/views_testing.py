"""Test SMTP in the browser: start a test, watch it, read what it found."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from mailsettings.connections.views import typed_form
from mailsettings.destinations import SecretNeeded
from mailsettings.drafts import make_draft
from mailsettings.forms import ConnectionForm
from mailsettings.models import Connection, Draft
from mailsettings.pages import page_of
from mailsettings.subject import find_draft
from notifications.models import TRIALS, Kind, Notification, Purpose
from notifications.panel import PANEL_FORM
from notifications.results import look_at
from notifications.testing import LimitReached, RecipientForm, start_test
from orgs import audit
from orgs.access import OrganizationRequest, Permission, organization_view

STOP_POLLING = 286


@organization_view(Permission.RUN_TESTS, methods=("GET", "POST"))
def test(request: OrganizationRequest, slug: str) -> HttpResponse:
    """Show the page of tests; start one with the values of a form, a draft, or what is saved."""
    if request.method == "GET":
        return show_tests(request, recipient_form(request))
    if "provider" in request.POST or "smtp_enabled" in request.POST or "version" in request.POST:
        return test_typed(request, slug)
    # Without the add-on only the default mailer sends, tests included.
    entitled = request.organization.custom_mail
    draft = find_draft(request.organization, request.POST.get("draft", "")) if entitled else None
    connection = find_connection(request) if entitled else None
    tried = draft or connection
    sender = str(tried.settings.get("sender_email", "")) if tried else ""
    form = recipient_form(request, sender=sender)
    if not form.is_valid():
        return show_tests(request, form, status=422)
    return run(request, slug, form, draft=draft, connection=connection)


def test_typed(request: OrganizationRequest, slug: str) -> HttpResponse:
    """Test what is on the Emails page, or on the page of a connection, saved or not."""
    form, page = typed_form(request)
    valid = form.is_valid()
    if not request.organization.custom_mail:
        form.settings = None  # it goes by the default mailer: a typed sender opens no domain
    recipient = recipient_form(request, sender=form.settings.sender_email if form.settings else "")
    if request.organization.custom_mail and not valid:
        return refuse(request, form, recipient, page)
    if not recipient.is_valid():
        return refuse(request, form, recipient, page)
    draft = None
    if form.settings is not None:
        try:
            draft = make_draft(
                organization=request.organization,
                chosen=form.chosen,
                settings=form.settings,
                typed=form.typed,
                user=request.user,
                base_version=form.cleaned_data["version"],
                connection=form.connection,
                name=form.new_name,
                activate=form.subject.activates,
            )
        except SecretNeeded as error:
            for name, message in error.errors.items():
                form.add_error(name, message)
            return refuse(request, form, recipient, page)
    return run(request, slug, recipient, draft=draft, again=lambda: refuse(request, form, recipient, page))


def run(  # one place starts every kind of test
    request: OrganizationRequest,
    slug: str,
    recipient: RecipientForm,
    *,
    draft: Draft | None,
    connection: Connection | None = None,
    again: Callable[[], HttpResponse] | None = None,
) -> HttpResponse:
    """Start the test and show its card; too many tests get the sentence that says when to come back."""
    try:
        notification = start_test(
            organization=request.organization,
            user=request.user,
            to=recipient.cleaned_data["test_to"],
            draft=draft,
            connection=connection,
        )
    except LimitReached as error:
        recipient.add_error("test_to", str(error))
        if again is not None:
            answer = again()
            answer.status_code = answer.status_code if request.htmx else 429
            return answer
        return show_tests(request, recipient, status=429)
    audit.record_request(request, action="test.started", subject=recipient.cleaned_data["test_to"])
    if request.htmx:
        return card(request, notification)
    return redirect("notifications:test_result", slug, notification.pk)


@organization_view(Permission.RUN_TESTS, methods=("GET",))
def test_result(request: OrganizationRequest, slug: str, notification_id: UUID) -> HttpResponse:
    """Show one test: running, passed or failed."""
    del slug
    notification = (
        Notification.objects.of(request.organization)
        .filter(pk=notification_id, kind__in=TRIALS)
        .exclude(notification_type=Purpose.NEXT_SECRET)
        .select_related("draft", "draft__connection", "created_by", "connection")
        .first()
    )
    if notification is None:
        raise Http404
    if request.htmx:
        return card(request, notification)
    context = {"result": look_at(notification), "back": back(request, notification.draft)}
    return TemplateResponse(request, "notifications/testing_result.html", context)


def back(request: OrganizationRequest, draft: Draft | None) -> str:
    """Give the address of the page the values were typed on; it brings them back."""
    if draft is None:
        return reverse("mailsettings:emails", args=[request.organization.slug])
    return page_of(request, draft, draft=draft.pk)


def card(request: OrganizationRequest, notification: Notification) -> HttpResponse:
    """Give only the card; it polls itself until the test is over."""
    result = look_at(notification)
    context = {"result": result, "in_page": request.htmx.target != "test-page"}
    template = "notifications/_testing_card.html"
    status = 200 if result.state == "running" else STOP_POLLING
    return TemplateResponse(request, template, context, status=status if request.method == "GET" else 200)


def refuse(
    request: OrganizationRequest,
    form: ConnectionForm,
    recipient: RecipientForm,
    page: Callable[..., TemplateResponse],
) -> HttpResponse:
    """Give the page back with its errors; nothing typed is lost, nothing was sent."""
    setattr(request, PANEL_FORM, recipient)
    answer = page(request, form, status=422)
    if request.htmx:
        answer["HX-Retarget"] = answer["HX-Reselect"] = "#emails"
        answer["HX-Reswap"] = "outerHTML"
    return answer


def recipient_form(request: OrganizationRequest, *, sender: str = "") -> RecipientForm:
    """Build the form of the test address, bound when something is posted."""
    posted = request.POST if request.method == "POST" else None
    return RecipientForm(posted, access=request.access, sender_email=sender)


def show_tests(request: OrganizationRequest, form: RecipientForm, *, status: int = 200) -> HttpResponse:
    """Show the page of tests: address, connection, and the last results."""
    organization = request.organization
    recent = Notification.objects.of(organization).filter(kind=Kind.TEST).order_by("-id")[:10]
    context = {
        "form": form,
        "connections": Connection.objects.of(organization).order_by("name"),
        "recent": recent,
        "chosen_connection": request.POST.get("connection", ""),
    }
    return TemplateResponse(request, "notifications/testing.html", context, status=status)


def find_connection(request: OrganizationRequest) -> Connection | None:
    """Find the chosen connection among the organization's own; none means what real mail uses now."""
    typed = request.POST.get("connection", "")
    if not typed:
        return None
    rows = Connection.objects.of(request.organization)
    try:
        found = rows.filter(pk=UUID(typed)).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found
