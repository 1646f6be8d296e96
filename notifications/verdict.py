"""Heading and sentence of the card that shows a test or a verification."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from mailsettings.advice import Advice
from notifications.ladder import Step
from notifications.models import Kind, Notification, Purpose


def verdict(
    notification: Notification, state: str, steps: tuple[Step, ...], advice: Advice | None
) -> tuple[str, str]:
    """Give heading and sentence of the card."""
    is_next = notification.notification_type == Purpose.NEXT_SECRET
    is_test = notification.kind != Kind.VERIFICATION or is_next
    if state == "running":
        number = sum(step.verdict in {"ok", "warning"} for step in steps) + 1
        current = next((step for step in steps if step.verdict in {"running", "waiting"}), steps[-1])
        title = _("Testing: %(step)s") if is_test else _("Checking before saving: %(step)s")
        return title % {"step": current.name}, _(
            "Step %(number)d of %(count)d. This usually takes 2 to 5 seconds."
        ) % {"number": min(number, len(steps)), "count": len(steps)}
    if state == "no_worker":
        return _("No worker answered"), unanswered(is_test=is_test and not is_next, is_next=is_next)
    if state == "ok" and is_next:
        return _("Success"), _("The next secret signs in and may send. Nothing was sent.")
    if state == "ok":
        return (_("Success"), accepted(notification)) if is_test else (_("Saved"), "")
    if advice:
        return advice.title, advice.cause
    return _("Not sent"), ""


def accepted(notification: Notification) -> str:
    """Say what a passed test means, and what it does not."""
    to = notification.recipients["to"][0]
    address = to["email"] if isinstance(to, dict) else str(to)
    return _(
        "The server accepted the test message for %(address)s at %(time)s UTC. "
        "It can take a few minutes to arrive."
    ) % {"address": address, "time": f"{notification.accepted_at or timezone.now():%H:%M:%S}"}


def unanswered(*, is_test: bool, is_next: bool = False) -> str:
    """Say what is waiting, and whom to ask."""
    if is_next:
        return _(
            "The next secret is stored and waits to be tested, but no sending process picked it up. "
            "Ask the operator of this platform to look at the workers."
        )
    if is_test:
        return _(
            "The test is queued, but no sending process picked it up. "
            "Ask the operator of this platform to look at the workers. Your values are kept."
        )
    return _(
        "The settings wait to be checked, but no sending process picked them up. Nothing is saved yet, and "
        "your values are kept. Ask the operator of this platform to look at the workers, "
        "or save without checking."
    )
