"""Leaving for a consent page: by htmx with a redirect of its own, without a script by a plain link."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, resolve_url
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from mailsettings.advice import advise, facts
from mailsettings.consent.accounts import account_row
from mailsettings.consent.panel import account_panel, why_not_yet
from mailsettings.consent.trips import begin_trip, ready_settings
from mailsettings.models import Connection
from orgs.access import OrganizationRequest
from orgs.sealing import SealBroken
from providers import ProviderError


def start_consent(
    request: OrganizationRequest,
    connection: Connection,
    *,
    activate: bool,
    sends_as: str = "",
    login_hint: str = "",
) -> HttpResponse:
    """Begin a trip for a saved connection and send the browser on its way (HIR-6).

    The policy of our pages forbids a form to end at another host, so that no plain redirect will do.

    Args:
        request: the person's, inside the organization's walls.
        connection: what the account is for; its settings are saved.
        activate: whether the organization's mail uses it once it is connected.
        sends_as: the other account that was declared to send as the Sender email (C-OAU-5).
        login_hint: the account to suggest; empty suggests the connected one, else the Sender email.
    """
    if not request.organization.custom_mail:
        raise PermissionDenied
    try:
        chosen, settings = ready_settings(connection)
    except SealBroken:
        words = _("The saved secret belongs to another destination. Enter it again.")
        return turned_back(request, connection, words)
    hint = why_not_yet(chosen, connection)
    if hint:
        return turned_back(request, connection, hint)
    account = account_row(connection)
    try:
        start = begin_trip(
            connection=connection,
            chosen=chosen,
            settings=settings,
            user=request.user,
            session_key=request.session.session_key or "",
            activate=activate,
            reconsent=account is not None,
            login_hint=login_hint or (account.email if account else settings.sender_email),
            sends_as=sends_as,
        )
    except ProviderError as error:
        advice = advise(error.code, facts(chosen, settings) | error.facts, reply=error.reply)
        return turned_back(request, connection, f"{advice.title}. {advice.cause}")
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(start.url)
    panel = account_panel(chosen, connection)
    context = {"url": start.url, "panel": panel, "connection": connection}
    return TemplateResponse(request, "mailsettings/consent_leave.html", context)


def turned_back(request: OrganizationRequest, connection: Connection, sentence: str) -> HttpResponse:
    """Say on the Emails page why nobody was sent away."""
    messages.error(request, sentence)
    home = resolve_url("mailsettings:emails", request.organization.slug)
    back = f"{home}?{urlencode({'provider': connection.provider, 'connection': connection.pk})}"
    return HttpResponseClientRedirect(back) if request.headers.get("HX-Request") else redirect(back)
