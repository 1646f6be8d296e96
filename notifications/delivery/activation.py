"""What a verification leads to: values that passed are saved, in the name of whoever pressed Save."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from mailsettings.destinations import SecretNeeded
from mailsettings.drafts import save_draft
from mailsettings.models import Doubtful, Draft
from mailsettings.services import NameTaken, StaleSettings
from notifications.delivery.outcome import Outcome, unsent
from notifications.delivery.settling import settle
from notifications.models import AttemptOutcome, Notification
from orgs import audit
from orgs.models import Organization
from orgs.tenancy import tenant

# Codes for what can only be found when the values are about to be saved.
CHANGED, NAME_TAKEN, SECRET_NEEDED, NOT_ENTITLED = (
    "settings_changed",
    "name_taken",
    "secret_needed",
    "not_entitled",
)


class TakenAway(Exception):
    """Another worker answered for this verification meanwhile: what was saved here is rolled back."""


def settle_verification(row: Notification, token: UUID, outcome: Outcome) -> None:
    """Save what a verification has proven and end it, in one transaction; a refusal only ends it."""
    with suppress(TakenAway), tenant(row.organization_id):
        if outcome.result == AttemptOutcome.ACCEPTED:
            outcome = activate(row, outcome)
        if settle(row, token, outcome, doubtful=Doubtful.RESEND) is None:
            raise TakenAway


def activate(row: Notification, outcome: Outcome) -> Outcome:
    """Save the draft of a verification, inside its organization's tenant(); gives what came of it."""
    drafts = Draft.objects.of(row.organization_id).select_related("connection", "created_by", "organization")
    draft = drafts.filter(pk=row.draft_id).first() if row.draft_id else None
    if draft is None:
        return refused(outcome, CHANGED)
    if not Organization.objects.filter(pk=row.organization_id, custom_mail=True).exists():
        return refused(outcome, NOT_ENTITLED)
    draft.passed_at = timezone.now()
    draft.save(update_fields=["passed_at"])
    try:
        saved = save_draft(draft=draft, user=draft.created_by)
    except StaleSettings:
        return refused(outcome, CHANGED)
    except NameTaken:
        return refused(outcome, NAME_TAKEN)
    except SecretNeeded:
        return refused(outcome, SECRET_NEEDED)
    audit.record(
        organization=row.organization_id,
        actor=draft.created_by,
        action=saved.action,
        subject=saved.connection.name,
        detail={"changed": list(saved.changed), "verified": True},
        on_behalf_of=draft.organization if draft.acting_as else None,
        ip=draft.asked_from,
    )
    return outcome


def refused(outcome: Outcome, code: str) -> Outcome:
    """Turn a passed verification into one whose values could not be saved all the same."""
    words = {
        CHANGED: _("Somebody saved other settings meanwhile."),
        NAME_TAKEN: _("Another connection has this name."),
        SECRET_NEEDED: _("A stored secret these values relied on is gone."),
        NOT_ENTITLED: _("The organization no longer has the add-on."),
    }
    return unsent(code, words[code], outcome.started_at)
