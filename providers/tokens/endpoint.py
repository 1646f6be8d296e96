"""Asking any token endpoint of RFC 6749, over our own connection."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote_plus

from oauthlib.oauth2 import OAuth2Error, WebApplicationClient

from providers.errors import Stage, failure
from providers.network import HttpClient
from providers.oauth_errors import refused_by_endpoint
from providers.secret_text import SecretText
from providers.token_url import TokenUrl

TOKEN_SECONDS: Final = 10.0
TOKEN_BYTES: Final = 256 * 1024
OK: Final = 200
Authentication = Literal["body", "basic"]


@dataclass(frozen=True)
class Endpoint:
    """A token endpoint and the client registered there; `scope` is left out of requests when empty."""

    url: TokenUrl
    client_id: str
    secret: SecretText
    authentication: Authentication = "body"
    scope: str = ""

    @property
    def facts(self) -> dict[str, str]:
        """What errors tell about it; no path, no secret."""
        return {"host": self.url.host, "client_id": self.client_id, "scope": self.scope}

    @property
    def asked_scope(self) -> str | None:
        """The scope as it is asked for; None leaves it out of the request."""
        return " ".join(self.scope.split()) or None

    @property
    def body_words(self) -> dict[str, Any]:
        """The client's own words in the body of a request, in the chosen way (RFC 6749 §2.3.1)."""
        if self.authentication == "basic":
            return {}
        return {"client_id": self.client_id, "client_secret": self.secret.reveal().strip()}

    def ask(
        self, http: HttpClient, body: str, *, delegated: bool, hide: tuple[str, ...] = ()
    ) -> Mapping[str, Any]:
        """Send a token request and give the answer's members.

        Raises:
            ProviderError: what the endpoint or the line said.
        """
        secret = self.secret.reveal().strip()
        reply = http.request(
            "POST",
            self.url.host,
            self.url.path,
            headers={"Content-Type": "application/x-www-form-urlencoded", **self._header(secret)},
            body=body.encode(),
            seconds=TOKEN_SECONDS,
            most_bytes=TOKEN_BYTES,
        )
        answer = reply.json() if reply.complete else None
        if reply.status_code == OK and isinstance(answer, dict) and "error" not in answer:
            self._check(answer)
            return answer
        raise refused_by_endpoint(
            reply,
            host=self.url.host,
            facts=self.facts,
            hide=tuple(form for one in (secret, *hide) for form in (one, quote_plus(one))),
            delegated=delegated,
        )

    def _check(self, answer: Mapping[str, Any]) -> None:
        """Let oauthlib judge the answer, but for its life: the library takes none left for none told."""
        judged = {name: value for name, value in answer.items() if name not in ("expires_in", "expires_at")}
        try:
            WebApplicationClient(self.client_id).parse_request_body_response(json.dumps(judged))
        except (OAuth2Error, ValueError, TypeError, AttributeError, OverflowError):
            raise failure("unknown_reply", stage=Stage.TOKEN, host=self.url.host, facts=self.facts) from None

    def _header(self, secret: str) -> dict[str, str]:
        if self.authentication != "basic":
            return {}
        words = f"{quote_plus(self.client_id)}:{quote_plus(secret)}".encode()
        return {"Authorization": f"Basic {base64.b64encode(words).decode()}"}
