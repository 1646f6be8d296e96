"""The errors of Graph in their real shape."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sandbox.http_server import Response, json_response

RECIPIENTS = "At least one recipient isn't valid., "
SEND_AS = (
    "The user account which was used to submit this request does not have the right to send mail on behalf "
    "of the specified sending account., Cannot submit message."
)
NO_REST = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
TOO_LONG = "Maximum request length exceeded."
DENIED = "Access is denied. Check credentials and try again."
POLICY = "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings."
CONCURRENCY = "Application is over its MailboxConcurrency limit."
QUOTA = "The mailbox has exceeded its storage quota., Cannot save changes made to an item to store."


class GraphRefused(ValueError):
    """The request is answered with this error."""

    def __init__(
        self, status: int, code: str, text: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text
        self.headers = dict(headers or {})

    def response(self, *, request_id: str, client_request_id: str) -> Response:
        """The whole answer."""
        inner = {
            "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": request_id,
            "client-request-id": client_request_id,
        }
        content = {"error": {"code": self.code, "message": self.text, "innerError": inner}}
        return json_response(self.status, content, self.headers)


def unauthorized(text: str) -> GraphRefused:
    """A token that Graph does not take."""
    challenge = {
        "WWW-Authenticate": 'Bearer realm="", authorization_uri="https://localhost/common/oauth2/authorize"'
    }
    return GraphRefused(401, "InvalidAuthenticationToken", text, headers=challenge)


def throttled(retry_after: float | None) -> GraphRefused:
    """Too many requests at once."""
    headers = {"RateLimit-Exceeded": "MailboxConcurrency"}
    if retry_after is not None:
        headers["Retry-After"] = f"{retry_after:g}"
    return GraphRefused(429, "ApplicationThrottled", CONCURRENCY, headers=headers)


def unavailable(retry_after: float | None) -> GraphRefused:
    """The service is in trouble."""
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    return GraphRefused(
        503, "serviceNotAvailable", "The service is temporarily unavailable.", headers=headers
    )
