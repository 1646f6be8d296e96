"""The verb for several messages in order: enqueue_sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from notifications.models import Notification
from notifications.services import enqueue
from orgs.ids import uuid7
from orgs.models import Organization
from orgs.tenancy import tenant


def enqueue_sequence(
    *,
    organization: Organization | UUID,
    messages: Sequence[Mapping[str, Any]],
    stop_on_error: bool = True,
    **common: Any,
) -> list[Notification]:
    """Queue several messages, all or none; joins the caller's tenant() or opens one.

    Args:
        organization: whose messages.
        messages: for each message, what `enqueue` takes.
        stop_on_error: each waits for the one before it, and after the first failure the rest end cancelled.
        common: what `enqueue` takes, the same for all.

    Raises:
        providers.MessageInvalid: one cannot be sent; nothing is queued.
    """
    sequence = uuid7() if stop_on_error else None
    with tenant(organization) as organization_id:
        stored = [enqueue(organization=organization_id, **{**common, **message}) for message in messages]
        if sequence is None:
            return stored
        for place, row in enumerate(stored):
            row.sequence, row.sequence_place = sequence, place
            if place and row.expires_at is not None:
                # Asleep until the one before it has ended (`delivery.sequence.advance`).
                row.next_at = row.expires_at
        Notification.objects.of(organization_id).bulk_update(
            stored, ["sequence", "sequence_place", "next_at"]
        )
    return stored
