"""What a verification leads to: values that passed are saved, in the name of whoever pressed Save."""

from __future__ import annotations

from contextlib import suppress
from typing import Final
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from mailsettings.destinations import SecretNeeded
from mailsettings.drafts import note_next_tested, save_draft
from mailsettings.models import Doubtful, Draft
from mailsettings.services import NameTaken, StaleSettings
from notifications.delivery.outcome import Outcome, unsent
from notifications.delivery.settling import settle
from notifications.models import AttemptOutcome, Notification, Purpose
from orgs import audit
from orgs.access import ROLES, Permission
from orgs.models import Membership, Organization
from orgs.tenancy import tenant

# Codes for what can only be found when the values are about to be saved.
CHANGED, NAME_TAKEN, SECRET_NEEDED, NOT_ENTITLED, NOT_ALLOWED = (
    "settings_changed",
    "name_taken",
    "secret_needed",
    "not_entitled",
    "not_allowed",
)
TOO_LATE: Final[dict[type[Exception], str]] = {
    StaleSettings: CHANGED,
    NameTaken: NAME_TAKEN,
    SecretNeeded: SECRET_NEEDED,
}


class TakenAway(Exception):
    """Another worker answered for this verification meanwhile: what was saved here is rolled back."""


def settle_verification(row: Notification, token: UUID, outcome: Outcome) -> None:
    """Keep what a verification has proven and end it, in one transaction; a refusal only ends it."""
    with suppress(TakenAway), tenant(row.organization_id):
        if outcome.result == AttemptOutcome.ACCEPTED:
            is_next = row.notification_type == Purpose.NEXT_SECRET
            outcome = note_next_secret(row, outcome) if is_next else activate(row, outcome)
        if settle(row, token, outcome, doubtful=Doubtful.RESEND) is None:
            raise TakenAway


def note_next_secret(row: Notification, outcome: Outcome) -> Outcome:
    """Keep that a next secret works, unless another one was stored meanwhile; nothing else is saved."""
    drafts = Draft.objects.of(row.organization_id).select_related("connection")
    draft = drafts.filter(pk=row.draft_id).first() if row.draft_id else None
    return outcome if draft is not None and note_next_tested(draft) else refused(outcome, CHANGED)


def activate(row: Notification, outcome: Outcome) -> Outcome:
    """Save the draft of a verification, inside its organization's tenant(); gives what came of it."""
    drafts = Draft.objects.of(row.organization_id).select_related("connection", "created_by", "organization")
    draft = drafts.filter(pk=row.draft_id).first() if row.draft_id else None
    if draft is None:
        return refused(outcome, CHANGED)
    if not Organization.objects.filter(pk=row.organization_id, custom_mail=True).exists():
        return refused(outcome, NOT_ENTITLED)
    if not may_still_save(draft):
        return refused(outcome, NOT_ALLOWED)
    draft.passed_at = timezone.now()
    draft.save(update_fields=["passed_at"])
    try:
        saved = save_draft(draft=draft, user=draft.created_by)
    except tuple(TOO_LATE) as error:
        return refused(outcome, TOO_LATE[type(error)])
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


def may_still_save(draft: Draft) -> bool:
    """Say whether whoever pressed Save may change the mail settings now; a worker may come much later."""
    user = draft.created_by
    if user is None or not user.is_active:
        return False
    if draft.acting_as:
        return user.is_super_admin
    allowed = [role for role, permissions in ROLES.items() if Permission.CHANGE_MAIL in permissions]
    return Membership.objects.of(draft.organization_id).filter(user=user, role__in=allowed).exists()


def refused(outcome: Outcome, code: str) -> Outcome:
    """Turn a passed verification into one whose values could not be saved all the same."""
    words = {
        CHANGED: _("Somebody saved other settings meanwhile."),
        NAME_TAKEN: _("Another connection has this name."),
        SECRET_NEEDED: _("A stored secret these values relied on is gone."),
        NOT_ENTITLED: _("The organization no longer has the add-on."),
        NOT_ALLOWED: _("Whoever pressed Save may not change these settings any more."),
    }
    return unsent(code, words[code], outcome.started_at)
