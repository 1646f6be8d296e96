"""The Graph side of the stand-in for Microsoft: sendMail, with Microsoft's limits and errors."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import unquote
from uuid import uuid4

from sandbox.directory import Directory, Mailbox
from sandbox.graph_body import read_mail
from sandbox.graph_errors import (
    DENIED,
    NO_REST,
    POLICY,
    QUOTA,
    TOO_LONG,
    GraphRefused,
    throttled,
    unauthorized,
)
from sandbox.http_server import Request, Response
from sandbox.inbox import Inbox
from sandbox.mint import TokenRefused
from sandbox.script import Script

REQUEST_LIMIT = 4 * 1024 * 1024
PERMISSION = "Mail.Send"


@dataclass(kw_only=True)
class GraphRequest:
    """One request to Graph, without its token."""

    method: str
    path: str
    content_type: str
    size: int
    client_request_id: str
    user_agent: str
    request_id: str = field(default_factory=lambda: str(uuid4()))
    tenant_id: str = ""
    client_id: str = ""
    sender: str = ""
    status: int = 0
    code: str = ""
    mail_id: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Graph:
    """Answers what belongs to the Graph host."""

    def __init__(self, directory: Directory, inbox: Inbox) -> None:
        self.directory, self.inbox = directory, inbox
        self.base_url = ""
        self.requests: list[GraphRequest] = []
        self.script: Script[GraphRefused | Response] = Script()
        self.concurrency_limit = 4
        self.seconds = 0.0  # how long a call takes
        self._running: Counter[str] = Counter()
        self._lock = threading.Lock()

    def answer(self, request: Request, segments: list[str], pause: threading.Event) -> Response:
        """Answer a request below /v1.0/."""
        record = GraphRequest(
            method=request.method,
            path=request.path,
            content_type=request.media_type,
            size=request.size,
            client_request_id=str(request.headers.get("client-request-id", "")),
            user_agent=str(request.headers.get("User-Agent", "")),
        )
        self.requests.append(record)
        prepared, carry_out = self.script.take()
        real = self._real(request, segments, record, pause) if carry_out else None
        answer = prepared or real or Response(status=500)
        ids = {
            "request-id": record.request_id,
            "client-request-id": record.client_request_id or record.request_id,
        }
        if isinstance(answer, GraphRefused):
            record.code = answer.code
            answer = answer.response(request_id=record.request_id, client_request_id=ids["client-request-id"])
        record.status = 0 if answer.drop else answer.status
        return replace(answer, headers={**ids, **answer.headers})

    def _real(
        self, request: Request, segments: list[str], record: GraphRequest, pause: threading.Event
    ) -> Response | GraphRefused:
        try:
            claims = self._claims(request)
            record.tenant_id, record.client_id = str(claims["tid"]), str(claims["appid"])
            with self._lock:
                self._running[record.client_id] += 1
                crowded = self._running[record.client_id] > self.concurrency_limit
            try:
                if crowded:
                    raise throttled(None)
                pause.wait(self.seconds)
                self._send_mail(request, segments, record, claims)
            finally:
                with self._lock:
                    self._running[record.client_id] -= 1
        except GraphRefused as refusal:
            return refusal
        return Response(status=202)

    def _claims(self, request: Request) -> dict[str, object]:
        scheme, _, token = str(request.headers.get("Authorization", "")).partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthorized("Access token is empty.")
        try:
            return self.directory.mint.read(token.strip(), audiences=[self.base_url])
        except TokenRefused as refusal:
            raise unauthorized(str(refusal)) from refusal

    def _send_mail(
        self, request: Request, segments: list[str], record: GraphRequest, claims: dict[str, object]
    ) -> None:
        record.sender = _sender(request, segments)
        mailbox = self._mailbox(record.sender, claims)
        if request.size > REQUEST_LIMIT:
            raise GraphRefused(413, "BadRequest", TOO_LONG)
        mail = read_mail(request, mailbox, record.tenant_id)
        if mailbox.full and mail.saved_to_sent_items:
            raise GraphRefused(507, "ErrorQuotaExceeded", QUOTA)
        record.mail_id = self.inbox.add(replace(mail, signed_in_as=f"app {record.client_id}")).id

    def _mailbox(self, sender: str, claims: dict[str, object]) -> Mailbox:
        roles = claims.get("roles")
        if not isinstance(roles, list) or PERMISSION not in roles:
            raise GraphRefused(403, "ErrorAccessDenied", DENIED)
        mailbox = self.directory.mailbox(sender, str(claims["tid"]))
        if mailbox is None:
            raise GraphRefused(404, "ErrorInvalidUser", f"The requested user '{sender}' is invalid.")
        if not mailbox.rest_enabled:
            raise GraphRefused(404, "MailboxNotEnabledForRESTAPI", NO_REST)
        if not mailbox.allowed:
            raise GraphRefused(403, "ErrorAccessDenied", POLICY)
        return mailbox


def _sender(request: Request, segments: list[str]) -> str:
    if segments[:1] == ["me"]:
        text = "/me request is only valid with delegated authentication flow."
        raise GraphRefused(400, "BadRequest", text)
    if len(segments) != 3 or segments[0] != "users" or segments[2].lower() != "sendmail":  # noqa: PLR2004
        text = f"Resource not found for the segment '{segments[-1] if segments else ''}'."
        raise GraphRefused(400, "BadRequest", text)
    if request.method != "POST":
        raise GraphRefused(
            405, "UnsupportedHttpVerb", f"Specified HTTP method {request.method} is not allowed."
        )
    return unquote(segments[1])
