"""Queues too long to be made message by message."""

from __future__ import annotations

from django.db import connections

from notifications.models import Notification
from orgs.models import Organization
from orgs.tenancy import ALIAS, tenant
from tests.notifications.stories import queue


def fill(organization: Organization, number: int) -> None:
    """Queue many due rows inside the database; they are due after everything queued before.

    What is sealed in them belongs to another row, so they cannot be sent: they are there to be in the way.
    """
    row = queue(organization, subject="In the way")
    names = [str(field.column) for field in Notification._meta.concrete_fields]
    columns = ", ".join(names)
    values = ", ".join("gen_random_uuid()" if name == "id" else name for name in names)
    with tenant(organization), connections[ALIAS].cursor() as cursor:
        cursor.execute(
            f"INSERT INTO notifications_notification ({columns}) SELECT {values}"  # noqa: S608  # our own columns
            " FROM notifications_notification, generate_series(1, %s) WHERE id = %s",
            [number, row.pk],
        )
