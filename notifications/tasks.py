"""What the broker may ask of a worker; arguments are ids only (C-CRY-9)."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from notifications import hints
from notifications import sweep as sweeping
from notifications.drain import drain as drain_lanes
from notifications.prune import prune as remove_old_content
from notifications.worker import hand_over


@shared_task(name="notifications.tasks.drain")
def drain(organization_id: str) -> None:
    """Send what is due in the lanes of an organization, and hint again when more is."""
    key = UUID(organization_id)
    if not hand_over(key) and drain_lanes(key):
        hints.ring(key)


@shared_task(name="notifications.tasks.sweep")
def sweep() -> None:
    """Find what hints and dead workers left behind."""
    sweeping.sweep()
    for organization_id in sweeping.due_organizations():
        hints.ring(organization_id)


@shared_task(name="notifications.tasks.prune")
def prune() -> None:
    """Remove content past its retention time."""
    remove_old_content()
