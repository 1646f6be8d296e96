"""Which domains an organization sends from, and through which mail services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import Case, When

from mailsettings.domain.mail_services import MailService, service_of_cloud, service_of_host
from mailsettings.domain.names import domain_of
from mailsettings.models import ConnectedAccount, Connection, Rank
from providers import CLOUDS

OF_MICROSOFT: Final = frozenset({"graph", "microsoft365_smtp", "microsoft_account"})
RANKS: Final = (Rank.PRIMARY, Rank.BACKUP, Rank.ADDITIONAL)


@dataclass(kw_only=True)
class Sender:
    """One domain notifications come from; the services of its connections, the primary's first."""

    domain: str
    services: list[MailService] = field(default_factory=list)
    connections: list[str] = field(default_factory=list)


def senders(organization_id: UUID) -> list[Sender]:
    """List the domains of the organization's enabled connections, inside its tenant()."""
    order = Case(*(When(rank=rank, then=place) for place, rank in enumerate(RANKS)))
    rows = Connection.objects.of(organization_id).filter(enabled=True).order_by(order, "name")
    accounts = dict(
        ConnectedAccount.objects.of(organization_id).order_by().values_list("connection_id", "email")
    )
    found: dict[str, Sender] = {}
    for row in rows:
        email = str(row.settings.get("sender_email") or accounts.get(row.pk, ""))
        domain = domain_of(email)
        if not domain:
            continue
        sender = found.setdefault(domain, Sender(domain=domain))
        service = service_of(row.provider, row.settings)
        if service not in sender.services:
            sender.services.append(service)
        sender.connections.append(row.name)
    return list(found.values())


def service_of(provider_key: str, settings: Mapping[str, Any]) -> MailService:
    """Tell which mail service a connection's mail leaves through, from its stored settings."""
    if provider_key not in OF_MICROSOFT:
        return service_of_host(str(settings.get("host", "")).lower())
    cloud = str(settings.get("cloud", ""))
    if not cloud:
        login = urlsplit(str(settings.get("access_url", ""))).netloc
        cloud = next((each.key for each in CLOUDS if login in each.login_hosts), "")
    return service_of_cloud(cloud)
