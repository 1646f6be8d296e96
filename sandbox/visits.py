"""A visit of the sign-in page: what the browser brought, the way back, and what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from sandbox.directory import App
from sandbox.entra_errors import EntraRefused
from sandbox.http_server import Request, Response


@dataclass(frozen=True, kw_only=True)
class AuthorizeRequest:
    """One visit of the sign-in page; state, nonce and challenge are not kept."""

    tenant: str
    method: str
    client_id: str
    redirect_uri: str
    scope: str
    response_mode: str
    prompt: str
    login_hint: str
    code_challenge_method: str
    has_state: bool
    has_nonce: bool
    path: str
    status: int
    error_code: int = 0
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What the browser brought, read and checked as far as no person is needed."""

    tenant: str
    app: App
    asked: dict[str, str]
    scopes: tuple[str, ...]

    def back(self, **answer: str) -> Response:
        """Send the browser to where it came from."""
        state = {"state": self.asked["state"]} if self.asked.get("state") else {}
        uri = self.asked["redirect_uri"]
        mark = "&" if urlsplit(uri).query else "?"
        return Response(status=302, headers={"Location": f"{uri}{mark}{urlencode({**answer, **state})}"})

    def refused(self, refusal: EntraRefused) -> Response:
        """Send the browser back with an error."""
        extra = {"error_subcode": "cancel"} if refusal.code == 65004 else {}  # noqa: PLR2004 - declined
        support = f"Trace ID: {uuid4()} Correlation ID: {uuid4()}"
        return self.back(error=refusal.word, error_description=f"{refusal.sentence} {support}", **extra)


def recorded(
    request: Request, tenant: str, asked: dict[str, str], answer: Response, code: int
) -> AuthorizeRequest:
    """What is kept of a visit."""
    return AuthorizeRequest(
        tenant=tenant,
        method=request.method,
        client_id=asked.get("client_id", ""),
        redirect_uri=asked.get("redirect_uri", ""),
        scope=asked.get("scope", ""),
        response_mode=asked.get("response_mode", ""),
        prompt=asked.get("prompt", ""),
        login_hint=asked.get("login_hint", ""),
        code_challenge_method=asked.get("code_challenge_method", ""),
        has_state=bool(asked.get("state")),
        has_nonce=bool(asked.get("nonce")),
        path=request.path,
        status=answer.status,
        error_code=code,
    )
