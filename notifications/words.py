"""How the states of the outbox are called on screens (ui.md §6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailsettings.advice import advise
from notifications.delivery.letter import envelope
from notifications.models import Lane, Notification, Status

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
    Status.ACCEPTED: Word(text=gettext_lazy("Sent"), tone="ok", symbol="check"),
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
        everyone = envelope(row)
        taken = sum(row.recipient_outcomes.get(email, {}).get("outcome") == "accepted" for email in everyone)
        if row.recipient_outcomes and taken < len(everyone):
            text = _("Sent to %(taken)d of %(all)d") % {"taken": taken, "all": len(everyone)}
            return Word(text=text, tone="ok", symbol="check")
    return WORDS[row.status]


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why something is as it is, and what to do about it."""

    title: str
    cause: str
    steps: tuple[str, ...] = ()
    fixer_label: str = ""


OWN: Mapping[str, tuple[Text, Text]] = {
    "poison": (
        gettext_lazy("Sending broke off several times"),
        gettext_lazy(
            "The sending process stopped each time it worked on this message, so it is left out. "
            "Ask the operator of this platform to look at the log, then retry."
        ),
    ),
    "worker_lost": (
        gettext_lazy("The sending process stopped"),
        gettext_lazy("It stopped before the result was recorded. Run the test again."),
    ),
    "content_unreadable": (
        gettext_lazy("The content cannot be read"),
        gettext_lazy("The stored content was altered or its key is missing. Send a new message."),
    ),
    "message_invalid": (
        gettext_lazy("This message cannot be sent as it is"),
        gettext_lazy("The sentence below names what to change. Send a new message."),
    ),
    "expired": (
        gettext_lazy("It waited too long"),
        gettext_lazy("It could not be sent before its time was over. Retry it if it is still wanted."),
    ),
    "stopped_after_error": (
        gettext_lazy("Stopped after an error"),
        gettext_lazy("An earlier message of the same sequence failed, so this one was not sent."),
    ),
    "confirmed_by_person": (
        gettext_lazy("Confirmed by a person"),
        gettext_lazy("Somebody found the message at its recipient."),
    ),
    "organization_suspended": (
        gettext_lazy("The organization is suspended"),
        gettext_lazy("Its mail waits until the operator of this platform ends the suspension."),
    ),
}


def explain(code: str, facts: Mapping[str, str] | None = None) -> Explanation:
    """Explain a code of the outbox or of a provider."""
    if code in OWN:
        title, cause = OWN[code]
        return Explanation(title=str(title), cause=str(cause))
    advice = advise(code, facts)
    return Explanation(
        title=advice.title,
        cause=advice.cause,
        steps=advice.steps,
        fixer_label=advice.fixer_label,
    )
