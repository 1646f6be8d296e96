"""The Graph side of the stand-in for Microsoft: sendMail, with Microsoft's limits and errors."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import policy
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from sandbox.directory import Directory, Mailbox, TokenRefused
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
from sandbox.graph_message import Draft
from sandbox.graph_mime import MimeDraft, rewrite
from sandbox.http_server import Request, Response
from sandbox.inbox import CaughtMail, Inbox
from sandbox.script import Script

REQUEST_LIMIT = 4 * 1024 * 1024
WRAPPER = {"message": "message", "Message": "message", "saveToSentItems": "save", "SaveToSentItems": "save"}
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
        self.script = Script()
        self.concurrency_limit = 4
        self.seconds = 0.0  # how long a call takes
        self._running: Counter[str] = Counter()
        self._lock = threading.Lock()

    def answer(self, request: Request, segments: list[str], pause: threading.Event) -> Response:
        """Answer a request below /v1.0/."""
        record = GraphRequest(
            method=request.method,
            path=request.target.path,
            content_type=request.media_type,
            size=request.size,
            client_request_id=str(request.headers.get("client-request-id", "")),
            user_agent=str(request.headers.get("User-Agent", "")),
        )
        self.requests.append(record)
        prepared = self.script.take()
        response = Response(drop=True) if prepared is None else prepared[0]
        if prepared is None or prepared[1]:
            real = self._real(request, segments, record, pause)
            response = real if prepared is None else response
        record.status = response.status
        if response.body and response.status >= 400:  # noqa: PLR2004 - an HTTP error
            record.code = _code(response.body)
        ids = {
            "request-id": record.request_id,
            "client-request-id": record.client_request_id or record.request_id,
        }
        return replace(response, headers={**ids, **response.headers})

    def _real(
        self, request: Request, segments: list[str], record: GraphRequest, pause: threading.Event
    ) -> Response:
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
            return refusal.response(request_id=record.request_id, client_request_id=record.client_request_id)
        return Response(status=202)

    def _claims(self, request: Request) -> dict[str, object]:
        scheme, _, token = str(request.headers.get("Authorization", "")).partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthorized("Access token is empty.")
        try:
            return self.directory.read(token.strip(), audiences=[self.base_url])
        except TokenRefused as refusal:
            raise unauthorized(str(refusal)) from refusal

    def _send_mail(
        self, request: Request, segments: list[str], record: GraphRequest, claims: dict[str, object]
    ) -> None:
        record.sender = _sender(request, segments)
        mailbox = self._mailbox(record.sender, claims)
        if request.size > REQUEST_LIMIT:
            raise GraphRefused(413, "BadRequest", TOO_LONG)
        mail = _mail(request, mailbox, record.tenant_id)
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


def _mail(request: Request, mailbox: Mailbox, tenant_id: str) -> CaughtMail:
    if request.media_type == "text/plain":
        mime = MimeDraft(request.body, mailbox)
        raw, sender, recipients, ours, save = (
            mime.raw,
            mime.sender,
            mime.envelope_to,
            mime.client_message_id,
            True,
        )
    elif request.media_type == "application/json":
        message, save = _unwrap(request.body)
        draft = Draft(message, mailbox)
        raw, sender, recipients, ours = _written(draft), draft.sender.addr_spec, draft.envelope_to, ""
    else:
        text = "Entity only allows writes with a JSON Content-Type header."
        raise GraphRefused(400, "RequestBodyRead", text)
    return CaughtMail(
        via="graph",
        envelope_from=sender,
        envelope_to=recipients,
        raw=rewrite(raw, tenant_id=tenant_id),
        client_message_id=ours,
        saved_to_sent_items=save,
    )


def _written(draft: Draft) -> bytes:
    try:
        return draft.compose().as_bytes(policy=policy.SMTP)
    except ValueError as error:
        if isinstance(error, GraphRefused):
            raise
        raise GraphRefused(
            400, "ErrorInvalidProperty", f"The message has an invalid property: {error}"
        ) from error


def _unwrap(body: bytes) -> tuple[dict[str, Any], bool]:
    try:
        content = json.loads(body)
    except ValueError as error:
        raise GraphRefused(400, "BadRequest", "Unable to read JSON request payload.") from error
    if not isinstance(content, dict):
        raise GraphRefused(400, "BadRequest", "Unable to read JSON request payload.")
    for name in content:
        if name not in WRAPPER:
            text = f"The parameter '{name}' in the request payload is not a valid parameter for the operation 'sendMail'."
            raise GraphRefused(400, "BadRequest", text)
    parameters = {WRAPPER[name]: value for name, value in content.items()}
    message, save = parameters.get("message"), parameters.get("save", True)
    if not isinstance(message, dict) or not isinstance(save, bool):
        raise GraphRefused(400, "ErrorInvalidRequest", "Required parameter 'Message' is missing or invalid.")
    return message, save


def _code(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""
