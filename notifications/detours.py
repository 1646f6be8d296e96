"""What the screens say while mail goes another way than the one meant for it, or none is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest

from mailsettings.connections.standing import FAULTS, Fault, title
from mailsettings.models import Connection, MailSettings, Rank
from notifications.held import held_mail_of
from notifications.lanes import DOUBTFUL, is_of_version
from notifications.models import Alarm, AlarmKind, Lane
from orgs.models import Organization
from orgs.templatetags.ui import exact
from providers import provider


@dataclass(frozen=True, kw_only=True)
class Detour:
    """A connection that is down, and what mail goes out through meanwhile; without a backup it waits."""

    name: str
    backup: str = ""
    reason: str = ""
    since: datetime | None = None
    is_paused: bool = False

    @property
    def when(self) -> str:
        """Say the moment in full."""
        return exact(self.since) if self.since else ""


def detours(organization: Organization) -> list[Detour]:
    """List the detours of an organization's mail, inside its tenant(); what a save overtook is left out."""
    alarms = list(Alarm.objects.of(organization).exclude(kind=AlarmKind.QUEUE_TOO_OLD))
    if not alarms or not organization.custom_mail:
        return []
    mail = MailSettings.objects.of(organization).filter(smtp_enabled=True).first()
    if mail is None:
        return []
    first, met = {row.pk: row for row in meant_first(organization)}, connection_faults(organization)
    for alarm in alarms:
        if alarm.kind == AlarmKind.ALL_FAILING and nothing_works(organization, met):
            return [
                Detour(name=", ".join(map(str, alarm.detail.get("connections", ()))), since=alarm.began_at)
            ]
    told = [(first[alarm.subject_id], alarm) for alarm in alarms if alarm.subject_id in first]
    return [detour(row, alarm, met.get(row.pk)) for row, alarm in told if row.held_code or row.pk in met]


def nothing_works(organization: Organization, met: Mapping[UUID, Fault]) -> bool:
    """Say whether the whole order is still at fault: the alarm ends only with the next message."""
    rows = Connection.objects.of(organization).filter(enabled=True, rank__in=(Rank.PRIMARY, Rank.BACKUP))
    return all(held_code or pk in met for pk, held_code in rows.values_list("pk", "held_code"))


def detour(row: Connection, alarm: Alarm, fault: Fault | None) -> Detour:
    """Word one alarm about a connection whose turn a backup took."""
    chosen = provider(row.provider)
    reason = ""
    if row.held_code:
        reason = title(row, chosen, row.held_code)
    elif fault is not None:
        reason = title(row, chosen, fault.code, fault.facts)
    return Detour(
        name=row.name,
        backup=str(alarm.detail.get("backup", "")),
        reason=reason,
        since=row.held_since or alarm.began_at,
        is_paused=bool(row.held_code),
    )


def meant_first(organization: Organization) -> list[Connection]:
    """List the connections that some mail is meant for: the primary one, and those of rules."""
    rows = Connection.objects.of(organization).filter(enabled=True)
    return list(rows.filter(Q(rank=Rank.PRIMARY) | Q(rules__enabled=True)).distinct())


def connection_faults(organization: Organization) -> Mapping[UUID, Fault]:
    """Give what keeps mail from leaving through connections that nobody holds: their last tries failed."""
    rows = Lane.objects.of(organization).filter(failures__gt=0, connection_id__isnull=False)
    versions = dict(Connection.objects.of(organization).values_list("pk", "version"))
    return {
        row.connection_id: Fault(code=row.held_code, since=row.held_since, facts=row.held_facts)
        for row in rows.exclude(held_code__in=("", DOUBTFUL))
        if row.connection_id and is_of_version(row, versions.get(row.connection_id))
    }


def detours_of(request: HttpRequest) -> list[Detour]:
    """Give the detours of the organization whose page is shown; none outside of one."""
    organization = getattr(request, "organization", None)
    return detours(organization) if organization is not None else []


def mail_state(request: HttpRequest) -> dict[str, object]:
    """Offer `detours` and `held_mail` to templates; asked only by pages that show them."""
    return {"detours": partial(detours_of, request), "held_mail": partial(held_mail_of, request)}


def hang_faults() -> None:
    """Tell the list of connections what workers met, once; called when the apps are ready."""
    if connection_faults not in FAULTS:
        FAULTS.append(connection_faults)
