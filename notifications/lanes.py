"""The lanes of an organization, how each of its ways fares, and the reason shown when mail waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Case, F, Q, When
from django.db.models.functions import Now

from mailsettings.advice import facts
from mailsettings.ways import Way
from notifications.backoff import lane_pause
from notifications.models import Lane
from orgs.tenancy import tenant
from providers import ProviderError

DOUBTFUL = "outcome_unknown"
OPEN: dict[str, object] = {
    "held_code": "",
    "held_reason": "",
    "held_facts": {},
    "held_since": None,
    "resume_at": None,
    "failures": 0,
    "busy": 0,
}
# A lane that rested may go on, which is no success yet.
RESTED = {name: value for name, value in OPEN.items() if name != "busy"}


# The row of a way that only rules lead to: it never stands for the mail of the order.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class LaneKey(NamedTuple):
    """Mail that takes its turn together: an organization's, through a rule's connection or by the order."""

    organization_id: UUID
    route_id: UUID | None = None


def way_key(way: Way) -> str:
    """Name a way as it stands now: another connection or another save gives another name."""
    return f"{way.owner_id}:{way.connection_id}:{way.version}:{way.settings_version}"


def is_of_version(lane: Lane, version: int | None) -> bool:
    """Say whether a lane's row was written since the connection was last saved, which is at `version`."""
    return lane.way.startswith(f"{lane.organization_id}:{lane.connection_id}:{version}:")


def keep_lane(way: Way, lane: Lane | None, *, is_latest: bool) -> None:
    """Bring the lane's row in line with the way, inside tenant(way.user_id); mostly no write."""
    rows = Lane.objects.of(way.user_id)
    is_new = lane is None or lane.way != way_key(way)
    if is_new or not is_latest:
        # In one order for everybody, since others do the same for another way of the organization.
        list(rows.select_for_update().order_by("pk").values_list("pk"))
    if lane is None:
        first = {"way": way_key(way)} | ({"used_at": NEVER} if way.route_id else {})
        lane = rows.get_or_create(
            organization_id=way.user_id, connection_id=way.connection_id, defaults=first
        )[0]
        is_latest = False
    if not is_latest and way.route_id is None:
        make_latest(lane)
    repaired = bool(lane.held_code) and not lane.failures and not way.held_code
    if is_new or repaired:
        reset = {"resume_at": None, "failures": 0} if way.held_code else OPEN if is_new else RESTED
        rows.filter(pk=lane.pk).update(way=way_key(way), **reset)
    if is_new:
        # What paused a way before the last save says nothing about now.
        others = rows.exclude(pk=lane.pk).exclude(held_code="")
        others.exclude(way__endswith=f":{way.settings_version}").update(**OPEN)


def make_latest(lane: Lane) -> None:
    """Put this lane before the organization's others: mail of the order goes or waits here."""
    Lane.objects.of(lane.organization_id).filter(pk=lane.pk).update(used_at=Now())


def facts_of(way: Way) -> dict[str, str]:
    """Give what the organization may read about its way; the default mailer is the platform's business."""
    return {} if way.is_default_mailer else facts(way.provider, way.settings)


def show_held(key: LaneKey, *, code: str, reason: str, way: Way | None = None) -> None:
    """Keep the reason why mail of a lane waits, for the screens; one write per change."""
    with tenant(key.organization_id) as organization_id:
        rows = Lane.objects.of(organization_id)
        lane = rows.get_or_create(
            organization_id=organization_id,
            connection_id=way.connection_id if way else key.route_id,
            defaults={"used_at": NEVER} if key.route_id else {},
        )[0]
        _show(key, lane)
        rows.filter(pk=lane.pk).exclude(held_code=code, held_reason=reason).update(
            way=way_key(way) if way else "",
            held_code=code,
            held_reason=reason,
            held_facts=facts_of(way) if way else {},
            held_since=Now(),
            resume_at=None,
            failures=0,
        )


def show_resting(way: Way) -> None:
    """Let the screens show why this way rests: mail of its lane waits for it."""
    with tenant(way.user_id):
        lane = Lane.objects.of(way.user_id).filter(connection_id=way.connection_id).first()
        if lane is not None:
            _show(LaneKey(way.user_id, way.route_id), lane)


def _show(key: LaneKey, lane: Lane) -> None:
    latest = Lane.objects.of(key.organization_id).filter(used_at__gt=lane.used_at)
    if key.route_id is None and latest.exists():
        make_latest(lane)


def is_down(way: Way, lane: Lane | None) -> bool:
    """Say whether a way nobody may use now is down, which is for others to take over; not merely busy.

    Answers that were lost let the lane rest, too, but what became of those messages is not known.
    """
    failing = lane is not None and lane.way == way_key(way) and lane.failures and lane.held_code != DOUBTFUL
    return bool(way.held_code or failing)


def rest_failing(way: Way, error: ProviderError) -> int:
    """Let the whole lane rest: its server does not want to talk now; gives the failures in a row."""
    with tenant(way.user_id):
        rows = Lane.objects.of(way.user_id).filter(way=way_key(way))
        lane = rows.first()
        if lane is None:
            return 0
        rest = lane_pause(failures=lane.failures + 1, retry_after=error.retry_after)
        rows.update(failures=F("failures") + 1, **_resting(way, error, rest))
        return lane.failures + 1


def rest_busy(way: Way, error: ProviderError, pause: timedelta) -> int:
    """Let the lane rest since the server is busy, which is no failure, inside tenant(way.user_id).

    Returns:
        The rests in a row without a success; several sessions that are sent away together make one.
    """
    rows = Lane.objects.of(way.user_id).filter(way=way_key(way))
    rests = Case(When(resume_at__gt=Now(), then=F("busy")), default=F("busy") + 1)
    rows.update(failures=0, busy=rests, **_resting(way, error, pause))
    return rows.values_list("busy", flat=True).first() or 0


def _resting(way: Way, error: ProviderError, pause: timedelta) -> dict[str, object]:
    return {
        "resume_at": Now() + pause,
        "held_code": error.code,
        "held_reason": error.reply,
        "held_facts": facts_of(way),
        "held_since": Now(),
    }


def note_sent(way: Way) -> None:
    """Forget the failures of a lane that works again."""
    with tenant(way.user_id):
        rows = Lane.objects.of(way.user_id).filter(connection_id=way.connection_id)
        rows.filter(~Q(held_code="") | Q(failures__gt=0) | Q(busy__gt=0)).update(**OPEN)
