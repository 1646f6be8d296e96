"""Consent at Google: authorization code with PKCE, redeemed and given back at the host it began at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlencode

from oauthlib.oauth2 import WebApplicationClient

from providers.consent import ConsentStart, Flow, Granted, Permission
from providers.consent_google_answer import pages_of, redeemed
from providers.consent_terms import (
    KEEPING,
    SIGN_IN_SCOPES,
    check_state,
    mismatch,
    missing_of,
    new_proof,
    text_of,
)
from providers.errors import ProviderError, Stage, failure
from providers.fields import Settings
from providers.network import Egress, HttpClient
from providers.oauth_errors import BY_ERROR
from providers.session import WireContext
from providers.token_store import Token
from providers.tokens.endpoint import TOKEN_BYTES, TOKEN_SECONDS, Endpoint
from providers.words import cleaned

MAIL_SCOPE: Final = "https://mail.google.com/"
PERMISSIONS: Final = (
    Permission(scope=MAIL_SCOPE, label="Send mail as you over SMTP", required=True),
    Permission(scope=KEEPING, label="Keep the connection without asking again", required=True),
    Permission(scope="openid profile email", label="See your name and address", required=False),
)
REVOKE_PATH: Final = "/revoke"
# What Google's consent page says beyond RFC 6749 §4.1.2.1.
BY_PAGE: Final[Mapping[str, str]] = {
    **BY_ERROR,
    "access_denied": "consent_declined",
    "admin_policy_enforced": "token_blocked_by_policy",
    "org_internal": "token_account_type",
    "redirect_uri_mismatch": "token_redirect_wrong",
    "disallowed_useragent": "token_blocked_by_policy",
}


class GoogleConsent:
    """Asks at Google; the two functions read a provider's settings."""

    callback = "google"

    def __init__(
        self, wanted: Callable[[Settings], bool], endpoint: Callable[[Settings, Egress], Endpoint]
    ) -> None:
        self._wanted = wanted
        self._endpoint = endpoint

    def permissions(self, settings: Settings) -> tuple[Permission, ...]:
        """List what will be asked for; nothing where the settings sign in another way."""
        return PERMISSIONS if self._wanted(settings) else ()

    def begin(
        self,
        settings: Settings,
        *,
        redirect_uri: str,
        state: str,
        egress: Egress,
        login_hint: str = "",
        reconsent: bool = False,  # noqa: ARG002 - Google gives a refresh token only when it asks again
    ) -> ConsentStart:
        """Make the address of the consent page, without any network.

        Raises:
            ProviderError: the settings do not lead to a sign-in host that is allowed.
        """
        endpoint, proof = self._endpoint(settings, egress), new_proof()
        pages = pages_of(endpoint)
        url = WebApplicationClient(endpoint.client_id).prepare_request_uri(
            pages.authorize,
            redirect_uri=redirect_uri,
            scope=" ".join((MAIL_SCOPE, *SIGN_IN_SCOPES)),
            state=state,
            code_challenge=proof.challenge,
            code_challenge_method="S256",
            nonce=proof.nonce_hash,
            access_type="offline",
            prompt="consent",
            **({"login_hint": login_hint} if login_hint else {}),
        )
        flow: dict[str, str | list[str]] = {
            "verifier": proof.verifier,
            "nonce": proof.nonce_hash,
            "state": state,
            "redirect_uri": redirect_uri,
            "authority": endpoint.url.url,
        }
        return ConsentStart(url=str(url), issuer=pages.issuer, flow=flow)

    def redeem(
        self, settings: Settings, flow: Flow, answer: Mapping[str, str], context: WireContext
    ) -> Granted:
        """Trade the code of the callback for tokens, at the endpoint the flow was begun with.

        Raises:
            ProviderError: refused, or the answer is of another issuer, app or trip.
        """
        if "error" in answer:
            raise self.refused(answer)
        endpoint = self._endpoint(settings, context.egress)
        check_state(flow, answer, endpoint.facts)
        told = answer.get("iss", "")
        issuer = pages_of(endpoint).issuer
        if endpoint.url.url != text_of(flow, "authority") or (told and told != issuer):
            raise mismatch(endpoint.facts, "issuer")
        http = HttpClient(context.egress, context.trace)
        try:
            http.warm(endpoint.url.host, seconds=context.time_limit)
            with context.trace.step(Stage.TOKEN) as step:
                token, account = redeemed(endpoint, issuer, flow, answer["code"], http)
                step.text = "Consent received"
        finally:
            http.close()
        granted = token.scopes or (MAIL_SCOPE,)
        missing = missing_of(PERMISSIONS, granted, can_renew=bool(token.refresh))
        return Granted(token=token, account=account, scopes=granted, missing=missing)

    def admin_consent_url(
        self,
        settings: Settings,  # noqa: ARG002 - what Microsoft's needs
        redirect_uri: str = "",  # noqa: ARG002
        state: str = "",  # noqa: ARG002
        *,
        egress: Egress | None = None,  # noqa: ARG002
    ) -> str:
        """Give nothing: Google's administrators approve apps in their own console."""
        return ""

    def refused(self, answer: Mapping[str, str]) -> ProviderError:
        """Turn the error of a callback into ours."""
        word = cleaned(answer.get("error", ""))[:60]
        if not word:
            return failure("consent_mismatch", stage=Stage.TOKEN, facts={"why": "answer"})
        said = cleaned(answer.get("error_description", "")) or word
        return failure(BY_PAGE.get(word, "token_refused"), stage=Stage.TOKEN, provider_code=word, reply=said)

    def revoke(self, settings: Settings, token: Token, context: WireContext) -> None:
        """Give the consent back (RFC 7009); a host that does not answer changes nothing here."""
        given = token.refresh or token.value
        if not given:
            return
        http = HttpClient(context.egress, context.trace)
        try:
            http.request(
                "POST",
                pages_of(self._endpoint(settings, context.egress)).revoke_host,
                REVOKE_PATH,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                body=urlencode({"token": given.reveal()}).encode(),
                seconds=TOKEN_SECONDS,
                most_bytes=TOKEN_BYTES,
            )
        except ProviderError:
            # The tokens are forgotten here all the same.
            return
        finally:
            http.close()
