"""Ready ways out through the stand-in for Graph: of an app of its own, and of a connected account."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from providers import Egress, MemoryTokenStore, Session, Trace, provider
from sandbox.microsoft import Microsoft
from tests.providers.conftest import CLIENT, MAILBOX, SECRET, TENANT, context_of, graph_settings

CALLBACK = "https://mail.example.com/oauth/microsoft/callback/"
STATE = "state-of-the-tests"
ALL_ROLES = ("Mail.Send", "Mail.ReadWrite")


def app_session(microsoft: Microsoft, egress: Egress, trace: Trace | None = None, **changes: Any) -> Session:
    """Open "Microsoft Graph API" with an app that may draft mail too, unless told otherwise."""
    microsoft.add_app(TENANT, CLIENT, SECRET, roles=changes.pop("roles", ALL_ROLES))
    return provider("graph").open(graph_settings(microsoft, egress, **changes), context_of(egress, trace))


def account_session(
    microsoft: Microsoft,
    egress: Egress,
    trace: Trace | None = None,
    *,
    without: tuple[str, ...] = (),
    **changes: Any,
) -> Session:
    """Consent as MAILBOX and open "Microsoft account" with Graph; `without` are permissions left unticked."""
    microsoft.add_account(MAILBOX, name="Contoso Notifications")
    chosen, values = provider("microsoft_account"), {"cloud": "sandbox", "method": "graph"}
    settings = chosen.parse(
        {**values, "client_id": CLIENT, "client_secret": SECRET, "large_mail": True, **changes}, egress
    )
    assert chosen.consent is not None
    start = chosen.consent.begin(settings, redirect_uri=CALLBACK, state=STATE, egress=egress)
    wanted = [one.scope for one in chosen.consent.permissions(settings) if one.scope not in without]
    came = urlsplit(microsoft.accept(start.url, MAILBOX, scopes=wanted)).query
    answer = {name: values[0] for name, values in parse_qs(came).items()}
    flow = json.loads(json.dumps(dict(start.flow)))
    granted = chosen.consent.redeem(settings, flow, answer, context_of(egress))
    tokens = MemoryTokenStore()
    tokens.put("key", granted.token)
    microsoft.requests.clear()
    return chosen.open(settings, context_of(egress, trace, tokens=tokens))
