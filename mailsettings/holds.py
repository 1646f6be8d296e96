"""Hold instead of burn: a connection at fault waits, and one message at a time probes it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from mailsettings.drafts import is_same_as_saved
from mailsettings.models import Connection, Draft
from mailsettings.secret_swap import rescue
from mailsettings.token_store import token_store
from mailsettings.way import Way
from orgs import events
from orgs.models import TenantQuerySet
from orgs.tenancy import tenant
from providers import ProviderError

# Minutes from a failed probe to the next one.
PROBE_MINUTES = (5, 15, 60)


def hold(way: Way, error: ProviderError) -> bool:
    """Hold the way's connection after a fault of its own; its mail stays queued. Tells once.

    Returns:
        False when there is nothing to wait for: the next secret has taken over, read the way again (NEW-5).
    """
    if way.connection_id is None:
        return True
    token_store(way).drop(way.token_key)
    if rescue(way, error):
        return False
    now = timezone.now()
    with tenant(way.owner_id):
        rows = Connection.objects.of(way.owner_id).filter(pk=way.connection_id, version=way.version)
        first = rows.filter(held_code="").update(
            held_code=error.code,
            held_reply=error.reply[:600],
            held_since=now,
            held_probes=0,
            probe_at=now + timedelta(minutes=PROBE_MINUTES[0]),
        )
        if first:
            events.emit(
                organization=way.owner_id,
                kind="connection.held",
                subject_id=way.connection_id,
                detail={"code": error.code, "connection": way.name},
            )
            return True
        # A failed probe: only the one that was due moves the clock.
        for row in rows.filter(probe_at__lte=now):
            step = min(row.held_probes + 1, len(PROBE_MINUTES) - 1)
            rows.filter(probe_at=row.probe_at).update(
                held_code=error.code,
                held_reply=error.reply[:600],
                held_probes=F("held_probes") + 1,
                probe_at=now + timedelta(minutes=PROBE_MINUTES[step]),
            )
    return True


def note_success(way: Way) -> None:
    """Record that the way's connection, or the draft's values, delivered; releases what was held."""
    now = timezone.now()
    if way.draft_id is not None:
        note_draft(way, way.draft_id, now)
        return
    if way.connection_id is None:
        return
    with tenant(way.owner_id):
        rows = Connection.objects.of(way.owner_id).filter(pk=way.connection_id, version=way.version)
        release(rows, now)


def note_draft(way: Way, draft_id: UUID, now: datetime) -> None:
    """Record that a draft's values delivered; when they are the saved ones, the connection is well again."""
    with tenant(way.owner_id):
        draft = Draft.objects.of(way.owner_id).select_related("connection").filter(pk=draft_id).first()
        if draft is None:
            return
        Draft.objects.of(way.owner_id).filter(pk=draft.pk).update(passed_at=now)
        saved = draft.connection
        if saved is not None and is_same_as_saved(draft):
            rows = Connection.objects.of(way.owner_id).filter(pk=saved.pk, version=saved.version)
            release(rows, now)


def release(rows: TenantQuerySet[Connection], now: datetime) -> None:
    """Mark connections as working; what they held goes out with the next sweep."""
    for row in rows.exclude(held_code=""):
        events.emit(
            organization=row.organization_id,
            kind="connection.released",
            subject_id=row.pk,
            detail={"connection": row.name},
        )
    rows.update(
        held_code="",
        held_reply="",
        held_since=None,
        held_probes=0,
        probe_at=None,
        verified_at=Coalesce("verified_at", now),
        last_success_at=now,
    )
