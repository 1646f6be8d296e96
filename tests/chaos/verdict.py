"""What a storm left behind, held against the invariants."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

ENDS = {"accepted", "failed", "expired", "cancelled", "uncertain"}


def read_copies(log: Path) -> tuple[Counter[str], list[float]]:
    """Count what reached the sink, whether or not the reply did; and when."""
    copies: Counter[str] = Counter()
    moments = []
    for line in log.read_text(encoding="ascii", errors="replace").splitlines():
        moment, _, message_id = line.split(" ", 2)
        copies[message_id] += 1
        moments.append(float(moment))
    return copies, moments


def judge(log: Path, holding: set[object]) -> dict[str, object]:
    """Count what each invariant forbids; every one of these must be nought."""
    from notifications.models import DeliveryAttempt, Notification  # noqa: PLC0415  # after django.setup

    copies, _ = read_copies(log)
    unknown: Counter[object] = Counter()
    tries: Counter[object] = Counter()
    for key, outcome in DeliveryAttempt.objects.using("system").values_list("notification_id", "outcome"):
        unknown[key] += outcome == "unknown"
        tries[key] += 1
    states: Counter[str] = Counter()
    wrong = Counter(lost=0, accepted_without_copy=0, unexplained_copies=0, held_twice=0, miscounted=0)
    for row in Notification.objects.using("system").only(
        "status", "message_id", "organization_id", "attempts"
    ):
        arrived = copies[row.message_id] if row.message_id else 0
        states[row.status] += 1
        wrong["lost"] += row.status not in ENDS
        wrong["accepted_without_copy"] += row.status == "accepted" and not arrived
        wrong["unexplained_copies"] += arrived - 1 > unknown[row.pk]
        wrong["held_twice"] += row.organization_id in holding and arrived > 1
        wrong["miscounted"] += row.attempts != tries[row.pk]
    return {
        "states": dict(states),
        "arrived": sum(copies.values()),
        "extra_copies": sum(copies.values()) - len(copies),
        "poison": Notification.objects.using("system").filter(last_code="poison").count(),
        "wrong": dict(wrong),
    }
