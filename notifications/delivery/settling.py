"""Settle: write what tries came to, by one conditional UPDATE with one row of an attempt each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connections
from django.db.models import F, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from mailsettings.models import Connection, Doubtful
from notifications.delivery.outcome import Outcome
from notifications.delivery.sequence import advance
from notifications.delivery.verdicts import Verdict, decide
from notifications.models import ENDED, DeliveryAttempt, Notification, Status
from orgs.ids import uuid7
from orgs.tenancy import ALIAS, tenant

NO_LEASE: dict[str, object] = {"lease_token": None, "lease_until": None, "leased_by": ""}

# The holder must still have its lease's token, and know the count of attempts.
SETTLE = """
WITH v AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS v(
        id uuid, attempt uuid, attempts integer, status text, fates jsonb, pause double precision,
        arrived boolean, ended boolean, forget boolean, started_at timestamptz, result text, code text,
        stage text, reply text, provider_code text, request_id text, provider_id text, facts jsonb,
        provider text, way_name text)
), settled AS (
    UPDATE notifications_notification n SET
        status = v.status, recipient_outcomes = v.fates, attempts = n.attempts + 1, claims = 0,
        last_code = v.code, last_reply = v.reply, lease_token = NULL, lease_until = NULL, leased_by = '',
        provider_id = CASE WHEN v.provider_id = '' THEN n.provider_id ELSE v.provider_id END,
        next_at = CASE WHEN coalesce(v.pause, 0) = 0 THEN n.next_at
            ELSE statement_timestamp() + make_interval(secs => v.pause) END,
        accepted_at = CASE WHEN v.arrived THEN coalesce(n.accepted_at, statement_timestamp())
            ELSE n.accepted_at END,
        ended_at = CASE WHEN v.ended THEN statement_timestamp() END,
        -- A reset link has no business here once it left (C-MAIL-6).
        sealed_body = CASE WHEN v.forget THEN NULL ELSE n.sealed_body END,
        content_removed_at = CASE WHEN v.forget THEN statement_timestamp() ELSE n.content_removed_at END
    FROM v WHERE n.id = v.id AND n.organization_id = %(organization)s AND n.lease_token = %(token)s
        AND n.attempts = v.attempts
    RETURNING n.id
), tried AS (
    INSERT INTO notifications_deliveryattempt (id, organization_id, notification_id, number, started_at,
        finished_at, outcome, code, stage, reply, provider_code, request_id, facts, stages, provider,
        way_name, next_at)
    SELECT v.attempt, %(organization)s, v.id, v.attempts + 1, v.started_at, statement_timestamp(), v.result,
        v.code, v.stage, v.reply, v.provider_code, v.request_id, v.facts, '[]', v.provider, v.way_name,
        statement_timestamp() + make_interval(secs => v.pause)
    FROM v JOIN settled ON settled.id = v.id
    -- A test's row was begun when the test started.
    ON CONFLICT (organization_id, notification_id, number) DO UPDATE SET
        started_at = excluded.started_at, finished_at = excluded.finished_at, outcome = excluded.outcome,
        code = excluded.code, stage = excluded.stage, reply = excluded.reply,
        provider_code = excluded.provider_code, request_id = excluded.request_id, facts = excluded.facts,
        provider = excluded.provider, way_name = excluded.way_name, next_at = excluded.next_at
)
SELECT id FROM settled
"""


@dataclass(frozen=True, kw_only=True)
class Result:
    """A row, and what its try came to."""

    row: Notification
    outcome: Outcome


def settle(row: Notification, token: UUID, outcome: Outcome, *, doubtful: str) -> Status | None:
    """Record a try of a row this worker holds; None when the row had moved on meanwhile."""
    with tenant(row.organization_id):
        return settle_all([Result(row=row, outcome=outcome)], token, doubtful=doubtful)[row.pk]


def settle_all(results: Sequence[Result], token: UUID, *, doubtful: str) -> dict[UUID, Status | None]:
    """Record tries of rows of one organization in one statement, inside its tenant().

    Returns: where each row went; None for one that had moved on meanwhile.
    """
    if not results:
        return {}
    organization_id = results[0].row.organization_id
    verdicts = [decide(one.row, one.outcome, doubtful=doubtful) for one in results]
    spelled = [spell(one, verdict) for one, verdict in zip(results, verdicts, strict=True)]
    with connections[ALIAS].cursor() as cursor:
        rows = json.dumps(spelled)
        cursor.execute(SETTLE, {"rows": rows, "organization": organization_id, "token": token})
        settled = {key for (key,) in cursor.fetchall()}
    gone: dict[UUID, Status | None] = {}
    for one, verdict in zip(results, verdicts, strict=True):
        here = one.row.pk in settled
        gone[one.row.pk] = verdict.status if here else _settle_late(one.row, one.outcome)
    advance(organization_id, (one.row.sequence for one in results))
    return gone


def spell(one: Result, verdict: Verdict) -> dict[str, object]:
    """Spell a result for the statement."""
    row, outcome = one.row, one.outcome
    return {
        "id": str(row.pk),
        "attempt": str(uuid7()),
        "attempts": row.attempts,
        "status": verdict.status,
        "fates": verdict.fates,
        "pause": None if verdict.pause is None else verdict.pause.total_seconds(),
        "arrived": bool(outcome.accepted) or verdict.status == Status.ACCEPTED,
        "ended": verdict.status in ENDED,
        "forget": verdict.status == Status.ACCEPTED and row.secret_content,
        "started_at": outcome.started_at.isoformat(),
        "result": outcome.result,
        "code": outcome.code,
        "stage": outcome.stage,
        "reply": outcome.reply,
        "provider_code": outcome.provider_code,
        "request_id": outcome.request_id,
        "provider_id": outcome.provider_id,
        "facts": facts_for(row, outcome),
        "provider": row.provider,
        "way_name": row.way_name,
    }


def facts_for(row: Notification, outcome: Outcome) -> dict[str, str]:
    """Give the facts the organization may read; those of the default mailer are the platform's."""
    return {} if row.via_default_mailer else dict(outcome.facts)


