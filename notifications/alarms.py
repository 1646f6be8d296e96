"""What is wrong with an organization's mail: told by one event when it begins, and by one when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from notifications.models import Alarm, AlarmKind
from orgs import events

ENDED = ".ended"


def begin(
    organization_id: UUID,
    kind: AlarmKind,
    *,
    subject_id: UUID | None = None,
    detail: Mapping[str, object] | None = None,
) -> bool:
    """Raise an alarm inside the organization's tenant(), unless it is on already; says whether it began.

    Args:
        organization_id: whose mail.
        kind: what is wrong; the event has this kind.
        subject_id: the connection it is about, if it is about one.
        detail: what the event tells; nothing secret.
    """
    told = dict(detail or {})
    alarm = Alarm(organization_id=organization_id, kind=kind, subject_id=subject_id, detail=told)
    # Somebody else may raise it at this moment: what was inserted is what counts.
    Alarm.objects.bulk_create([alarm], ignore_conflicts=True)
    began = Alarm.objects.of(organization_id).filter(pk=alarm.pk).exists()
    if began:
        events.emit(organization=organization_id, kind=kind, subject_id=subject_id, detail=told)
    return began


def end(organization_id: UUID, kind: AlarmKind, *, subject_id: UUID | None = None) -> bool:
    """End an alarm inside the organization's tenant(); says whether it was on."""
    rows = Alarm.objects.of(organization_id).filter(kind=kind, subject_id=subject_id)
    alarm = rows.select_for_update().first()
    if alarm is None:
        return False
    rows.filter(pk=alarm.pk).delete()
    detail = {**alarm.detail, "began_at": alarm.began_at}
    events.emit(organization=organization_id, kind=kind + ENDED, subject_id=subject_id, detail=detail)
    return True
