"""The lane of an organization: whether its mail may leave now, and the reason shown when not."""

from __future__ import annotations

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


def lock_lane(way: Way) -> Lane:
    """Lock the lane's row inside tenant(): claims of one organization go one by one."""
    rows = Lane.objects.of(way.user_id)
    lane = rows.select_for_update().get_or_create(organization_id=way.user_id)[0]
    repaired = bool(lane.held_code) and not lane.failures and not way.held_code
    if lane.way != way_key(way) or repaired:
        # What paused the old way says nothing about the new one.
        rows.update(way=way_key(way), **(OPEN if not way.held_code else {"resume_at": None, "failures": 0}))
        lane.refresh_from_db()
    return lane


def facts_of(way: Way) -> dict[str, str]:
    """Give what the organization may read about its way; the default mailer is the platform's business."""
    return {} if way.is_default_mailer else facts(way.provider, way.settings)


def show_held(organization_id: UUID, *, code: str, reason: str, way: Way | None = None) -> None:
    """Keep the reason why mail waits, for the screens; one write per change."""
    with tenant(organization_id):
        rows = Lane.objects.of(organization_id)
        rows.get_or_create(organization_id=organization_id)
        rows.exclude(held_code=code, held_reason=reason).update(
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
        rows.update(
            failures=F("failures") + 1,
            resume_at=Now() + rest,
            held_code=error.code,
            held_reason=error.reply,
            held_facts=facts_of(way),
            held_since=lane.held_since or Now(),
        )
        return lane.failures + 1


def note_sent(way: Way) -> None:
    """Forget the failures of a lane that works again."""
    with tenant(way.user_id):
        Lane.objects.of(way.user_id).filter(~Q(held_code="") | Q(failures__gt=0)).update(**OPEN)
