"""A next secret is tested like values before a save: by a worker, without a mail, through the same ladder."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from mailsettings.drafts import make_draft
from mailsettings.models import Connection
from mailsettings.secret_slots import declared, open_next, slot
from notifications.models import Kind, Notification, Purpose
from notifications.saving import start_verification
from orgs.models import Organization, User
from orgs.sealing import SealBroken


class NothingToTest(Exception):
    """There is no next secret, or it does not open for the destination of its connection."""


def start_test(*, organization: Organization, user: User, connection: Connection) -> Notification:
    """Queue the verification of a connection's next secret, inside tenant().

    Raises:
        NothingToTest: there is none.
        notifications.testing.LimitReached: too many were asked for.
        mailsettings.destinations.SecretNeeded: another secret of the connection is missing.
    """
    waiting = slot(connection, is_next=True)
    if waiting is None:
        raise NothingToTest
    chosen, settings = declared(connection)
    try:
        secret = open_next(connection, waiting)
    except SealBroken:
        raise NothingToTest from None
    draft = make_draft(
        organization=organization,
        chosen=chosen,
        settings=settings,
        typed={waiting.field: secret},
        user=user,
        base_version=connection.version,
        connection=connection,
        activate=False,
    )
    return start_verification(organization=organization, user=user, draft=draft, purpose=Purpose.NEXT_SECRET)


def last_test(connection: Connection, since: datetime) -> Notification | None:
    """Find the latest test of the next secret that was stored at `since`."""
    rows = Notification.objects.of(connection.organization_id).filter(
        kind=Kind.VERIFICATION,
        notification_type=Purpose.NEXT_SECRET,
        draft__connection=connection,
        created_at__gte=since,
    )
    return rows.order_by("-id").first()


def find_test(organization_id: UUID, key: UUID) -> Notification | None:
    """Find a test of a next secret."""
    rows = Notification.objects.of(organization_id).filter(
        pk=key, kind=Kind.VERIFICATION, notification_type=Purpose.NEXT_SECRET
    )
    return rows.select_related("draft", "draft__connection", "created_by", "connection").first()
