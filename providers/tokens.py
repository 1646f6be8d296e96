"""Access tokens of an app of its own (client credentials), by MSAL over our own connection."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus

import msal
from msal.exceptions import MsalServiceError

from providers.access_url import AccessUrl
from providers.base import Token, WireContext
from providers.claims import roles_of
from providers.entra import refused_token
from providers.errors import ProviderError, Stage, failure
from providers.msal_wire import MsalWire
from providers.network import HttpClient, HttpReply
from providers.retry_after import retry_after
from providers.secret_text import SecretText

SEND_ROLE: Final = "Mail.Send"


@dataclass(frozen=True)
class AppCredentials:
    """An app registration and its secret."""

    access: AccessUrl
    client_id: str
    secret: SecretText

    @property
    def scope(self) -> str:
        """The one scope of client credentials: all that was consented to, at the Graph of the same cloud."""
        return f"https://{self.access.cloud.graph_host}/.default"

    @property
    def short_id(self) -> str:
        """The app as it is named on screen: 7d1f0c52…1d44."""
        return f"{self.client_id[:8]}…{self.client_id[-4:]}"


def access_token(credentials: AppCredentials, http: HttpClient, context: WireContext) -> Token:
    """Give the stored token while it is good for five more minutes, else a new one.

    Raises:
        ProviderError: of stage token.
    """
    with context.trace.step(Stage.TOKEN) as step:
        key = context.connection_key
        known = context.tokens.get(key)
        if known is not None and known.is_good:
            step.text = f"Access token for app {credentials.short_id} is still valid"
            return known
        token = context.tokens.renew(key, known, lambda _: fetch_token(credentials, http))
        minutes = max(round((token.expires_at - time.time()) / 60), 1)
        step.text = f"Access token received for app {credentials.short_id}, valid {minutes} minutes"
    return token


def fetch_token(credentials: AppCredentials, http: HttpClient) -> Token:
    """Ask Microsoft for a token, with nothing remembered from earlier answers.

    Raises:
        ProviderError: what Microsoft or the line said.
    """
    secret = credentials.secret.reveal().strip()
    if not secret:
        raise failure("settings_incomplete", stage=Stage.TOKEN, facts=_facts(credentials))
    wire = MsalWire(credentials.access, http, _facts(credentials))
    try:
        application = msal.ConfidentialClientApplication(
            credentials.client_id,
            client_credential=secret,
            authority=credentials.access.authority,
            http_client=wire,
            instance_discovery=False,
            token_cache=msal.TokenCache(),
        )
        answer = application.acquire_token_for_client(scopes=[credentials.scope])
    except (ValueError, KeyError, TypeError, RuntimeError, MsalServiceError):
        answer = None
    if isinstance(answer, dict) and isinstance(answer.get("access_token"), str):
        return _token(answer, credentials)
    raise _refusal(answer, wire.last, credentials, secret)


def _refusal(
    answer: object, last: HttpReply | None, credentials: AppCredentials, secret: str
) -> ProviderError:
    body = answer if isinstance(answer, dict) else last.json() if last is not None else None
    error = refused_token(
        body,
        status=last.status_code if last is not None else 0,
        retry_after=retry_after(last.headers) if last is not None else None,
        host=credentials.access.host,
        facts=_facts(credentials),
        hide=(secret, quote_plus(secret), base64.b64encode(secret.encode()).decode()),
    )
    if answer is None and error.code == "token_refused":
        # MSAL found no usable discovery document: this tenant does not exist here.
        error.code = "token_tenant_unknown"
    return error


def _token(answer: Mapping[str, Any], credentials: AppCredentials) -> Token:
    value = answer["access_token"]
    kind = str(answer.get("token_type") or "Bearer").lower()
    if not re.fullmatch(r"[\x21-\x7e]{1,16384}", value) or kind != "bearer":
        raise failure(
            "unknown_reply", stage=Stage.TOKEN, host=credentials.access.host, facts=_facts(credentials)
        )
    try:
        lasts = float(answer.get("expires_in") or 3600)
    except (TypeError, ValueError):
        lasts = 3600.0
    lasts = min(max(lasts, 0.0), 86400.0)
    return Token(SecretText(value), time.time() + lasts, roles_of(value), lasts=lasts)


def _facts(credentials: AppCredentials) -> dict[str, str]:
    return {
        "client_id": credentials.client_id,
        "tenant": credentials.access.tenant,
        "cloud": credentials.access.cloud.label,
        "host": credentials.access.host,
    }
