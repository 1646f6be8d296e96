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
NOT_DELEGATED = "/me request is only valid with delegated authentication flow."
DISABLED = "Mailbox is disabled., The account of this mailbox is disabled."
SUSPENDED = "Account suspended. Follow the instructions in your Inbox to verify your account."
LIMITED = (
    "Cannot send mail. Daily Message limit exceeded. Follow the instructions in your Inbox to verify your "
    "account."
)
TOO_BIG = "The message exceeds the maximum supported size."
NO_ITEM = "The specified object was not found in the store."
TOO_SMALL = "The size of the attachment is smaller than the minimum of an upload session, 3 MB."
FILE_TOO_BIG = "The attachment size exceeds the allowed limit of 150 MB."
CHALLENGE = "Continuous access evaluation resulted in challenge with result: InteractionRequired"


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


def challenge() -> GraphRefused:
    """A token that is good, but not good enough for a policy."""
    headers = {
        "WWW-Authenticate": 'Bearer realm="", authorization_uri="https://localhost/common/oauth2/authorize",'
        ' error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ=="'
    }
    return GraphRefused(401, "InvalidAuthenticationToken", CHALLENGE, headers=headers)


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
