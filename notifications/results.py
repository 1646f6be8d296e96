"""What a test came to: the verdict, the ladder and the remedy, read from its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from mailsettings.advice import Advice, advise, facts
from mailsettings.drafts import is_same_as_saved
from mailsettings.vault import typed_settings
from notifications.ladder import Step, ladder, span
from notifications.models import DeliveryAttempt, Notification, Status
from providers import PROVIDERS, provider

NO_WORKER_AFTER = timedelta(seconds=10)
GIVE_UP_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Result:
    """Everything the result card shows."""

    notification: Notification
    attempt: DeliveryAttempt | None
    state: str  # running, ok, bad, no_worker
    title: str
    text: str
    steps: tuple[Step, ...]
    advice: Advice | None
    provider_label: str
    sender: str
    connection_name: str
    total: str
    reply: str
    may_save: bool
    proves_saved: bool

    @property
    def has_failed_step(self) -> bool:
        """Say whether the ladder has a place for the remedy; a test that never started has none."""
        return any(step.verdict == "failed" for step in self.steps)

    @property
    def tone(self) -> str:
        """The colour of the verdict."""
        return {"ok": "ok", "running": "run"}.get(self.state, "bad")


def look_at(notification: Notification) -> Result:
    """Read what became of a test so far."""
    attempt = (
        DeliveryAttempt.objects.of(notification.organization_id)
        .filter(notification=notification)
        .order_by("-number")
        .first()
    )
    draft = notification.draft
    chosen = provider(draft.provider) if draft else None
    tried = typed_settings(chosen, draft.settings, {}) if draft and chosen else None
    known = facts(chosen, tried) if chosen and tried else {}
    if attempt:
        known |= {str(k): str(v) for k, v in attempt.facts.items()}
    state = state_of(notification)
    code = (attempt.code if attempt else "") or notification.last_code
    steps = ladder(
        attempt.stages if attempt else (),
        failed_stage=attempt.stage if attempt and state == "bad" else "",
        ended=state in {"ok", "bad"},
        passed=state == "ok",
    )
    if attempt and attempt.provider_code:
        answered = _("Refused with %(code)s") % {"code": attempt.provider_code}
        steps = tuple(replace(step, text=answered) if step.verdict == "failed" else step for step in steps)
    advice = advise(code or "unknown_reply", known) if state == "bad" else None
    saved = draft is not None and is_same_as_saved(draft)
    title, text = verdict(notification, state, steps, advice)
    return Result(
        notification=notification,
        attempt=attempt,
        state=state,
        title=title,
        text=text,
        steps=steps,
        advice=advice,
        provider_label=(chosen.label if chosen else label_of(notification.provider)),
        sender=notification.sender_email or (tried.sender_email if tried else ""),
        connection_name=notification.way_name
        or (draft.connection.name if draft and draft.connection else ""),
        total=span(int((attempt.finished_at - attempt.started_at).total_seconds() * 1000))
        if attempt and attempt.finished_at
        else "",
        reply=(attempt.reply if attempt else "") or notification.last_reply,
        may_save=state == "ok" and draft is not None and not saved,
        proves_saved=state == "ok" and saved,
    )


def label_of(key: str) -> str:
    """Give the label of a provider by its key; the system default mailer has none of its own here."""
    return next((item.label for item in PROVIDERS if item.key == key), "")


def state_of(notification: Notification) -> str:
    """Fold the nine states into the four a test can show."""
    if notification.status == Status.ACCEPTED:
        return "ok"
    if notification.status in {Status.QUEUED, Status.LEASED, Status.TRANSMITTING}:
        age = timezone.now() - notification.created_at
        if (notification.status == Status.QUEUED and age > NO_WORKER_AFTER) or age > GIVE_UP_AFTER:
            return "no_worker"
        return "running"
    return "bad"


def verdict(
    notification: Notification, state: str, steps: tuple[Step, ...], advice: Advice | None
) -> tuple[str, str]:
    """Give heading and sentence of the card."""
    to = notification.recipients["to"][0]
    address = to["email"] if isinstance(to, dict) else str(to)
    if state == "ok":
        return _("Success"), _(
            "The server accepted the test message for %(address)s at %(time)s UTC. "
            "It can take a few minutes to arrive."
        ) % {"address": address, "time": f"{notification.accepted_at or timezone.now():%H:%M:%S}"}
    if state == "no_worker":
        return _("No worker answered"), _(
            "The test is queued, but no sending process picked it up. "
            "Ask the operator of this platform to look at the workers. Your values are kept."
        )
    if state == "running":
        number = sum(step.verdict in {"ok", "warning"} for step in steps) + 1
        current = next((step for step in steps if step.verdict in {"running", "waiting"}), steps[-1])
        return _("Testing: %(step)s") % {"step": current.name}, _(
            "Step %(number)d of %(count)d. This usually takes 2 to 5 seconds."
        ) % {"number": min(number, len(steps)), "count": len(steps)}
    if advice:
        return advice.title, advice.cause
    return _("Not sent"), ""
