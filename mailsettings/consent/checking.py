"""How a connected account fares, by a real renewal: no stored time can tell (WPM-29)."""

from __future__ import annotations

from uuid import UUID

from mailsettings.advice import advise, facts
from mailsettings.keep_alive import renew_way
from mailsettings.way import NoWayOut
from mailsettings.ways import connection_way
from providers import ProviderError


def renewal_fault(organization_id: UUID, connection_id: UUID) -> str:
    """Renew the tokens of a connection now, outside any tenant(); gives what stands in the way, or ""."""
    try:
        way = connection_way(organization_id, connection_id)
        renew_way(way)
    except NoWayOut as closed:
        return closed.reason
    except ProviderError as error:
        known = facts(way.provider, way.settings) | error.facts
        advice = advise(error.code, known, reply_code=error.provider_code, reply=error.reply)
        return f"{advice.title}. {advice.cause.replace('**', '')}"
    return ""