def _settle_late(row: Notification, outcome: Outcome) -> Status | None:
    """Keep a late answer as an attempt; a late acceptance wins over every open state (guard 4)."""
    rows = Notification.objects.of(row.organization_id)
    current = rows.select_for_update().filter(pk=row.pk).first()
    if current is None:
        return None
    verdict = decide(current, outcome, doubtful=Doubtful.RESEND)
    changed: dict[str, object] = {"attempts": F("attempts") + 1}
    if outcome.accepted and verdict.status == Status.ACCEPTED and current.status not in ENDED:
        changed |= {
            "status": Status.ACCEPTED,
            "recipient_outcomes": verdict.fates,
            "claims": 0,
            "last_code": outcome.code,
            "last_reply": outcome.reply,
            "provider_id": outcome.provider_id or current.provider_id,
            "accepted_at": Coalesce("accepted_at", Now()),
            "ended_at": Now(),
            **left_by(row),
            **NO_LEASE,
        }
        if row.secret_content:
            changed |= {"sealed_body": None, "content_removed_at": Now()}
    rows.filter(pk=current.pk).update(**changed)
    # Told of the way this answer came from: another one may hold the message by now.
    record_attempt(row, current.attempts + 1, outcome)
    return None


def left_by(row: Notification) -> dict[str, object]:
    """Name the way a claimed row leaves by; its connection may have been removed meanwhile."""
    said = {name: getattr(row, name) for name in ("way_name", "provider", "via_default_mailer", "took_over")}
    if row.connection_id is None:
        return said | {"connection_id": None}
    own = Connection.objects.of(row.organization_id).filter(pk=row.connection_id)
    return said | {"connection_id": Subquery(own.values("pk"))}


def record_attempt(
    row: Notification, number: int, outcome: Outcome, *, pause: timedelta | None = None
) -> None:
    """Keep one try for the timeline; a test's row was begun when the test started."""
    now = timezone.now()
    said: dict[str, object] = {
        "started_at": outcome.started_at,
        "finished_at": now,
        "outcome": outcome.result,
        "code": outcome.code,
        "stage": outcome.stage,
        "reply": outcome.reply,
        "provider_code": outcome.provider_code,
        "request_id": outcome.request_id,
        "facts": facts_for(row, outcome),
        "provider": row.provider,
        "way_name": row.way_name,
        "next_at": None if pause is None else now + pause,
    }
    attempt = DeliveryAttempt(organization_id=row.organization_id, notification=row, number=number, **said)
    DeliveryAttempt.objects.bulk_create(
        [attempt],
        update_conflicts=True,
        unique_fields=("organization", "notification", "number"),
        update_fields=tuple(said),
    )
