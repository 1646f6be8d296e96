"""Connections that live by a refresh token are renewed every day: unused ones would end after 90 days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from mailsettings.consent.standing import ENDS_CONSENT, require_consent
from mailsettings.egress import egress
from mailsettings.holds import hold
from mailsettings.models import Connection, ConnectionToken
from mailsettings.secret_swap import rescue
from mailsettings.token_store import token_store
from mailsettings.way import NoWayOut, Way
from mailsettings.ways import connection_way
from orgs import events
from orgs.tenancy import tenant
from providers import ProviderError, Trace, WireContext

# A connection that was renewed within this time is left alone, whoever renewed it.
RENEW_AFTER: Final = timedelta(hours=20)
SECONDS: Final = 30.0


def due(rows: QuerySet[ConnectionToken], now: datetime) -> QuerySet[ConnectionToken]:
    """Pick the tokens to renew, the longest unused first; the caller says whose rows it may see."""
    return rows.filter(
        Q(renewed_at=None) | Q(renewed_at__lt=now - RENEW_AFTER),
        refresh__isnull=False,
        connection__enabled=True,
        organization__is_active=True,
    ).order_by(F("renewed_at").asc(nulls_first=True), "pk")


def never_used(rows: QuerySet[Connection]) -> QuerySet[Connection]:
    """Pick connections whose typed refresh token was never traded, so that nothing says how old it is."""
    return rows.filter(
        Q(settings__method="legacy") | ~Q(settings__has_key="method"),
        ~Exists(
            ConnectionToken.objects.using(rows.db).filter(connection=OuterRef("pk"), refresh__isnull=False)
        ),
        secrets__field="refresh_token",
        secrets__is_next=False,
        enabled=True,
        organization__is_active=True,
    ).order_by("pk")


def renew(organization_id: UUID, connection_id: UUID) -> bool:
    """Renew one connection now; what stands in the way is told by an event, never raised."""
    try:
        way = connection_way(organization_id, connection_id)
    except NoWayOut:
        # Removed meanwhile, or nobody is connected.
        return False
    try:
        renew_way(way)
    except ProviderError as error:
        tell(way, error)
        return False
    return True


def renew_way(way: Way) -> None:
    """Fetch a new token for a way, and keep it; nothing is mailed.

    Raises:
        providers.ProviderError: why not.
    """
    trace = Trace()
    require_consent(way, trace)
    context = WireContext(
        egress=egress(),
        trace=trace,
        tokens=token_store(way, seconds=SECONDS),
        connection_key=way.token_key,
        time_limit=SECONDS,
    )
    way.provider.renew(way.settings, context)


def tell(way: Way, error: ProviderError) -> None:
    """Write the event of a renewal that failed; a grant that ended holds the connection and is told once.

    Nothing failed where the next secret has taken over from one that expired.
    """
    if rescue(way, error):
        return
    if error.code in ENDS_CONSENT:
        if not way.wants_account:
            hold(way, error)
        return
    with tenant(way.owner_id):
        events.emit(
            organization=way.owner_id,
            kind="connection.renewal_failed",
            subject_id=way.connection_id,
            detail={"code": error.code, "connection": way.name},
        )
