"""Where a provider sends people back to: one address for all organizations (C-OAU-1, C-OAU-3)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from mailsettings.consent.addresses import ADMIN_STATE
from mailsettings.consent.grants import fail_with, keep_grant
from mailsettings.consent.trips import Trip, TripRefused, end_trip
from mailsettings.domain.rule import Blocked, Warned, check_sender_domain
from mailsettings.egress import egress
from mailsettings.models import ConnectedAccount
from orgs import audit
from orgs.access import Access, Permission, find_access
from orgs.entry import acting_as_of, memberships_of, organization_of_consent
from orgs.models import User
from orgs.tenancy import tenant
from providers import Granted, MemoryTokenStore, ProviderError, Trace, WireContext

# A person waits for the answer.
SECONDS = 30.0


@never_cache
@require_GET
def callback(request: HttpRequest, kind: str) -> HttpResponse:
    """Take the answer of a consent page: check whose it is, then redeem it, then keep what was granted."""
    answer = {name: str(request.GET[name]) for name in request.GET}
    if is_administrators(answer):
        return admin_return(request, answer)
    try:
        access, trip = own_trip(request, answer.get("state", ""), kind)
    except TripRefused as refused:
        context = {"reason": refused.reason}
        return TemplateResponse(request, "mailsettings/consent_refused.html", context, status=400)
    granted, error = redeem(trip, answer)
    judged = check_sender_domain(trip.provider, trip.settings, granted.account.email) if granted else None
    if isinstance(judged, Warned):
        messages.warning(request, judged.text)
    blocked = judged if isinstance(judged, Blocked) else None
    account = settle(request, access, trip, granted, error, blocked=blocked)
    if account is not None:
        messages.success(request, _("%(account)s is connected.") % {"account": account.email})
    page = resolve_url("mailsettings:consent_result", access.organization.slug, trip.connection.pk)
    return redirect(page if account else f"{page}?{urlencode({'trip': trip.request.pk})}")


def own_trip(request: HttpRequest, state: str, kind: str) -> tuple[Access, Trip]:
    """Find the trip of this person, in this session, in an organization whose mail they may still change.

    Raises:
        TripRefused: with the reason for the page.
    """
    if not isinstance(request.user, User):
        raise TripRefused(_("You are not signed in here any more."))
    organization_id = organization_of_consent(state) if state else None
    if organization_id is None:
        raise TripRefused(_("This answer does not belong to a sign-in that was begun here."))
    places = (*acting_as_of(request.user), *memberships_of(request.user))
    slug = next((one.organization.slug for one in places if one.organization_id == organization_id), "")
    access = find_access(request.user, slug) if slug else None
    if access is None or not access.may(Permission.CHANGE_MAIL) or not access.organization.custom_mail:
        raise TripRefused(_("You may not change the mail settings this sign-in was begun for."))
    with tenant(organization_id):
        trip = end_trip(
            organization_id=organization_id,
            state=state,
            session_key=request.session.session_key or "",
            user=request.user,
            callback=kind,
        )
    return access, trip


def redeem(trip: Trip, answer: Mapping[str, str]) -> tuple[Granted | None, ProviderError | None]:
    """Trade the answer for tokens, with no transaction open; a refusal is given, not raised."""
    if "error" in answer or "code" not in answer:
        return None, trip.method.refused(answer)
    context = WireContext(
        egress=egress(),
        trace=Trace(),
        tokens=MemoryTokenStore(),
        connection_key=str(trip.request.pk),
        time_limit=SECONDS,
    )
    try:
        return trip.method.redeem(trip.settings, trip.flow, answer, context), None
    except ProviderError as error:
        return None, error


def settle(
    request: HttpRequest,
    access: Access,
    trip: Trip,
    granted: Granted | None,
    error: ProviderError | None,
    *,
    blocked: Blocked | None = None,
) -> ConnectedAccount | None:
    """Keep what was granted, or why not, and write it into the audit trail."""
    request.access = access  # type: ignore[attr-defined]  # read by the audit trail
    with tenant(access.organization):
        account = (
            keep_grant(trip=trip, granted=granted, user=access.user, blocked=blocked) if granted else None
        )
        if error is not None:
            fail_with(trip.request, error)
        who = granted.account.email if granted else ""
        detail: dict[str, object] = {"account": who} if who else {}
        if account is not None:
            detail |= {"permissions": list(account.scopes), "activated": trip.request.activate}
            detail |= {"sends_as": trip.settings.sender_email} if account.send_as_confirmed else {}
        else:
            detail |= {"reason": trip.request.failed_code}
        audit.record_request(
            request,
            action="account.connected" if account else "account.refused",
            subject=trip.connection.name,
            detail=detail,
        )
    return account


def is_administrators(answer: Mapping[str, str]) -> bool:
    """Tell the return of the admin-consent link; it belongs to no trip, whoever opened it."""
    return answer.get("state", "") == ADMIN_STATE or ("admin_consent" in answer and "code" not in answer)


def admin_return(request: HttpRequest, answer: Mapping[str, str]) -> HttpResponse:
    """Tell an administrator what their approval did; nothing is stored, nobody need be signed in (WPM-53)."""
    approved = answer.get("admin_consent", "").lower() == "true" and "error" not in answer
    context = {"approved": approved}
    return TemplateResponse(
        request, "mailsettings/consent_admin.html", context, status=200 if approved else 400
    )
