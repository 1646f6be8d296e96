"""The daily round: removes what is past its time (C-CRY-10), reminds of expiry, keeps connections alive."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from mailsettings.consent.trips import forget_old_trips
from mailsettings.domain.reports import daily_round
from mailsettings.drafts import forget_old_drafts
from mailsettings.expiry import remind
from mailsettings.keep_alive import due, renew
from mailsettings.models import Connection, ConnectionToken, ConsentRequest, Draft
from notifications.models import Notification, WorkerHeartbeat
from orgs.models import Organization
from orgs.tenancy import tenant

AT_ONCE = 1000
HEARTBEATS_KEPT = timedelta(days=1)
# Slow token endpoints hold the round up for so long at most; the rest comes first tomorrow.
RENEWALS_SECONDS = 900.0
RENEWALS = 5000


def prune(*, now: datetime | None = None) -> int:
    """Remove what is past its time, in small steps; gives how many notifications lost their content."""
    moment = now or timezone.now()
    limit = moment - timedelta(days=settings.CONTENT_RETENTION_DAYS)
    _forget_drafts()
    _remind_of_expiry(moment.date())
    _look_at_domains()
    _forget_trips()
    _keep_alive(moment)
    WorkerHeartbeat.objects.filter(seen_at__lt=moment - HEARTBEATS_KEPT).delete()
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
    """Write the reminders of secrets that expire; each organization's inside its own walls."""
    dated = Connection.objects.using("system").filter(settings__secret_expires_on__gt="")
    for organization_id in dated.order_by().values_list("organization_id", flat=True).distinct():
        with tenant(organization_id):
            remind(organization_id, today)


def _look_at_domains() -> None:
    """Look again at every sender's domain (NEW-19); no organization's walls are open meanwhile."""
    sending = Connection.objects.using("system").filter(enabled=True, organization__is_active=True)
    for organization_id in sending.order_by().values_list("organization_id", flat=True).distinct():
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
    rows = due(ConnectionToken.objects.using("system").all(), now)
    for organization_id, connection_id in list(
        rows.values_list("organization_id", "connection_id")[:RENEWALS]
    ):
        if time.monotonic() > deadline:
            return
        renew(organization_id, connection_id)
