"""The pages about a connected account: connect, look at it, say what it sends as, remove it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from mailsettings.consent.accounts import account_row, confirm_send_as, disconnect
from mailsettings.consent.checking import renewal_fault
from mailsettings.consent.leaving import give_back
from mailsettings.consent.panel import account_panel
from mailsettings.consent.results import find_trip, result_of
from mailsettings.consent.starting import start_consent
from mailsettings.domain.gate import refusal
from mailsettings.models import Connection, Rank
from mailsettings.services import save_connection
from mailsettings.vault import typed_settings
from mailsettings.ways import mail_settings
from orgs import audit
from orgs.access import OrganizationRequest, Permission, asked_outside, organization_view
from orgs.questions import Question, ask
from providers import Provider, Settings, provider


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def connect(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:  # noqa: ARG001
    """Leave for the consent page; what was decided about an earlier trip's account comes along."""
    connection = find(request, connection_id)
    who, choice = account_in_question(request, connection), request.POST.get("choice", "")
    if who and choice == "use":
        connection = use_as_sender(request, connection, who)
    return start_consent(
        request,
        connection,
        activate=bool(request.POST.get("activate")),
        sends_as=who if choice == "sends_as" else "",
        login_hint=who if choice in {"use", "sends_as"} else "",
    )


@organization_view(Permission.CHANGE_MAIL, methods=("GET",))
def consent_result(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:  # noqa: ARG001
    """Show the account of a connection, or why the last trip did not pass."""
    connection = find(request, connection_id)
    panel = account_panel(provider(connection.provider), connection)
    if panel is None:
        raise Http404
    mail = mail_settings(request.organization.pk)
    in_use = connection.rank == Rank.PRIMARY and mail.smtp_enabled and request.organization.custom_mail
    result = result_of(connection, panel, request.GET.get("trip", ""))
    context = {"connection": connection, "panel": panel, "result": result, "in_use": in_use}
    return TemplateResponse(request, "mailsettings/consent_result.html", context)


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def check_account(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Say what came of a real renewal: the one way to know how a token fares (WPM-29)."""
    connection = find(request, connection_id)
    renewal = partial(renewal_fault, request.organization.pk, connection.pk)
    fault = asked_outside(request, "renewal", renewal)
    if fault:
        messages.error(request, str(fault))
    else:
        messages.success(request, _("The account still allows sending. Access was renewed just now."))
    return redirect("mailsettings:consent_result", slug, connection.pk)


@organization_view(Permission.CHANGE_MAIL, methods=("POST",))
def choose_sender(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Settle that the connected account and the Sender email differ (WPM-30)."""
    connection = find(request, connection_id)
    account = account_row(connection)
    if account is None:
        raise Http404
    if request.POST.get("choice") == "use":
        blocked = refusal(request, *with_sender_email(connection, account.email), connection)
        if blocked is not None:
            messages.error(request, str(blocked))
            return redirect("mailsettings:consent_result", slug, connection.pk)
        use_as_sender(request, connection, account.email)
        messages.success(request, _("The Sender email is now %(email)s.") % {"email": account.email})
    elif confirm_send_as(connection=connection):
        sender = connection.settings.get("sender_email", "")
        note_send_as(request, connection, account.email)
        messages.success(request, _("Noted: this account may send as %(sender)s.") % {"sender": sender})
    return redirect("mailsettings:consent_result", slug, connection.pk)


@organization_view(Permission.CHANGE_MAIL)
def disconnect_account(request: OrganizationRequest, slug: str, connection_id: UUID) -> HttpResponse:
    """Ask, then remove the account and its tokens; the app, its secret and all settings stay."""
    connection = find(request, connection_id)
    account = account_row(connection)
    if account is None:
        raise Http404
    if request.method != "POST":
        return ask(request, question(request, connection, account.email))
    token = disconnect(connection=connection, user=request.user)
    audit.record_request(
        request, action="account.removed", subject=connection.name, detail={"account": account.email}
    )
    chosen = provider(connection.provider)
    if token is not None and chosen.consent is not None:
        give_back(chosen.consent, typed_settings(chosen, connection.settings, {}), token)
    messages.success(request, _("%(account)s was removed.") % {"account": account.email})
    return redirect("mailsettings:consent_result", slug, connection.pk)


def question(request: OrganizationRequest, connection: Connection, email: str) -> Question:
    """Word the question before an account is removed."""
    slug = request.organization.slug
    return Question(
        title=_("Remove the account %(account)s") % {"account": email},
        text=_(
            "%(connection)s can no longer send until an account is connected again. "
            "Mail waits meanwhile. Client ID, Client Secret and all settings stay saved."
        )
        % {"connection": connection.name},
        verb=_("Remove"),
        action=resolve_url("mailsettings:disconnect", slug, connection.pk),
        back=resolve_url("mailsettings:consent_result", slug, connection.pk),
        place=_("Emails"),
    )


def find(request: OrganizationRequest, connection_id: UUID) -> Connection:
    """Give a connection of this organization whose provider knows consent.

    Raises:
        Http404: there is none.
        PermissionDenied: the organization may not use connections of its own.
    """
    connection = Connection.objects.of(request.organization).filter(pk=connection_id).first()
    if connection is None or provider(connection.provider).consent is None:
        raise Http404
    if not request.organization.custom_mail and request.method == "POST":
        raise PermissionDenied
    return connection


def account_in_question(request: OrganizationRequest, connection: Connection) -> str:
    """Give the address that signed in on the trip a form tells about."""
    trip = find_trip(connection, request.POST.get("trip", ""))
    return str(trip.failed_facts.get("account", "")) if trip else ""


def use_as_sender(request: OrganizationRequest, connection: Connection, email: str) -> Connection:
    """Save an account's address as Sender email; everything else stays."""
    chosen, settings = with_sender_email(connection, email)
    saved = save_connection(
        organization=request.organization,
        chosen=chosen,
        settings=settings,
        typed={},
        user=request.user,
        expected_version=mail_settings(request.organization.pk).version,
        connection=connection,
        activate=False,
    )
    audit.record_request(
        request, action=saved.action, subject=connection.name, detail={"changed": list(saved.changed)}
    )
    return saved.connection


def with_sender_email(connection: Connection, email: str) -> tuple[Provider, Settings]:
    """Give a connection's provider and its settings with another Sender email."""
    chosen = provider(connection.provider)
    return chosen, replace(typed_settings(chosen, connection.settings, {}), sender_email=email)


def note_send_as(request: OrganizationRequest, connection: Connection, account: str) -> None:
    """Write into the audit trail who said that an account may send as another address."""
    detail = {"account": account, "sends_as": connection.settings.get("sender_email", "")}
    audit.record_request(request, action="account.send_as_confirmed", subject=connection.name, detail=detail)
