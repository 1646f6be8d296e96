"""What Google's token endpoint answers to a consent: tokens, and whose they are."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from oauthlib.oauth2 import WebApplicationClient

from providers.claims import claims_of
from providers.consent import Account, Flow
from providers.consent_terms import claim, mismatch, text_of
from providers.network import HttpClient
from providers.token_store import Token
from providers.tokens.answers import token_of
from providers.tokens.endpoint import Endpoint
from providers.words import cleaned

AUTHORIZE_PATH: Final = "/o/oauth2/v2/auth"


@dataclass(frozen=True)
class Pages:
    """Where consent begins and ends, and who the issuer is; a listed stand-in has all of it at one host."""

    authorize: str
    revoke_host: str
    issuer: str


def pages_of(endpoint: Endpoint) -> Pages:
    """Give the pages that belong to a token endpoint."""
    if endpoint.url.is_google:
        return Pages(
            f"https://accounts.google.com{AUTHORIZE_PATH}",
            "oauth2.googleapis.com",
            "https://accounts.google.com",
        )
    issuer = f"https://{endpoint.url.host}"
    return Pages(f"{issuer}{AUTHORIZE_PATH}", endpoint.url.host, issuer)


def redeemed(
    endpoint: Endpoint, issuer: str, flow: Flow, code: str, http: HttpClient
) -> tuple[Token, Account]:
    """Trade the code for tokens, and read whose they are.

    Raises:
        ProviderError: refused, or the id token is of another issuer, app or trip.
    """
    words = {name: word for name, word in endpoint.body_words.items() if name != "client_id"}
    body = WebApplicationClient(endpoint.client_id).prepare_request_body(
        code=code,
        redirect_uri=text_of(flow, "redirect_uri"),
        code_verifier=text_of(flow, "verifier"),
        include_client_id=endpoint.authentication == "body",
        **words,
    )
    answer = endpoint.ask(http, body, delegated=True, hide=(code,))
    token = token_of(answer, facts=endpoint.facts, host=endpoint.url.host)
    account = _account(answer.get("id_token"), endpoint, issuer, text_of(flow, "nonce"))
    return replace(token, claims={**token.claims, "account": account.email}), account


def _account(id_token: object, endpoint: Endpoint, issuer: str, nonce: str) -> Account:
    """Name who consented, from an id token that was made for this app and this trip (C-OAU-2).

    Its signature need not be checked: it came straight from the token endpoint, over verified TLS.
    """
    claims: Mapping[str, Any] = (claims_of(id_token) if isinstance(id_token, str) else None) or {}
    # Google names itself with and without the scheme.
    if claim(claims, "iss") not in {issuer, issuer.removeprefix("https://")}:
        raise mismatch(endpoint.facts, "issuer")
    if claims.get("aud") != endpoint.client_id:
        raise mismatch(endpoint.facts, "audience")
    if not hmac.compare_digest(claim(claims, "nonce").encode(), nonce.encode()):
        raise mismatch(endpoint.facts, "nonce")
    email = cleaned(claim(claims, "email"))
    return Account(
        name=cleaned(claim(claims, "name")) or email,
        email=email,
        subject=claim(claims, "sub"),
        tenant=claim(claims, "hd"),
    )
