"""The lane of an organization: whether its mail may leave now, and the reason shown when not."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import F, Q
from django.db.models.functions import Now

from mailsettings.advice import facts
from mailsettings.ways import Way
from notifications.backoff import lane_pause
from notifications.models import Lane
from orgs.tenancy import tenant
from providers import ProviderError

OPEN: dict[str, object] = {
    "held_code": "",
    "held_reason": "",
    "held_facts": {},
    "held_since": None,
    "resume_at": None,
    "failures": 0,
}


def way_key(way: Way) -> str:
    """Name a way as it stands now: another connection or another save gives another name."""
    return f"{way.owner_id}:{way.connection_id}:{way.version}:{way.settings_version}"


def keep_lane(way: Way, lane: Lane | None, *, is_latest: bool) -> None:
    """Bring the lane's row in line with the way, inside tenant(way.user_id); mostly no write."""
    rows = Lane.objects.of(way.user_id)
    if lane is None:
        # What paused the old lane says nothing about the new one.
        lane = rows.get_or_create(
            organization_id=way.user_id, connection_id=way.connection_id, defaults={"way": way_key(way)}
        )[0]
        is_latest = False
    if not is_latest:
        make_latest(lane)
    repaired = bool(lane.held_code) and not lane.failures and not way.held_code
    if lane.way != way_key(way) or repaired:
        reset = OPEN if not way.held_code else {"resume_at": None, "failures": 0}
        rows.filter(pk=lane.pk).update(way=way_key(way), **reset)


def make_latest(lane: Lane) -> None:
    """Put this lane before the organization's others, whose holds are history now."""
    rows = Lane.objects.of(lane.organization_id)
    rows.filter(pk=lane.pk).update(used_at=Now())
    rows.exclude(pk=lane.pk).exclude(held_code="").update(**OPEN)


def facts_of(way: Way) -> dict[str, str]:
    """Give what the organization may read about its way; the default mailer is the platform's business."""
    return {} if way.is_default_mailer else facts(way.provider, way.settings)


def show_held(organization_id: UUID, *, code: str, reason: str, way: Way | None = None) -> None:
    """Keep the reason why mail waits, for the screens; one write per change."""
    with tenant(organization_id):
        rows = Lane.objects.of(organization_id)
        connection_id = way.connection_id if way else None
        lane = rows.get_or_create(organization_id=organization_id, connection_id=connection_id)[0]
        if rows.filter(used_at__gt=lane.used_at).exists():
            make_latest(lane)
        rows.filter(pk=lane.pk).exclude(held_code=code, held_reason=reason).update(
            way="",
            held_code=code,
            held_reason=reason,
            held_facts=facts_of(way) if way else {},
            held_since=Now(),
            resume_at=None,
            failures=0,
        )


def pause(way: Way, error: ProviderError) -> int:
    """Let the whole lane rest: its server does not want to talk now; gives the failures in a row."""
    with tenant(way.user_id):
        rows = Lane.objects.of(way.user_id).filter(way=way_key(way))
        lane = rows.first()
        if lane is None:
            return 0
        rest = lane_pause(failures=lane.failures + 1, retry_after=error.retry_after)
        rows.update(failures=F("failures") + 1, **_resting(way, error, rest))
        return lane.failures + 1


def rest(way: Way, error: ProviderError, pause: timedelta) -> None:
    """Let the lane rest since the server is busy, which is no failure, inside tenant(way.user_id)."""
    rows = Lane.objects.of(way.user_id).filter(way=way_key(way))
    rows.update(**_resting(way, error, pause))


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
        rows.filter(~Q(held_code="") | Q(failures__gt=0)).update(**OPEN)
