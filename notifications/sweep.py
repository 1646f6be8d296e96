"""The view across all organizations that finds work: due mail, waiting tests, expired leases, old age."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import connections, transaction
from django.db.models import Count, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Least, Now
from django.utils import timezone

from mailsettings.models import Connection
from notifications.delivery import expire, recover
from notifications.estimates import estimate
from notifications.lanes import LaneKey
from notifications.models import IN_HAND, OPEN, Lane, Notification, NotificationQuerySet, Status, Urgency
from notifications.watch import Seen, look, tell
from orgs.models import Organization

# "mailroom sweep" as a number: whoever holds it sweeps, the others need not.
SWEEP_LOCK = 0x6D61696C
AT_ONCE = 200

# From one route to the next in the index; then one look for each whether something is due.
DUE_ROUTES = """
WITH RECURSIVE routes AS (
    (SELECT route_id FROM notifications_notification WHERE status = 'queued' AND route_id IS NOT NULL
     ORDER BY route_id LIMIT 1)
    UNION ALL
    SELECT (SELECT n.route_id FROM notifications_notification n
            WHERE n.status = 'queued' AND n.route_id IS NOT NULL AND n.route_id > r.route_id
            ORDER BY n.route_id LIMIT 1)
    FROM routes r WHERE r.route_id IS NOT NULL
)
SELECT due.organization_id, r.route_id FROM routes r CROSS JOIN LATERAL (
    SELECT n.organization_id FROM notifications_notification n
    WHERE n.status = 'queued' AND n.kind = 'notification' AND n.route_id = r.route_id
    AND n.next_at <= statement_timestamp() ORDER BY n.next_at LIMIT 1
) due JOIN orgs_organization o ON o.id = due.organization_id AND o.is_active
ORDER BY random() LIMIT %s
"""


def everyone() -> NotificationQuerySet:
    """Give the notifications of all organizations, by the system role."""
    return Notification.objects.using("system")


def active_organizations() -> QuerySet[Organization]:
    """Give the organizations that may send, by the system role."""
    return Organization.objects.using("system").filter(is_active=True)


def first_of_the_order(organization: str) -> Least:
    """Tell, for each row of a query, since when mail of its organization's order is due; null when none is.

    One look into the index for each priority, whatever waits before or behind: EXISTS could become one look
    at all rows of everybody. The route is sorted by, too: PostgreSQL does not see that nulls are alike.
    """
    due = (
        everyone()
        .due()
        .filter(route=None, organization_id=OuterRef(organization))
        .order_by("route_id", "next_at", "id")
    )
    return Least(*(Subquery(due.filter(priority=one).values("next_at")[:1]) for one in Urgency.values))


def organization_named(slug: str) -> Organization | None:
    """Find an organization by its short name, for the operator's commands."""
    return Organization.objects.using("system").filter(slug=slug).first()


def due_lanes() -> list[LaneKey]:
    """Name lanes with mail whose time has come: by index look-ups, whatever waits behind the first row."""
    found = active_organizations().annotate(first=first_of_the_order("pk")).filter(first__isnull=False)
    lanes = [LaneKey(key) for key in found.order_by("?").values_list("pk", flat=True)[:AT_ONCE]]
    with connections["system"].cursor() as cursor:
        cursor.execute(DUE_ROUTES, [AT_ONCE])
        lanes += [LaneKey(*row) for row in cursor.fetchall()]
    return lanes


def due_organizations() -> list[UUID]:
    """Name organizations with mail whose time has come."""
    return list(dict.fromkeys(lane.organization_id for lane in due_lanes()))


def organizations_with_tests() -> list[UUID]:
    """Name organizations where somebody waits for the result of a test."""
    waiting = everyone().waiting_tests().order_by().values_list("organization_id", flat=True)
    return list(waiting.distinct()[:AT_ONCE])


def sweep() -> int:
    """Recover expired leases, end what is too old, and tell what is wrong by the clock; twice does no harm.

    Returns:
        How many rows moved.
    """
    neglected, seen = _look()
    moved = sum(recover(organization_id) + expire(organization_id) for organization_id in neglected)
    tell(seen)
    return moved


def _look() -> tuple[list[UUID], Seen]:
    """Name organizations with expired leases or old age, and alarms; none while another worker is looking."""
    with transaction.atomic(using="system"), connections["system"].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SWEEP_LOCK])
        if not cursor.fetchone()[0]:
            return [], Seen()
        lost = set(
            everyone().lost().order_by().values_list("organization_id", flat=True).distinct()[:AT_ONCE]
        )
        old = everyone().over_age().order_by().values_list("organization_id", flat=True).distinct()
        return sorted(lost | set(old[:AT_ONCE])), look()


def oldest_due_seconds() -> float:
    """Tell how long the oldest due mail has waited, leaving out what is held with a reason; for /readyz."""
    lanes = Lane.objects.using("system")
    # Mail of the order waits for the way it went last.
    latest = lanes.order_by("organization_id", "-used_at").distinct("organization_id")
    held = [key for key, code in latest.values_list("organization_id", "held_code") if code]
    routes = lanes.exclude(held_code="").order_by().values_list("connection_id", flat=True)
    of_the_order = active_organizations().exclude(pk__in=held).annotate(first=first_of_the_order("pk"))
    ruled = everyone().due().filter(route=OuterRef("pk"), organization__is_active=True).order_by("next_at")
    chosen = Connection.objects.using("system").exclude(pk__in=list(routes))
    of_rules = chosen.annotate(first=Subquery(ruled.values("next_at")[:1]))
    firsts = [rows.aggregate(at=Min("first"))["at"] for rows in (of_the_order, of_rules)]
    oldest = min((at for at in firsts if at is not None), default=None)
    return 0.0 if oldest is None else max(0.0, (timezone.now() - oldest).total_seconds())


@dataclass(frozen=True, kw_only=True)
class QueueLine:
    """One organization's queue in figures."""

    slug: str
    queued: int
    due: int
    in_hand: int
    uncertain: int
    oldest_seconds: float
    held_code: str
    # Mails a second, and the seconds the queue takes at that rate; None when nobody knows.
    rate: float | None = None
    finishes_in: float | None = None


def queue_lines() -> list[QueueLine]:
    """Give the queue of every organization that has one, for the command `queue_status`."""
    now = timezone.now()
    rows = (
        everyone()
        .filter(status__in=OPEN)
        .order_by("organization__slug")
        .values("organization_id", "organization__slug")
        .annotate(
            queued=Count("pk", filter=Q(status=Status.QUEUED)),
            due=Count("pk", filter=Q(status=Status.QUEUED, next_at__lte=Now())),
            in_hand=Count("pk", filter=Q(status__in=IN_HAND)),
            uncertain=Count("pk", filter=Q(status=Status.UNCERTAIN)),
            oldest=Min("next_at", filter=Q(status=Status.QUEUED)),
        )
    )
    # The lane used last comes last, and stays.
    lanes = {lane.organization_id: lane for lane in Lane.objects.using("system").order_by("used_at")}
    return [
        QueueLine(
            slug=row["organization__slug"],
            queued=row["queued"],
            due=row["due"],
            in_hand=row["in_hand"],
            uncertain=row["uncertain"],
            oldest_seconds=max(0.0, (now - row["oldest"]).total_seconds()) if row["oldest"] else 0.0,
            held_code=lanes[row["organization_id"]].held_code if row["organization_id"] in lanes else "",
            rate=told.rate,
            finishes_in=told.seconds,
        )
        for row in rows
        for told in (estimate(row["organization_id"]),)
    ]
