"""Asking Microsoft Entra ID with MSAL, as microsoft.md §4 warns: our own connection, nothing remembered."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import msal
from msal.exceptions import MsalServiceError

from providers.access_url import AccessUrl
from providers.entra import refused_token
from providers.errors import ProviderError, Stage, failure
from providers.msal_wire import MsalWire
from providers.network import HttpClient
from providers.retry_after import retry_after
from providers.secret_text import SecretText

Ask = Callable[[msal.ConfidentialClientApplication], object]


@dataclass(frozen=True)
class MicrosoftClient:
    """An app registration, its secret, and the token endpoint of its tenant."""

    access: AccessUrl
    client_id: str
    secret: SecretText

    @property
    def short_id(self) -> str:
        """The app as it is named on screen: 7d1f0c52…1d44."""
        return f"{self.client_id[:8]}…{self.client_id[-4:]}"

    @property
    def facts(self) -> dict[str, str]:
        """What errors tell about it."""
        return {
            "client_id": self.client_id,
            "tenant": self.access.tenant,
            "cloud": self.access.cloud.label,
            "host": self.access.host,
        }

    def ask(
        self, http: HttpClient, ask: Ask, *, delegated: bool, hide: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """Let a fresh MSAL application ask once, with nothing remembered from earlier answers.

        Gives the answer with a token. `hide` are further secrets of the request.

        Raises:
            ProviderError: what Microsoft or the line said.
        """
        secret = self.secret.reveal().strip()
        if not secret:
            raise failure("settings_incomplete", stage=Stage.TOKEN, facts=self.facts)
        wire = MsalWire(self.access, http, self.facts)
        try:
            application = msal.ConfidentialClientApplication(
                self.client_id,
                client_credential=secret,
                authority=self.access.authority,
                http_client=wire,
                instance_discovery=False,
                token_cache=msal.TokenCache(),
            )
            answer = ask(application)
        except (ValueError, KeyError, TypeError, RuntimeError, MsalServiceError):
            answer = None
        if isinstance(answer, dict) and isinstance(answer.get("access_token"), str):
            return answer
        raise self._refusal(answer, wire, delegated=delegated, hide=(secret, *hide))

    def _refusal(
        self, answer: object, wire: MsalWire, *, delegated: bool, hide: tuple[str, ...]
    ) -> ProviderError:
        last = wire.last
        body = answer if isinstance(answer, dict) else last.json() if last is not None else None
        if isinstance(body, dict) and isinstance(body.get("access_token"), str):
            # MSAL found the id token's nonce to be another one.
            return failure("consent_mismatch", stage=Stage.TOKEN, host=self.access.host, facts=self.facts)
        error = refused_token(
            body,
            status=last.status_code if last is not None else 0,
            retry_after=retry_after(last.headers) if last is not None else None,
            host=self.access.host,
            facts=self.facts,
            hide=tuple(form for secret in hide for form in spellings(secret)),
            delegated=delegated,
        )
        if answer is None and error.code == "token_refused":
            # MSAL found no usable discovery document: this tenant does not exist here.
            error.code = "token_tenant_unknown"
        return error


def spellings(secret: str) -> tuple[str, ...]:
    """List the forms in which a careless server could repeat a secret."""
    return (secret, quote_plus(secret), base64.b64encode(secret.encode()).decode())
