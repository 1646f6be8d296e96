"""What a storm left behind, held against the invariants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.chaos.cast import Sender
from tests.chaos.sinks import Arrivals, Sink

ENDS = {"accepted", "failed", "expired", "cancelled", "uncertain"}


def judge(sinks: Sequence[Sink], senders: Sequence[Sender], *, messages: int) -> dict[str, object]:
    """Count what each invariant forbids; every one of these must be nought."""
    from notifications.models import DeliveryAttempt, Notification  # noqa: PLC0415  # after django.setup

    arrived, by_backup = Arrivals(*(sink.log for sink in sinks)), Arrivals(sinks[1].log)
    holding = {sender.organization_id for sender in senders if sender.holds}
    backed = {sender.organization_id for sender in senders if sender.is_backed}
    unknown: Counter[object] = Counter()
    tries: Counter[object] = Counter()
    for key, outcome in DeliveryAttempt.objects.using("system").values_list("notification_id", "outcome"):
        unknown[key] += outcome == "unknown"
        tries[key] += 1
    states: Counter[str] = Counter()
    wrong = Counter(
        lost=0, accepted_without_copy=0, unexplained_copies=0, held_twice=0, miscounted=0, without_consent=0
    )
    rows = Notification.objects.using("system").only(
        "status", "message_id", "organization_id", "attempts", "took_over"
    )
    for row in rows:
        copies = arrived.copies[row.message_id] if row.message_id else 0
        states[row.status] += 1
        wrong["lost"] += row.status not in ENDS
        wrong["accepted_without_copy"] += row.status == "accepted" and not copies
        wrong["unexplained_copies"] += copies - 1 > unknown[row.pk]
        wrong["held_twice"] += row.organization_id in holding and copies > 1
        wrong["miscounted"] += row.attempts != tries[row.pk]
        spared = bool(row.message_id) and by_backup.copies[row.message_id] > 0
        wrong["without_consent"] += spared and row.organization_id not in backed
    wrong["lost"] += messages - sum(states.values())
    extra = {key: number - 1 for key, number in arrived.copies.items() if number > 1}
    after_lost_replies = sum(min(number, arrived.lost[key]) for key, number in extra.items())
    return {
        "states": dict(states),
        "arrived": sum(arrived.copies.values()),
        "arrived_by_backup": sum(by_backup.copies.values()),
        "replies_lost": sum(arrived.lost.values()),
        "put_off_with_451": arrived.put_off,
        "extra_copies": sum(extra.values()),
        "extra_copies_after_lost_replies": after_lost_replies,
        "poison": Notification.objects.using("system").filter(last_code="poison").count(),
        "wrong": dict(wrong),
    }
