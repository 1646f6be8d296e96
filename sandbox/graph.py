"""The Graph side of the stand-in for Microsoft: sending, drafts and files, with its limits and errors."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import unquote

from sandbox.directory import Directory, Mailbox
from sandbox.graph_access import SHARED, Caller, caller, mailbox_of, may_send
from sandbox.graph_body import read_mail
from sandbox.graph_drafts import READ_WRITE, Drafts
from sandbox.graph_errors import NOT_DELEGATED, QUOTA, TOO_BIG, TOO_LONG, GraphRefused, throttled
from sandbox.graph_record import GraphRequest, operation_of
from sandbox.http_server import Request, Response, json_response
from sandbox.inbox import CaughtMail, Inbox
from sandbox.script import Script

REQUEST_LIMIT = 4 * 1024 * 1024
SEND = "Mail.Send"
Prepared = Script[GraphRefused | Response]


class Graph:
    """Answers what belongs to the Graph host."""

    def __init__(self, directory: Directory, inbox: Inbox) -> None:
        self.directory, self.inbox = directory, inbox
        self.base_url = ""
        self.requests: list[GraphRequest] = []
        self.script: Prepared = Script()
        self.at: defaultdict[str, Prepared] = defaultdict(Script)  # answers for one operation only
        self.drafts = Drafts()
        self.concurrency_limit = 4
        self.seconds = 0.0  # how long a call takes
        self.busiest = 0  # the most calls of one application at a time
        self._running: Counter[str] = Counter()
        self._lock = threading.Lock()

    def answer(self, request: Request, segments: list[str], pause: threading.Event) -> Response:
        """Answer a request below /v1.0/, or to an upload address."""
        record = GraphRequest(
            method=request.method,
            path=request.path,
            content_type=request.media_type,
            size=request.size,
            client_request_id=str(request.headers.get("client-request-id", "")),
            user_agent=str(request.headers.get("User-Agent", "")),
            operation=operation_of(request.path, segments),
        )
        self.requests.append(record)
        prepared, carry_out = self.at[record.operation].take()
        if prepared is None:
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
            if record.operation == "upload":
                return self.drafts.uploads.answer(request)
            who = caller(request, self.directory, self.base_url)
            record.tenant_id, record.client_id, record.account = who.tenant_id, who.client_id, who.account
            with self._slot(who.client_id):
                pause.wait(self.seconds)
                return self._carried_out(request, segments, record, who)
        except GraphRefused as refusal:
            return refusal

    def _carried_out(
        self, request: Request, segments: list[str], record: GraphRequest, who: Caller
    ) -> Response:
        if record.operation == "me":
            return _me(request, segments, who)
        mailbox, rest = mailbox_of(segments, who, self.directory)
        record.sender = mailbox.address if segments[0] == "me" else unquote(segments[1])
        if request.size > REQUEST_LIMIT:
            raise GraphRefused(413, "BadRequest", TOO_LONG)
        draft_id = unquote(rest[1]) if len(rest) > 1 else ""
        drafts = self.drafts
        calls: dict[tuple[str, str], tuple[str, Callable[[], Response]]] = {
            ("POST", "sendmail"): (SEND, lambda: self._send_mail(request, mailbox, record, who)),
            ("POST", "messages"): (READ_WRITE, lambda: drafts.create(request, mailbox)),
            ("GET", "draft"): (READ_WRITE, lambda: drafts.show(request, draft_id, mailbox)),
            ("DELETE", "draft"): (READ_WRITE, lambda: drafts.remove(draft_id, mailbox)),
            ("POST", "attachments"): (READ_WRITE, lambda: drafts.attach(request, draft_id, mailbox)),
            ("POST", "createuploadsession"): (
                READ_WRITE,
                lambda: drafts.upload(request, draft_id, mailbox, self.base_url),
            ),
            ("POST", "send"): (SEND, lambda: self._send_draft(draft_id, mailbox, record, who)),
        }
        if (request.method, record.operation) not in calls:
            raise _no_such_call(request, segments, known={name for _, name in calls}, record=record)
        permission, call = calls[request.method, record.operation]
        who.needs(permission)
        return call()

    def _send_mail(self, request: Request, mailbox: Mailbox, record: GraphRequest, who: Caller) -> Response:
        return self._taken(read_mail(request, mailbox, record.tenant_id), mailbox, record, who)

    def _send_draft(self, draft_id: str, mailbox: Mailbox, record: GraphRequest, who: Caller) -> Response:
        mail = self.drafts.compose(draft_id, mailbox, record.tenant_id)
        answer = self._taken(mail, mailbox, record, who)
        self.drafts.find(draft_id, mailbox).sent = True
        return answer

    def _taken(self, mail: CaughtMail, mailbox: Mailbox, record: GraphRequest, who: Caller) -> Response:
        may_send(mailbox)
        if who.account and mail.envelope_from.lower() != who.account.lower():
            who.needs(SHARED)
        if len(mail.raw) > mailbox.size_limit:
            raise GraphRefused(413, "ErrorMessageSizeExceeded", TOO_BIG)
        if mailbox.full and mail.saved_to_sent_items:
            raise GraphRefused(507, "ErrorQuotaExceeded", QUOTA)
        record.mail_id = self.inbox.add(replace(mail, signed_in_as=who.signed_in_as)).id
        return Response(status=202)

    @contextmanager
    def _slot(self, client_id: str) -> Iterator[None]:
        with self._lock:
            self._running[client_id] += 1
            self.busiest = max(self.busiest, self._running[client_id])
            crowded = self._running[client_id] > self.concurrency_limit
        try:
            if crowded:
                raise throttled(None)
            yield
        finally:
            with self._lock:
                self._running[client_id] -= 1


def _me(request: Request, segments: list[str], who: Caller) -> Response:
    if not who.account:
        raise GraphRefused(400, "BadRequest", NOT_DELEGATED)
    if request.method != "GET" or segments != ["me"]:
        raise GraphRefused(405, "UnsupportedHttpVerb", "Read it with GET.")
    who.needs("User.Read")
    told = {"displayName": who.name, "mail": who.account, "userPrincipalName": who.account}
    return json_response(200, told)


def _no_such_call(
    request: Request, segments: list[str], *, known: set[str], record: GraphRequest
) -> GraphRefused:
    if record.operation in known:
        text = f"Specified HTTP method {request.method} is not allowed."
        return GraphRefused(405, "UnsupportedHttpVerb", text)
    return GraphRefused(400, "BadRequest", f"Resource not found for the segment '{segments[-1]}'.")
