"""Where the strict-DMARC rule meets a save: refuse it, or let it pass with a warning (HIR-23, HIR-24)."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

from django.contrib import messages
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from mailsettings.domain.rule import Blocked, Warned, judge, judged_domain, look_up
from mailsettings.forms import ConnectionForm
from mailsettings.models import ConnectedAccount, Connection, ConnectionVersion, Draft
from mailsettings.pages import NOTICES
from mailsettings.vault import typed_settings
from orgs.access import OrganizationRequest, asked_outside
from providers import Provider, Settings, provider


def account_email(connection: Connection | None) -> str:
    """Give the address of the account a connection is connected with; empty when there is none."""
    if connection is None:
        return ""
    rows = ConnectedAccount.objects.of(connection.organization_id).filter(connection=connection)
    return rows.values_list("email", flat=True).first() or ""


def refusal(
    request: OrganizationRequest, chosen: Provider, settings: Settings, connection: Connection | None
) -> Blocked | None:
    """Judge values a request is about to save; None lets them pass, with a warning where nobody answered.

    Asks the DNS outside the transaction, so call it before anything that cannot be repeated.
    """
    said = _said(request, chosen, settings, connection)
    if isinstance(said, Warned):
        messages.warning(request, said.text)
    return said if isinstance(said, Blocked) else None


def refusal_of_stored(
    request: OrganizationRequest, stored: Draft | ConnectionVersion, connection: Connection | None
) -> Blocked | None:
    """Judge values that lie in a draft or an earlier version and are about to be saved; as `refusal`."""
    chosen = provider(stored.provider)
    return refusal(request, chosen, typed_settings(chosen, stored.settings, {}), connection)


def _said(
    request: OrganizationRequest, chosen: Provider, settings: Settings, connection: Connection | None
) -> Blocked | Warned | None:
    account = account_email(connection) if chosen.needs_consent else ""
    domain = judged_domain(chosen, settings, account)
    if not domain:
        return None
    policy = asked_outside(request, _key(domain), partial(look_up, domain))
    return judge(policy, domain, account)  # type: ignore[arg-type]  # what `look_up` gave


def _key(domain: str) -> str:
    return f"dmarc {domain}"


def custom_smtp(request: OrganizationRequest, sender_email: str) -> str:
    """Give the address of the form switched to Custom SMTP, with the sender kept."""
    query = urlencode({"provider": "smtp", "sender": sender_email})
    return f"{reverse('mailsettings:emails', args=[request.organization.slug])}?{query}"


def notice(request: OrganizationRequest, form: ConnectionForm) -> SafeString:
    """Say above the form why it was not saved, and offer the way out; nothing when it was not judged."""
    if form.settings is None or not any(key.startswith("dmarc ") for key in request.answers):
        return SafeString("")
    said = _said(request, form.chosen, form.settings, form.connection)
    if not isinstance(said, Blocked):
        return SafeString("")
    context = {"blocked": said, "custom_smtp": custom_smtp(request, form.settings.sender_email)}
    return render_to_string("mailsettings/_domain_blocked.html", context, request)


def hang_notice() -> None:
    """Hang the notice above the forms, once; called when the apps are ready."""
    if notice not in NOTICES:
        NOTICES.append(notice)
