"""How the states of the outbox are called on screens (ui.md §6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailsettings.advice import advise
from notifications.delivery.dropping import DROPPED
from notifications.delivery.letter import envelope
from notifications.models import DeliveryAttempt, Lane, Notification, Status

Text = str | Promise


@dataclass(frozen=True, kw_only=True)
class Word:
    """A status as a chip: the word, its colour and its symbol."""

    text: Text
    tone: str = ""
    symbol: str = ""


SENDING = Word(text=gettext_lazy("Sending"), tone="info", symbol="send")
HELD = Word(text=gettext_lazy("Held"), tone="warn", symbol="player-pause")
RETRYING = Word(text=gettext_lazy("Retrying"), tone="warn", symbol="clock")
QUEUED = Word(text=gettext_lazy("Queued"), symbol="dots")
WORDS: Mapping[str, Word] = {
    Status.LEASED: SENDING,
    Status.TRANSMITTING: SENDING,
    Status.UNCERTAIN: Word(text=gettext_lazy("Uncertain"), tone="warn", symbol="help-circle"),
    Status.FAILED: Word(text=gettext_lazy("Failed"), tone="bad", symbol="x"),
    Status.EXPIRED: Word(text=gettext_lazy("Expired"), tone="bad", symbol="clock"),
    Status.CANCELLED: Word(text=gettext_lazy("Cancelled"), symbol="player-pause"),
    Status.SUPPRESSED: Word(text=gettext_lazy("Suppressed"), symbol="player-pause"),
}


def word_for(row: Notification, lane: Lane | None) -> Word:
    """Name the state of a notification; a queued one is held when its lane is."""
    if row.status == Status.QUEUED:
        if lane is not None and lane.held_code:
            return HELD
        return RETRYING if row.attempts else QUEUED
    if row.status == Status.ACCEPTED:
        return Word(text=_sent(row), tone="ok", symbol="check")
    return WORDS[row.status]


def _sent(row: Notification) -> str:
    """Say what left, to how many, and whether another connection than the one meant for it took over."""
    everyone = envelope(row)
    taken = sum(row.recipient_outcomes.get(email, {}).get("outcome") == "accepted" for email in everyone)
    in_part = bool(row.recipient_outcomes) and taken < len(everyone)
    if row.took_over and row.via_default_mailer:
        text = _("Sent by default mailer to %(taken)d of %(all)d") if in_part else _("Sent by default mailer")
    elif row.took_over:
        text = _("Sent by backup to %(taken)d of %(all)d") if in_part else _("Sent by backup")
    else:
        text = _("Sent to %(taken)d of %(all)d") if in_part else _("Sent")
    return text % {"taken": taken, "all": len(everyone)}


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why something is as it is, and what to do about it."""

    title: str
    cause: str
    steps: tuple[str, ...] = ()
    fixer_label: str = ""


OWN: Mapping[str, tuple[Text, Text]] = {
    "expired": (
        gettext_lazy("It waited too long"),
        gettext_lazy("It could not be sent before its time was over. Retry it if it is still wanted."),
    ),
    "stopped_after_error": (
        gettext_lazy("Stopped after an error"),
        gettext_lazy("An earlier message of the same sequence failed, so this one was not sent."),
    ),
    DROPPED: (
        gettext_lazy("Dropped"),
        gettext_lazy("A person dropped it while mail was held, since it had waited for too long."),
    ),
    "confirmed_by_person": (
        gettext_lazy("Confirmed by a person"),
        gettext_lazy("Somebody found the message at its recipient."),
    ),
}


def explain(
    code: str, facts: Mapping[str, str] | None = None, *, reply_code: str = "", reply: str = ""
) -> Explanation:
    """Explain a code of the outbox or of a provider; code and reply are the provider's own words."""
    if code in OWN:
        title, cause = OWN[code]
        return Explanation(title=str(title), cause=str(cause))
    advice = advise(code, facts, reply_code=reply_code, reply=reply)
    return Explanation(
        title=advice.title,
        cause=advice.cause,
        steps=advice.steps,
        fixer_label=advice.fixer_label,
    )


def explain_attempt(attempt: DeliveryAttempt) -> Explanation:
    """Explain why one try did not end well."""
    known = {"provider_key": attempt.provider, **attempt.facts}
    return explain(attempt.code, known, reply_code=attempt.provider_code, reply=attempt.reply)
