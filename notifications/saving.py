"""Save asks a worker first: a verification of what is on the screen, without a mail (HIR-18)."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from mailsettings.drafts import draft_typed
from mailsettings.models import Draft
from mailsettings.vault import typed_settings
from notifications.models import Kind, Notification, Purpose, Status
from notifications.services import enqueue
from notifications.testing import LimitReached
from orgs.models import Organization, User
from orgs.tenancy import one_at_a_time
from providers import provider

# A mistake is corrected and saved again within seconds; a scan of other people's servers is not.
PER_MINUTE, PER_DAY = 10, 200
# Two requests of one click come this close together.
TWINS_WITHIN = timedelta(seconds=60)


def start_verification(
    *, organization: Organization, user: User, draft: Draft, purpose: str = Purpose.SAVE
) -> Notification:
    """Queue the verification of a draft; a worker runs it at once, and what its purpose is follows.

    The same values sent twice by one click are verified once.

    Raises:
        LimitReached: too many were asked for; the draft is kept.
    """
    one_at_a_time("verification")
    twin = waiting_twin(draft, purpose)
    if twin is not None:
        draft.delete()
        return twin
    require_patience(organization)
    return enqueue(
        organization=organization,
        to=user.email,
        subject=_("Verification"),
        text=_("Checks settings; nothing is sent."),
        kind=Kind.VERIFICATION,
        notification_type=purpose,
        created_by=user,
        draft=draft,
    )


def waiting_twin(draft: Draft, purpose: str) -> Notification | None:
    """Find the verification of the very same values that is under way already."""
    rows = (
        Notification.objects.of(draft.organization_id)
        .select_related("draft")
        .filter(
            kind=Kind.VERIFICATION,
            notification_type=purpose,
            ended_at=None,
            created_by=draft.created_by,
            created_at__gt=timezone.now() - TWINS_WITHIN,
            draft__base_version=draft.base_version,
            draft__provider=draft.provider,
            draft__connection=draft.connection,
            draft__name=draft.name,
            draft__settings=draft.settings,
        )
    )
    mine = secrets_of(draft)
    return next((row for row in rows if row.draft and secrets_of(row.draft) == mine), None)


def secrets_of(draft: Draft) -> dict[str, object]:
    """Give the secrets typed for a draft, to be compared only."""
    chosen = provider(draft.provider)
    return dict(draft_typed(draft, chosen, typed_settings(chosen, draft.settings, {})))


def require_patience(organization: Organization) -> None:
    """Count what was asked for lately.

    Raises:
        LimitReached: with the sentence for the screen.
    """
    rows = Notification.objects.of(organization).filter(kind=Kind.VERIFICATION)
    now = timezone.now()
    if rows.filter(created_at__gt=now - timedelta(minutes=1)).count() >= PER_MINUTE:
        raise LimitReached(
            _("These settings were checked 10 times within a minute. Wait a minute and save again.")
        )
    if rows.filter(created_at__gt=now - timedelta(days=1)).count() >= PER_DAY:
        raise LimitReached(
            _("Settings were checked 200 times today. Save again tomorrow, or without checking.")
        )


def withdraw(notification: Notification) -> None:
    """End a verification no worker has taken: its values are saved another way."""
    Notification.objects.of(notification.organization_id).filter(
        pk=notification.pk, status=Status.QUEUED
    ).update(status=Status.CANCELLED, ended_at=timezone.now())
