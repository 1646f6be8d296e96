"""Whose account a delegated token belongs to, as Graph itself says."""

from __future__ import annotations

from typing import Final

from providers.errors import Stage
from providers.transports.graph_calls import GraphCalls
from providers.words import cleaned

ME: Final = "/v1.0/me?$select=displayName,mail,userPrincipalName"
OK: Final = 200
FORBIDDEN: Final = 403


def tell_account(calls: GraphCalls) -> None:
    """Note in the trace who is signed in; a token without User.Read is told nothing, which is a warning.

    Raises:
        ProviderError: Graph does not take the token, or was not reached.
    """
    with calls.context.trace.step(Stage.SENDER) as step:
        reply = calls.ask("GET", ME)
        if reply.status_code == FORBIDDEN:
            step.warn("Microsoft does not tell whose account it is, since User.Read was not allowed")
            return
        if reply.status_code != OK:
            raise calls.refusal(reply, wanted=OK)
        answer = reply.json()
        told = answer if isinstance(answer, dict) else {}
        name = cleaned(str(told.get("displayName") or ""))[:200]
        email = cleaned(str(told.get("mail") or told.get("userPrincipalName") or ""))[:320]
        calls.context.trace.facts.update(account_name=name, account_email=email)
        step.text = f"Signed in as {email}" if email else "Signed in"
