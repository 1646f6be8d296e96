"""What a test came to: the verdict, the ladder and the remedy, read from its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from mailsettings.advice import Advice, advise, facts
from mailsettings.drafts import is_same_as_saved
from mailsettings.vault import typed_settings
from notifications.delivery.activation import CHANGED, NAME_TAKEN, NOT_ENTITLED, SECRET_NEEDED
from notifications.ladder import Step, ladder, span
from notifications.models import DeliveryAttempt, Notification, Status
from notifications.technical import Rows, technical_rows, token_rows
from notifications.verdict import verdict
from providers import PROVIDERS, provider

# Codes of `delivery.activation`: the settings are right, but were not saved.
LATE = {CHANGED, NAME_TAKEN, SECRET_NEEDED, NOT_ENTITLED}
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
    technical: Rows = ()
    token: Rows = ()

    @property
    def has_failed_step(self) -> bool:
        """Say whether the ladder has a place for the remedy; a test that never started has none."""
        return any(step.verdict == "failed" for step in self.steps)

    @property
    def failed_step(self) -> Step | None:
        """The step that failed, if the test came so far."""
        return next((step for step in self.steps if step.verdict == "failed"), None)

    @property
    def is_late(self) -> bool:
        """Say whether values that were proven could not be saved, since something else changed meanwhile."""
        return bool(self.attempt and self.attempt.code in LATE)

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
    known = known_facts(notification, attempt)
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
    advice = remedy(attempt, code, known) if state == "bad" else None
    saved = draft is not None and is_same_as_saved(draft)
    title, text = verdict(notification, state, steps, advice)
    label = chosen.label if chosen else label_of(notification.provider)
    name = notification.way_name or (draft.connection.name if draft and draft.connection else "")
    return Result(
        notification=notification,
        attempt=attempt,
        state=state,
        title=title,
        text=text,
        steps=steps,
        advice=advice,
        provider_label=label,
        sender=notification.sender_email or (tried.sender_email if tried else ""),
        connection_name=name,
        total=span(int((attempt.finished_at - attempt.started_at).total_seconds() * 1000))
        if attempt and attempt.finished_at
        else "",
        reply=(attempt.reply if attempt else "") or notification.last_reply,
        may_save=state == "ok" and draft is not None and not saved,
        proves_saved=state == "ok" and saved,
        technical=technical_rows(attempt, known, provider=label, connection=name),
        token=token_rows(known),
    )


def known_facts(notification: Notification, attempt: DeliveryAttempt | None) -> dict[str, str]:
    """Give what is known of the values that were tried; nothing secret is among it."""
    tried = notification.draft or (None if notification.via_default_mailer else notification.connection)
    known = {"provider_key": notification.provider}
    if tried is not None:
        chosen = provider(tried.provider)
        known |= facts(chosen, typed_settings(chosen, tried.settings, {}))
    if attempt is not None:
        known |= {str(name): str(value) for name, value in attempt.facts.items()}
    return known


def remedy(attempt: DeliveryAttempt | None, code: str, known: dict[str, str]) -> Advice:
    """Give the advice for a failed test, read closer by the provider's own code and words."""
    if attempt is None:
        return advise(code or "unknown_reply", known)
    return advise(code or "unknown_reply", known, reply_code=attempt.provider_code, reply=attempt.reply)


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
