"""Where a row goes after a try (threat model §9, guards 4, 5, 6, 8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from mailsettings.models import Doubtful
from notifications.backoff import message_pause
from notifications.delivery.letter import envelope
from notifications.delivery.outcome import Outcome
from notifications.models import AttemptOutcome, Kind, Notification, Status

# A belt beside the expiry: a server that always names a tiny Retry-After would be asked for ever.
ATTEMPTS_LIMIT = 100
# What a try may come to, so that the recipients still open are tried again.
MAY_GO_AGAIN = (AttemptOutcome.PARTIAL, AttemptOutcome.TEMPORARY, AttemptOutcome.UNKNOWN)

NO_PAUSE = timedelta(0)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Where a row goes after a try."""

    status: Status
    fates: dict[str, dict[str, str]]
    pause: timedelta | None = None


def decide(row: Notification, outcome: Outcome, *, doubtful: str) -> Verdict:
    """Decide the next state from what the provider said."""
    fates = merged_fates(row, outcome)
    retryable = row.kind == Kind.NOTIFICATION and row.attempts + 1 < ATTEMPTS_LIMIT
    still_open = any(
        fates.get(email, {}).get("outcome") not in {"accepted", "refused"} for email in envelope(row)
    )
    if outcome.result == AttemptOutcome.CONNECTION:
        # Nothing was said about the message: the next way takes it at once, in its place in the queue.
        return Verdict(status=Status.QUEUED, fates=fates, pause=NO_PAUSE)
    if still_open and outcome.result in MAY_GO_AGAIN and retryable:
        if outcome.result == AttemptOutcome.UNKNOWN and doubtful == Doubtful.HOLD:
            return Verdict(status=Status.UNCERTAIN, fates=fates)
        pause = message_pause(attempts=row.attempts + 1, retry_after=outcome.retry_after)
        return Verdict(status=Status.QUEUED, fates=fates, pause=pause)
    arrived = any(fate["outcome"] == "accepted" for fate in fates.values())
    return Verdict(status=Status.ACCEPTED if arrived else Status.FAILED, fates=fates)


def merged_fates(row: Notification, outcome: Outcome) -> dict[str, dict[str, str]]:
    """Add this try's word on each recipient to what earlier tries said."""
    fates: dict[str, dict[str, str]] = dict(row.recipient_outcomes)
    for email in outcome.accepted:
        fates[email] = {"outcome": "accepted", "code": "", "reply": ""}
    for email, refusal in outcome.refused.items():
        kind = "retrying" if refusal.transient else "refused"
        fates[email] = {"outcome": kind, "code": refusal.code, "reply": refusal.reply}
    return fates
