"""The daily round: removes what is past its time (C-CRY-10), reminds of expiry, keeps connections alive."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from random import SystemRandom

from django.conf import settings
from django.utils import timezone

from mailsettings.consent.trips import forget_old_trips
from mailsettings.domain.reports import daily_round
from mailsettings.drafts import forget_old_drafts
from mailsettings.expiry import dated, remind
from mailsettings.keep_alive import due, never_used, renew
from mailsettings.models import Connection, ConnectionToken, ConsentRequest, Draft
from mailsettings.secret_swap import swap_due
from notifications.models import Notification, WorkerHeartbeat
from orgs.models import Organization
from orgs.tenancy import tenant

AT_ONCE = 1000
HEARTBEATS_KEPT = timedelta(days=1)
# Slow token endpoints hold the round up for so long at most; the rest comes first tomorrow.
RENEWALS_SECONDS = 900.0
RENEWALS = 5000
# The same for silent name servers.
LOOKS_SECONDS = 900.0


def prune(*, now: datetime | None = None) -> int:
    """Remove what is past its time, in small steps; gives how many notifications lost their content."""
    moment = now or timezone.now()
    removed = _remove_content(moment)
    _forget_drafts()
    _forget_trips()
    _remind_of_expiry(moment.date())
    WorkerHeartbeat.objects.filter(seen_at__lt=moment - HEARTBEATS_KEPT).delete()
    # The network comes last: whoever is slow there keeps nothing else from being done.
    _keep_alive(moment)
    _look_at_domains()
    return removed


def _remove_content(moment: datetime) -> int:
    limit = moment - timedelta(days=settings.CONTENT_RETENTION_DAYS)
    everyone = Notification.objects.using("system")
    removed = 0
    while True:
        old = everyone.filter(ended_at__lt=limit, sealed_body__isnull=False).order_by("ended_at")
        step = everyone.filter(pk__in=list(old.values_list("pk", flat=True)[:AT_ONCE])).update(
            sealed_body=None, content_removed_at=moment
        )
        removed += step
        if step < AT_ONCE:
            return removed


def _forget_drafts() -> None:
    """Remove typed values nobody came back for; each organization's inside its own walls."""
    owners = Draft.objects.using("system").order_by().values("organization_id").distinct()
    for organization in Organization.objects.using("system").filter(pk__in=owners):
        with tenant(organization.pk):
            forget_old_drafts(organization=organization)


def _remind_of_expiry(today: date) -> None:
    """Swap secrets whose day has come, and remind of the others; each organization's inside its own walls."""
    rows = dated(Connection.objects.using("system").all())
    for organization_id in rows.order_by().values_list("organization_id", flat=True).distinct():
        with tenant(organization_id):
            swap_due(organization_id)
            remind(organization_id, today)


def _look_at_domains() -> None:
    """Look again at every sender's domain (NEW-19); no organization's walls are open meanwhile."""
    deadline = time.monotonic() + LOOKS_SECONDS
    sending = Connection.objects.using("system").filter(enabled=True, organization__is_active=True)
    owners = list(sending.order_by().values_list("organization_id", flat=True).distinct())
    # In another order every day, so that nobody is always behind slow name servers.
    SystemRandom().shuffle(owners)
    for organization_id in owners:
        if time.monotonic() > deadline:
            return
        daily_round(organization_id)


def _forget_trips() -> None:
    """Remove trips to consent pages that ended; each organization's inside its own walls."""
    owners = ConsentRequest.objects.using("system").order_by().values_list("organization_id", flat=True)
    for organization_id in owners.distinct():
        with tenant(organization_id):
            forget_old_trips(organization_id)


def _keep_alive(now: datetime) -> None:
    """Renew connections that would end when nobody uses them; no transaction is open meanwhile."""
    deadline = time.monotonic() + RENEWALS_SECONDS
    used = due(ConnectionToken.objects.using("system").all(), now)
    unused = never_used(Connection.objects.using("system").all())
    waiting = [
        *used.values_list("organization_id", "connection_id")[:RENEWALS],
        *unused.values_list("organization_id", "pk")[:RENEWALS],
    ]
    for organization_id, connection_id in waiting:
        if time.monotonic() > deadline:
            return
        renew(organization_id, connection_id)
