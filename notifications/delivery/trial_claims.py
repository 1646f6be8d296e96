"""Claim a test: under a lease like mail, but past lanes and holds; and write down the way it takes."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.db.models import Case, F, TextField, Value, When
from django.db.models.functions import Cast, Coalesce, Concat, Now

from mailsettings.ways import Way
from notifications.delivery.claiming import Batch, lease_time
from notifications.models import Notification, Status
from notifications.process import worker_name
from orgs.tenancy import tenant
from providers import Address


def claim_test(organization_id: UUID) -> Batch | None:
    """Lease one waiting test email; tests pass by lanes and holds, since they look for the fault."""
    with tenant(organization_id):
        rows = Notification.objects.of(organization_id)
        waiting = rows.waiting_tests().order_by("id")
        taken = list(waiting.select_for_update(skip_locked=True).values_list("pk", flat=True)[:1])
        if not taken:
            return None
        token = uuid4()
        rows.filter(pk__in=taken, status=Status.QUEUED).update(
            status=Status.LEASED,
            lease_token=token,
            lease_until=Now() + lease_time(),
            leased_by=worker_name(),
            claims=F("claims") + 1,
            started_at=Coalesce("started_at", Now()),
        )
        return Batch(organization_id=organization_id, token=token, rows=tuple(rows.filter(lease_token=token)))


def way_columns(way: Way) -> dict[str, object]:
    """Record on a test the way it takes; the Message-ID is given once and kept on every later try (I9)."""
    return {
        "connection_id": way.connection_id if way.owner_id == way.user_id else None,
        "way_name": way.name,
        "provider": way.provider.key,
        "via_default_mailer": way.is_default_mailer,
        "message_id": Case(
            When(
                message_id="",
                then=Concat(
                    Value("<"),
                    Cast("id", TextField()),
                    Value("."),
                    Cast("organization_id", TextField()),
                    Value(f"@{Address(way.settings.sender_email).domain}>"),
                    output_field=TextField(),
                ),
            ),
            default=F("message_id"),
        ),
    }
