"""Looks across all organizations for what the clock or a change of settings says about their alarms."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from mailsettings.models import Connection, MailSettings, Rank, RoutingRule
from notifications import alarms
from notifications.models import Alarm, AlarmKind, Notification, Status
from orgs.models import Organization
from orgs.tenancy import tenant

AT_ONCE = 200


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Queues that stand too long, those that do no longer, and alarms about what nobody uses any more."""

    too_old: list[UUID] = field(default_factory=list)
    caught_up: list[UUID] = field(default_factory=list)
    unused: list[Alarm] = field(default_factory=list)


def look() -> Seen:
    """Compare the alarms of all organizations with what is so; by index look-ups, and twice does no harm."""
    told = Alarm.objects.using("system")
    theirs = told.filter(organization_id=OuterRef("pk"), kind=AlarmKind.QUEUE_TOO_OLD)
    old_ones = Organization.objects.using("system").annotate(first=_old("pk"))
    old_ones = old_ones.filter(~Exists(theirs), first__isnull=False, is_active=True)
    over = (
        told.filter(kind=AlarmKind.QUEUE_TOO_OLD).annotate(first=_old("organization_id")).filter(first=None)
    )
    unused = told.filter(~Exists(_meant_for_mail()), subject_id__isnull=False)
    return Seen(
        too_old=list(old_ones.values_list("pk", flat=True)[:AT_ONCE]),
        caught_up=list(over.order_by().values_list("organization_id", flat=True)[:AT_ONCE]),
        unused=list(unused.order_by()[:AT_ONCE]),
    )


def _old(organization: str) -> Subquery:
    """Find due mail of an organization that waits for too long, whatever the reason."""
    since = Now() - timedelta(minutes=settings.DELIVERY_QUEUE_ALARM_MINUTES)
    due = Notification.objects.using("system").due().filter(organization_id=OuterRef(organization))
    return Subquery(due.filter(next_at__lte=since).order_by("next_at").values("pk")[:1])


def _meant_for_mail() -> QuerySet[Connection]:
    """Find the connection an alarm is about, while some mail is meant for it first."""
    own = MailSettings.objects.using("system").filter(
        organization_id=OuterRef("organization_id"), smtp_enabled=True, organization__custom_mail=True
    )
    ruled = RoutingRule.objects.using("system").filter(connection=OuterRef("pk"))
    waiting = Notification.objects.using("system").filter(route=OuterRef("pk"), status=Status.QUEUED)
    first = Q(rank=Rank.PRIMARY, enabled=True) | Q(Exists(ruled)) | Q(Exists(waiting.order_by()))
    return Connection.objects.using("system").filter(first, Exists(own), pk=OuterRef("subject_id"))


def tell(seen: Seen) -> None:
    """Raise and end the alarms, each with its event in one transaction."""
    for organization_id in seen.too_old:
        with tenant(organization_id):
            oldest = Notification.objects.of(organization_id).due().aggregate(at=Min("next_at"))["at"]
            if oldest is not None:
                told = {
                    "due_since": oldest.isoformat(),
                    "minutes": settings.DELIVERY_QUEUE_ALARM_MINUTES,
                }
                alarms.begin(organization_id, AlarmKind.QUEUE_TOO_OLD, detail=told)
    for organization_id in seen.caught_up:
        with tenant(organization_id):
            alarms.end(organization_id, AlarmKind.QUEUE_TOO_OLD)
    for one in seen.unused:
        with tenant(one.organization_id):
            alarms.end(one.organization_id, AlarmKind(one.kind), subject_id=one.subject_id)
