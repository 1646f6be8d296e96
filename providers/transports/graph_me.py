"""Whose account a delegated token belongs to, as Graph itself says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from providers.errors import Stage
from providers.transports.graph_calls import GraphCalls
from providers.words import cleaned

ME: Final = "/v1.0/me?$select=displayName,mail,userPrincipalName"
OK: Final = 200
FORBIDDEN: Final = 403


@dataclass(frozen=True)
class GraphAccount:
    """Name and address of the account; empty where Graph may not tell."""

    name: str = ""
    email: str = ""


def read_account(calls: GraphCalls) -> GraphAccount:
    """Ask Graph who is signed in; a token without User.Read is only told nothing.

    Raises:
        ProviderError: Graph does not take the token, or was not reached.
    """
    with calls.context.trace.step(Stage.SENDER) as step:
        reply = calls.ask("GET", ME)
        if reply.status_code == FORBIDDEN:
            step.warn("Microsoft does not tell whose account it is, since User.Read was not allowed")
            return GraphAccount()
        if reply.status_code != OK:
            raise calls.refusal(reply, wanted=OK)
        answer = reply.json()
        told = answer if isinstance(answer, dict) else {}
        found = GraphAccount(
            cleaned(str(told.get("displayName") or ""))[:200],
            cleaned(str(told.get("mail") or told.get("userPrincipalName") or ""))[:320],
        )
        calls.context.trace.facts.update(account_name=found.name, account_email=found.email)
        step.text = f"Signed in as {found.email}" if found.email else "Signed in"
    return found
