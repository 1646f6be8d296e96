"""The story of one notification: queued, each attempt with its reason, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notifications.delivery.dropping import DROPPED
from notifications.delivery.sequence import STOPPED
from notifications.models import AttemptOutcome, DeliveryAttempt, Notification, Status
from notifications.words import explain, explain_attempt
from orgs.templatetags.ui import distance

TONES = {
    AttemptOutcome.RUNNING: "info",
    AttemptOutcome.ACCEPTED: "ok",
    AttemptOutcome.PARTIAL: "ok",
    AttemptOutcome.TEMPORARY: "warn",
    AttemptOutcome.REFUSED: "bad",
    AttemptOutcome.CONNECTION: "warn",
    AttemptOutcome.UNKNOWN: "warn",
}


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One entry of the timeline."""

    tone: str
    title: str
    at: datetime
    text: str
    reply: str = ""


def timeline(row: Notification, attempts: list[DeliveryAttempt]) -> list[Moment]:
    """Tell the story, oldest first."""
    told = [
        _attempt(attempt, _takeover(row, attempt, attempts[number - 1] if number else None))
        for number, attempt in enumerate(attempts)
    ]
    return [_queued(row), *told, *_end(row)]


def _queued(row: Notification) -> Moment:
    who = str(row.created_by) if row.created_by else ""
    text = _("By %(person)s.") % {"person": who} if who else _("By your application.")
    text = " ".join(part for part in (text, _rule(row)) if part)
    return Moment(tone="info", title=_("Queued"), at=row.created_at, text=text)


def _rule(row: Notification) -> str:
    """Say which rule chose the connection; nothing when the order of connections decides."""
    if row.rule_place is None:
        return ""
    words = {"number": row.rule_place, "connection": row.route.name if row.route else ""}
    if row.route is None:
        return _("Rule %(number)d chose a connection that was removed since.") % words
    if row.route_falls_back:
        return _("Rule %(number)d chose %(connection)s.") % words
    return _("Rule %(number)d chose %(connection)s and no other.") % words


def _takeover(row: Notification, attempt: DeliveryAttempt, earlier: DeliveryAttempt | None) -> str:
    """Say that a connection took over from the one before it, if this try is where that shows."""
    before = earlier.way_name if earlier else ""
    if not attempt.way_name or before == attempt.way_name:
        return ""
    words = {"failed": before, "backup": attempt.way_name}
    if before and earlier and earlier.outcome == AttemptOutcome.CONNECTION:
        return _("%(failed)s failed, so %(backup)s took over.") % words
    if row.took_over and attempt.way_name == row.way_name:
        return _("The connection meant for it was down, so %(backup)s took over.") % words
    return ""


def _attempt(attempt: DeliveryAttempt, takeover: str) -> Moment:
    outcome = AttemptOutcome(attempt.outcome)
    title = _("Attempt %(number)d: %(outcome)s") % {
        "number": attempt.number,
        "outcome": str(outcome.label).lower(),
    }
    return Moment(
        tone=TONES[outcome],
        title=title,
        at=attempt.started_at,
        text=" ".join(part for part in (takeover, _reason(attempt, outcome), _next(attempt)) if part),
        reply=attempt.reply,
    )


def _reason(attempt: DeliveryAttempt, outcome: AttemptOutcome) -> str:
    if outcome == AttemptOutcome.RUNNING:
        return _("The message is on its way to the server.")
    if outcome == AttemptOutcome.ACCEPTED:
        if attempt.way_name:
            return _("%(connection)s took the message. It can take a few minutes to arrive.") % {
                "connection": attempt.way_name
            }
        return _("The server took the message. It can take a few minutes to arrive.")
    if outcome == AttemptOutcome.UNKNOWN and attempt.code == "outcome_unknown":
        return _("The message was handed over, but the server's answer was lost. It may have arrived.")
    said = explain_attempt(attempt)
    code = attempt.provider_code
    return f"{said.title} ({code})." if code else f"{said.title.rstrip('.')}."


def _next(attempt: DeliveryAttempt) -> str:
    if attempt.next_at is None or attempt.finished_at is None:
        return ""
    if attempt.outcome == AttemptOutcome.CONNECTION:
        return _("The next connection takes over at once.")
    pause = attempt.next_at - attempt.finished_at
    if pause <= timedelta(0):
        return ""
    if pause < timedelta(minutes=1):
        seconds = max(1, int(pause.total_seconds()))
        return ngettext("Next try in %(count)d second.", "Next try in %(count)d seconds.", seconds) % {
            "count": seconds
        }
    return _("Next try in %(span)s.") % {"span": distance(pause)}


def _end(row: Notification) -> list[Moment]:
    if row.ended_at is None:
        return []
    if row.status == Status.CANCELLED:
        told = row.last_code in {DROPPED, STOPPED}
        why = explain(row.last_code).cause if told else _("Nothing is sent any more.")
        return [Moment(tone="", title=_("Cancelled"), at=row.ended_at, text=why)]
    if row.status == Status.EXPIRED:
        return [Moment(tone="bad", title=_("Expired"), at=row.ended_at, text=explain("expired").cause)]
    if row.last_code == "confirmed_by_person":
        return [
            Moment(
                tone="ok", title=_("Confirmed"), at=row.ended_at, text=explain("confirmed_by_person").cause
            )
        ]
    return []
