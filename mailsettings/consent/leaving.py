"""Giving a consent back to the provider, once it is gone here (best effort)."""

from __future__ import annotations

from django.db import transaction

from mailsettings.egress import egress
from providers import ConsentMethod, MemoryTokenStore, Settings, Token, Trace, WireContext

SECONDS = 10.0


def give_back(method: ConsentMethod, settings: Settings, token: Token) -> None:
    """Ask the provider to forget a token after the transaction that forgot it here (WPM-49)."""
    context = WireContext(
        egress=egress(),
        trace=Trace(),
        tokens=MemoryTokenStore(),
        connection_key="leaving",
        time_limit=SECONDS,
    )
    transaction.on_commit(lambda: method.revoke(settings, token, context))
