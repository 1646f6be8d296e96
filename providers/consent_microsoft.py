"""Consent at Microsoft: authorization code with PKCE, redeemed by MSAL at the sign-in host it began at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode, urlsplit

from oauthlib.oauth2 import WebApplicationClient

from providers.consent import Account, ConsentStart, Flow, Granted, Permission
from providers.consent_identity import account_of, as_graph_says, is_issuer, own_claims
from providers.consent_refusals import refused_consent
from providers.consent_terms import (
    KEEPING,
    SIGN_IN_SCOPES,
    check_state,
    mismatch,
    missing_of,
    new_proof,
    text_of,
)
from providers.errors import ProviderError, Stage
from providers.fields import Settings
from providers.network import Egress, HttpClient
from providers.session import WireContext
from providers.token_store import Token
from providers.tokens.answers import token_of
from providers.tokens.microsoft import OWN_SCOPES
from providers.tokens.microsoft_client import MicrosoftClient


@dataclass(frozen=True)
class Terms:
    """Who asks for what: the app, full scopes of one resource, and whether Graph may be asked who it is."""

    client: MicrosoftClient
    scopes: tuple[str, ...]
    asks_graph: bool = False


class MicrosoftConsent:
    """Asks at Microsoft; the two functions read a provider's settings."""

    callback = "microsoft"

    def __init__(
        self,
        permissions: Callable[[Settings], tuple[Permission, ...]],
        terms: Callable[[Settings, Egress], Terms],
    ) -> None:
        self._permissions = permissions
        self._terms = terms

    def permissions(self, settings: Settings) -> tuple[Permission, ...]:
        """List what will be asked for."""
        return self._permissions(settings)

    def begin(
        self,
        settings: Settings,
        *,
        redirect_uri: str,
        state: str,
        egress: Egress,
        login_hint: str = "",
        reconsent: bool = False,
    ) -> ConsentStart:
        """Make the address of the consent page, without any network.

        Raises:
            ProviderError: the settings do not lead to a sign-in host that is allowed.
        """
        terms, proof = self._terms(settings, egress), new_proof()
        access = terms.client.access
        asked = WebApplicationClient(terms.client.client_id).prepare_request_uri(
            f"{access.authority}/oauth2/v2.0/authorize",
            redirect_uri=redirect_uri,
            scope=" ".join((*terms.scopes, KEEPING, *SIGN_IN_SCOPES)),
            state=state,
            code_challenge=proof.challenge,
            code_challenge_method="S256",
            nonce=proof.nonce_hash,
            response_mode="query",
            prompt="consent" if reconsent else "select_account",
            **({"login_hint": login_hint} if login_hint else {}),
        )
        page = access.cloud.browser_url(f"{access.tenant}/oauth2/v2.0/authorize")
        flow: dict[str, str | list[str]] = {
            "verifier": proof.verifier,
            "nonce": proof.nonce,
            "state": state,
            "redirect_uri": redirect_uri,
            "authority": access.authority,
            "scopes": [*terms.scopes],
        }
        url = f"{page}?{urlsplit(str(asked)).query}"
        return ConsentStart(url=url, issuer=f"{access.authority}/v2.0", flow=flow)

    def redeem(
        self, settings: Settings, flow: Flow, answer: Mapping[str, str], context: WireContext
    ) -> Granted:
        """Trade the code of the callback for tokens, at the issuer the flow was begun with.

        Raises:
            ProviderError: refused, or the answer is of another issuer, tenant or trip.
        """
        if "error" in answer:
            raise self.refused(answer)
        terms = self._terms(settings, context.egress)
        client, facts = terms.client, terms.client.facts
        check_state(flow, answer, facts)
        if client.access.authority != text_of(flow, "authority"):
            raise mismatch(facts, "issuer")
        told = answer.get("iss", "")
        if told and not is_issuer(told, client):
            raise mismatch(facts, "issuer")
        http = HttpClient(context.egress, context.trace)
        try:
            token, account = _redeemed(terms, flow, answer["code"], http, context)
        finally:
            http.close()
        granted = token.scopes or terms.scopes
        return Granted(
            token=token,
            account=account,
            scopes=granted,
            missing=missing_of(self.permissions(settings), granted, can_renew=bool(token.refresh)),
        )

    def admin_consent_url(
        self, settings: Settings, redirect_uri: str = "", state: str = "", *, egress: Egress | None = None
    ) -> str:
        """Give the link for an administrator to consent for everybody (WPM-53)."""
        try:
            terms = self._terms(settings, egress or Egress())
        except ProviderError:
            return ""
        access, asked = terms.client.access, {"client_id": terms.client.client_id}
        # No administrator stands for all tenants: the signed-in one's own is meant.
        tenant = "organizations" if access.tenant in {"common", "consumers"} else access.tenant
        if not redirect_uri:
            return f"{access.cloud.browser_url(f'{tenant}/adminconsent')}?{urlencode(asked)}"
        scope = " ".join((*terms.scopes, KEEPING, *SIGN_IN_SCOPES))
        asked |= {"redirect_uri": redirect_uri, "scope": scope, **({"state": state} if state else {})}
        return f"{access.cloud.browser_url(f'{tenant}/v2.0/adminconsent')}?{urlencode(asked)}"

    def refused(self, answer: Mapping[str, str]) -> ProviderError:
        """Turn the error of a callback into ours: declined, an administrator is needed, a policy, …."""
        return refused_consent(answer)

    def revoke(self, settings: Settings, token: Token, context: WireContext) -> None:
        """Do nothing: Microsoft has no way to give a single token back; the account's own pages can."""


def _redeemed(
    terms: Terms, flow: Flow, code: str, http: HttpClient, context: WireContext
) -> tuple[Token, Account]:
    """Let MSAL trade the code; it checks the nonce of the id token against the flow's."""
    client, state = terms.client, text_of(flow, "state")
    begun = {
        "state": state,
        "redirect_uri": text_of(flow, "redirect_uri"),
        "scope": sorted({*terms.scopes, "email", *OWN_SCOPES}),
        "code_verifier": text_of(flow, "verifier"),
        "nonce": text_of(flow, "nonce"),
    }
    http.warm(client.access.host, seconds=context.time_limit)
    with context.trace.step(Stage.TOKEN) as step:
        got = client.ask(
            http,
            lambda msal: msal.acquire_token_by_auth_code_flow(begun, {"code": code, "state": state}),
            delegated=True,
            hide=(code,),
        )
        token = token_of(got, facts=client.facts, host=client.access.host)
        account = account_of(own_claims(got.get("id_token_claims"), client))
        step.text = "Consent received"
    if terms.asks_graph:
        account = as_graph_says(account, token, client.access.cloud.graph_host, http)
    return replace(token, claims={**token.claims, "account": account.email}), account
