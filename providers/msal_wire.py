"""The HTTP client given to MSAL: two kinds of request, to the Access URL's own host and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from providers.access_url import AccessUrl
from providers.entra import refused_token
from providers.errors import ProviderError, Stage, failure
from providers.network import HttpClient, HttpReply
from providers.retry_after import retry_after

TOKEN_SECONDS: Final = 10.0
TOKEN_BYTES: Final = 256 * 1024


class MsalWire:
    """The few calls MSAL makes, sent to the Access URL's own host and nowhere else."""

    def __init__(self, access: AccessUrl, http: HttpClient, facts: Mapping[str, str]) -> None:
        self._access = access
        self._http = http
        self._facts = facts
        self.last: HttpReply | None = None

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> HttpReply:
        """Read the discovery document."""
        parts = urlsplit(url)
        if parts.netloc.lower() != self._access.host or params:
            raise failure("token_endpoint_wrong", stage=Stage.TOKEN, host=self._access.host)
        return self._ask("GET", parts.path, headers or {}, None)

    def post(
        self,
        _url: str,
        *,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> HttpReply:
        """Ask for the token: always at the Access URL, whatever a discovery document names."""
        # `client_info` would only help MSAL's own cache, which is thrown away after each answer.
        form = {name: value for name, value in (data or {}).items() if name != "client_info"}
        body = urlencode(form).encode()
        sent = {**(headers or {}), "Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", urlsplit(self._access.url).path, sent, body)

    def close(self) -> None:
        """Leave the connection to its owner."""

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> HttpReply:
        reply = self._http.request(
            method,
            self._access.host,
            path,
            headers=headers,
            body=body,
            seconds=TOKEN_SECONDS,
            most_bytes=TOKEN_BYTES,
        )
        self.last = reply
        if not reply.complete or not isinstance(reply.json(), dict):
            # MSAL would write such a body into its log.
            raise self._unreadable(reply)
        return reply

    def _unreadable(self, reply: HttpReply) -> ProviderError:
        return refused_token(
            None,
            status=reply.status_code,
            retry_after=retry_after(reply.headers),
            host=self._access.host,
            facts=self._facts,
            hide=(),
        )
