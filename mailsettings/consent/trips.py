"""One trip to a consent page: begun by one person in one session, ended once, soon (C-OAU-1)."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from mailsettings.consent.addresses import redirect_uri
from mailsettings.egress import egress
from mailsettings.models import Connection, ConsentRequest
from mailsettings.token_rows import token_destination
from mailsettings.vault import connection_secrets, typed_settings
from orgs.entry import token_hash
from orgs.ids import uuid7
from orgs.models import User
from orgs.sealing import SealBroken, seal, unseal
from providers import ConsentMethod, ConsentStart, Provider, Settings, provider

LIFE: Final = timedelta(minutes=10)
KEPT_FOR: Final = timedelta(days=1)
STATE_BYTES: Final = 32


class TripRefused(Exception):
    """An answer that does not belong to a trip of this person; nothing is asked for and nothing stored."""

    def __init__(self, reason: str) -> None:
        """Keep the sentence for the page."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Trip:
    """A trip whose answer came back to the one who began it."""

    request: ConsentRequest
    connection: Connection
    provider: Provider
    method: ConsentMethod
    settings: Settings
    flow: Mapping[str, Any]


def ready_settings(connection: Connection) -> tuple[Provider, Settings]:
    """Give provider and settings of a connection, secrets included.

    Raises:
        SealBroken: a stored secret belongs to another destination.
    """
    chosen = provider(connection.provider)
    bare = typed_settings(chosen, connection.settings, {})
    return chosen, typed_settings(chosen, connection.settings, connection_secrets(connection, chosen, bare))


def begin_trip(
    *,
    connection: Connection,
    chosen: Provider,
    settings: Settings,
    user: User,
    session_key: str,
    activate: bool,
    reconsent: bool,
    login_hint: str = "",
    sends_as: str = "",
) -> ConsentStart:
    """Keep what the answer will be checked against, and give the address of the consent page.

    Raises:
        providers.ProviderError: the settings lead to no sign-in host that is allowed.
    """
    assert chosen.consent is not None  # noqa: S101  # callers offer this for providers with consent only
    state = secrets.token_urlsafe(STATE_BYTES)
    start = chosen.consent.begin(
        settings,
        redirect_uri=redirect_uri(chosen.consent),
        state=state,
        egress=egress(),
        login_hint=login_hint,
        reconsent=reconsent,
    )
    request = ConsentRequest(
        pk=uuid7(),
        organization_id=connection.organization_id,
        connection=connection,
        version=connection.version,
        state_hash=token_hash(state),
        session_hash=token_hash(session_key),
        user=user,
        issuer=start.issuer,
        activate=activate,
        sends_as=sends_as,
        expires_at=timezone.now() + LIFE,
    )
    request.sealed_flow = seal(
        json.dumps(dict(start.flow)).encode(), **_place(request, connection, chosen, settings)
    )
    request.save(force_insert=True)
    return start


def end_trip(*, organization_id: UUID, state: str, session_key: str, user: User, callback: str) -> Trip:
    """Find the trip an answer belongs to and use it up, inside the organization's tenant().

    Raises:
        TripRefused: it is not this person's, not of this session or provider, used, too old, or overtaken.
    """
    rows = ConsentRequest.objects.of(organization_id).select_related("connection")
    request = rows.filter(state_hash=token_hash(state)).first()
    if request is None or not hmac.compare_digest(bytes(request.state_hash), token_hash(state)):
        raise TripRefused(_("This answer does not belong to a sign-in that was begun here."))
    own_session = hmac.compare_digest(bytes(request.session_hash), token_hash(session_key))
    if not own_session or request.user_id != user.pk:
        raise TripRefused(_("This sign-in was begun by somebody else, or in another browser."))
    chosen = provider(request.connection.provider)
    if chosen.consent is None or chosen.consent.callback != callback:
        raise TripRefused(_("This answer came back at the address of another provider."))
    mine = ConsentRequest.objects.of(organization_id).filter(pk=request.pk, used_at=None)
    if not mine.filter(expires_at__gt=Now()).update(used_at=Now()):
        raise TripRefused(_("This sign-in was used already, or it took longer than ten minutes."))
    if request.connection.version != request.version:
        raise TripRefused(_("The settings of this connection were changed after the sign-in was begun."))
    return _opened(request, chosen, chosen.consent)


def _opened(request: ConsentRequest, chosen: Provider, method: ConsentMethod) -> Trip:
    connection = request.connection
    try:
        settings = ready_settings(connection)[1]
        flow = unseal(bytes(request.sealed_flow), **_place(request, connection, chosen, settings))
    except SealBroken:
        raise TripRefused(_("This answer belongs to another connection.")) from None
    return Trip(
        request=request,
        connection=connection,
        provider=chosen,
        method=method,
        settings=settings,
        flow=json.loads(flow),
    )


def forget_old_trips(organization_id: UUID) -> int:
    """Remove trips that ended long ago, inside the organization's tenant(); gives how many."""
    rows = ConsentRequest.objects.of(organization_id).filter(expires_at__lt=timezone.now() - KEPT_FOR)
    return rows.delete()[0]


def _place(
    request: ConsentRequest, connection: Connection, chosen: Provider, settings: Settings
) -> dict[str, Any]:
    """Bind a flow to its own trip, its connection, and the destination it was begun for."""
    return {
        "organization_id": request.organization_id,
        "record_id": request.pk,
        "field": f"consent.flow.{connection.pk}",
        "destination": token_destination(chosen, settings),
    }
