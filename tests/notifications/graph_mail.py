"""An organization that sends by Graph, and what its stories look at."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from django.utils import timezone

from notifications.models import ConnectionGrant, ConnectionLimit, Lane, Notification, Status
from orgs.models import Organization
from orgs.tenancy import tenant
from providers import Attachment
from sandbox.inbox import CaughtMail
from sandbox.microsoft import Microsoft
from tests import factories
from tests.notifications.stories import limit
from tests.plugin_sandbox import CLIENT_ID, CLIENT_SECRET, TENANT_ID, Sandbox, graph_values

ROLES = ("Mail.Send", "Mail.ReadWrite")
MEGABYTE = 1024 * 1024


def send_by_graph(
    organization: Organization,
    sandbox: Sandbox,
    *,
    roles: tuple[str, ...] = ROLES,
    per_minute: int = 0,
    **values: Any,
) -> Microsoft:
    """Connect an organization by Graph; `per_minute` is its own limit, 0 for none."""
    microsoft = sandbox.microsoft()
    microsoft.add_app(TENANT_ID, CLIENT_ID, CLIENT_SECRET, roles)
    factories.connection(organization, "graph", graph_values(microsoft, **values))
    limit(organization, per_minute=per_minute)
    return microsoft


def pass_time(seconds: float) -> None:
    """Move the database's clock on for everything that is counted in minutes."""
    grants = ConnectionGrant.objects.using("owner")
    for row in grants.all():
        grants.filter(pk=row.pk).update(until=row.until - timedelta(seconds=seconds))


def end_rests(organization: Organization) -> None:
    """Let every rest of the connection be over, and every pause of a message."""
    ConnectionLimit.objects.using("owner").update(rest_until=None)
    with tenant(organization):
        Lane.objects.of(organization).update(resume_at=None)
        Notification.objects.of(organization).filter(status=Status.QUEUED).update(next_at=timezone.now())


def bytes_like_a_file(size: int) -> bytes:
    """Make bytes without a pattern, the same at every run."""
    return hashlib.shake_128(b"mail").digest(size)


def file_of(size: int) -> Attachment:
    """Make a file of this size."""
    return Attachment("report.bin", "application/octet-stream", bytes_like_a_file(size))


def files_in(mail: CaughtMail) -> list[bytes]:
    """Give the files that arrived."""
    found = [part.get_payload(decode=True) for part in mail.attachments]
    return [one for one in found if isinstance(one, bytes)]
