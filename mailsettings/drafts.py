"""Drafts: values on a screen that a test tries, sealed like the saved ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.utils import timezone

from mailsettings.destinations import SecretNeeded, missing_secrets
from mailsettings.draft_secrets import draft_secrets, seal_draft_secrets
from mailsettings.models import Connection, ConnectionVersion, Draft, Rank
from mailsettings.secret_slots import declared, open_next, slot, slots
from mailsettings.services import Saved, connection_for, save_connection
from mailsettings.vault import plain_values, typed_settings
from orgs.models import Organization, User
from orgs.sealing import SealBroken
from providers import Provider, SecretText, Settings, provider

# An unsaved form is kept this long, so that "Back to Emails" and "Save these settings" work.
DRAFT_LIFE = timedelta(hours=24)


def make_draft(
    *,
    organization: Organization,
    chosen: Provider,
    settings: Settings,
    typed: Mapping[str, SecretText],
    user: User | None,
    base_version: int,
    connection: Connection | None = None,
    name: str | None = None,
    activate: bool = True,
    asked_from: str | None = None,
    acting_as: bool = False,
) -> Draft:
    """Keep the values on a screen as a sealed draft, for a test or for a save that a worker verifies.

    Args:
        organization: whose draft; the caller is inside its tenant().
        chosen: the provider.
        settings: parsed values.
        typed: the secrets typed now; the others come from the saved connection.
        user: who typed.
        base_version: the version of the mail settings the page was opened with.
        connection: the saved one it changes; None is the provider's own, or a new one when named.
        name: what the connection is to be called; None keeps its name.
        activate: whether saving it makes real mail use it.
        asked_from: the address it was typed from, for the audit trail.
        acting_as: typed by a super admin who acts as the organization.

    Raises:
        SecretNeeded: a secret is neither typed nor stored for this destination.
    """
    if connection is None and name is None:
        connection = connection_for(organization, chosen.key)
    errors = missing_secrets(connection, chosen, settings, typed)
    if errors:
        raise SecretNeeded(errors)
    draft = Draft(
        organization=organization,
        connection=connection,
        provider=chosen.key,
        settings=plain_values(settings),
        base_version=base_version,
        created_by=user,
        name=name or "",
        activate=activate,
        asked_from=asked_from,
        acting_as=acting_as,
    )
    draft.sealed = seal_draft_secrets(draft, chosen, settings, typed)
    draft.save(force_insert=True)
    return draft


def draft_typed(draft: Draft, chosen: Provider, settings: Settings) -> dict[str, SecretText]:
    """Give the secrets typed for a draft, as far as they may go to the destination `settings` name."""
    try:
        return draft_secrets(draft, chosen, settings)
    except SealBroken:
        return {}


def save_draft(*, draft: Draft, user: User | None) -> Saved:
    """Save what a draft tried, so that nobody types a secret twice.

    Raises:
        StaleSettings: somebody saved other settings since the draft was made.
        SecretNeeded: a secret the draft relied on is gone.
        NameTaken: another connection took its name.
    """
    chosen = provider(draft.provider)
    settings = typed_settings(chosen, draft.settings, {})
    return save_connection(
        organization=draft.organization,
        chosen=chosen,
        settings=settings,
        typed=draft_typed(draft, chosen, settings),
        user=user,
        expected_version=draft.base_version,
        verified=draft.passed_at is not None,
        connection=draft.connection,
        name=draft.name or None,
        activate=draft.activate,
    )


def was_saved(draft: Draft) -> bool:
    """Say whether a worker proved and saved a draft, as a slow one may while somebody gives up on it."""
    versions = ConnectionVersion.objects.of(draft.organization_id)
    return (
        draft.passed_at is not None
        and versions.filter(
            saved_at__gte=draft.passed_at,
            saved_by=draft.created_by,
            provider=draft.provider,
            settings=draft.settings,
        ).exists()
    )


def note_next_tested(draft: Draft) -> bool:
    """Remember that a next secret passed its test; False when it is no longer the one the draft tried."""
    connection = draft.connection
    waiting = slot(connection, is_next=True) if connection is not None else None
    if connection is None or waiting is None:
        return False
    chosen, settings = declared(connection)
    try:
        same = draft_typed(draft, chosen, settings).get(waiting.field) == open_next(connection, waiting)
    except SealBroken:
        return False
    if same:
        rows = slots(connection.organization_id, connection.pk).filter(pk=waiting.pk)
        rows.update(tested_at=timezone.now())
    return same


def is_same_as_saved(draft: Draft) -> bool:
    """Say whether a draft tries exactly what is saved and in use: no new secret, same values."""
    connection = draft.connection
    return (
        connection is not None
        and not draft.sealed
        and connection.rank == Rank.PRIMARY
        and connection.settings == draft.settings
    )


def forget_old_drafts(*, organization: Organization) -> int:
    """Remove drafts past their life; gives how many. Called by the pruning of each organization."""
    rows = Draft.objects.of(organization).filter(created_at__lt=timezone.now() - DRAFT_LIFE)
    return rows.delete()[0]
