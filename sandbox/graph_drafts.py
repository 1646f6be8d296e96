"""Drafts of the stand-in for Graph: made, given files, looked at, sent, and removed."""

from __future__ import annotations

import base64
import json
import secrets
import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from sandbox.directory import Mailbox
from sandbox.graph_body import write_mail
from sandbox.graph_errors import NO_ITEM, GraphRefused
from sandbox.graph_message import add_file, file_of
from sandbox.graph_mime import MimeDraft
from sandbox.graph_uploads import Uploads
from sandbox.http_server import Request, Response, json_response
from sandbox.inbox import CaughtMail

IMMUTABLE = "immutableid"
READ_WRITE = "Mail.ReadWrite"


@dataclass
class StoredDraft:
    """One draft; `mime` is set where it was made of MIME."""

    id: str
    mailbox: str
    message: dict[str, Any]
    mime: bytes = field(default=b"", repr=False)
    files: list[dict[str, Any]] = field(default_factory=list, repr=False)
    sent: bool = False


class Drafts:
    """Every draft by its id."""

    def __init__(self) -> None:
        self.uploads = Uploads()
        self._drafts: dict[str, StoredDraft] = {}
        self._lock = threading.Lock()

    @property
    def waiting(self) -> list[StoredDraft]:
        """The drafts that were neither sent nor removed."""
        return [draft for draft in self._drafts.values() if not draft.sent]

    def create(self, request: Request, mailbox: Mailbox) -> Response:
        """Make a draft of JSON or MIME; raises GraphRefused."""
        # Real ids hold characters that mean something in an address.
        draft = StoredDraft(f"AAMk{secrets.token_urlsafe(60)}/+==", mailbox.address.lower(), {})
        if request.media_type == "text/plain":
            draft.mime = MimeDraft(request.body, mailbox).raw
        else:
            draft.message = read_json(request)
            # What a message may not hold is refused when the draft is made.
            draft.files = list(draft.message.pop("attachments", []))
            write_mail(draft.message, mailbox, tenant_id="00000000")
        with self._lock:
            self._drafts[draft.id] = draft
        return json_response(201, {"id": draft.id, "isDraft": True})

    def find(self, draft_id: str, mailbox: Mailbox) -> StoredDraft:
        """The draft of this mailbox that was not sent yet; raises GraphRefused."""
        draft = self._drafts.get(draft_id)
        if draft is None or draft.sent or draft.mailbox != mailbox.address.lower():
            raise GraphRefused(404, "ErrorItemNotFound", NO_ITEM)
        return draft

    def show(self, request: Request, draft_id: str, mailbox: Mailbox) -> Response:
        """Whether it is still a draft; a sent one keeps its id only where immutable ids were asked for."""
        prefers = str(request.headers.get("Prefer", "")).replace(" ", "").lower()
        sent = self._drafts.get(draft_id)
        if sent is not None and sent.sent and IMMUTABLE in prefers:
            return json_response(200, {"id": draft_id, "isDraft": False})
        return json_response(200, {"id": self.find(draft_id, mailbox).id, "isDraft": True})

    def remove(self, draft_id: str, mailbox: Mailbox) -> Response:
        """Remove a draft; raises GraphRefused."""
        draft = self.find(draft_id, mailbox)
        with self._lock:
            del self._drafts[draft.id]
        return Response(status=204)

    def attach(self, request: Request, draft_id: str, mailbox: Mailbox) -> Response:
        """Add a small file; raises GraphRefused."""
        draft, attachment = self.find(draft_id, mailbox), read_json(request)
        file_of(attachment)
        draft.files.append(attachment)
        return json_response(201, {"id": secrets.token_hex(8), "name": attachment.get("name")})

    def upload(self, request: Request, draft_id: str, mailbox: Mailbox, base_url: str) -> Response:
        """Begin the upload of a large file; raises GraphRefused."""
        draft = self.find(draft_id, mailbox)

        def finish(item: dict[str, Any], content: bytes) -> None:
            draft.files.append(
                {
                    "@odata.type": "#microsoft.graph.fileAttachment",
                    **{
                        name: item[name]
                        for name in ("name", "contentType", "isInline", "contentId")
                        if name in item
                    },
                    "contentBytes": base64.b64encode(content).decode(),
                }
            )

        return self.uploads.begin(read_json(request).get("AttachmentItem"), base_url, finish)

    def compose(self, draft_id: str, mailbox: Mailbox, tenant_id: str) -> CaughtMail:
        """The mail that a draft would become; raises GraphRefused."""
        draft = self.find(draft_id, mailbox)
        if draft.mime:
            return MimeDraft(base64.b64encode(_with_files(draft)), mailbox).mail(tenant_id)
        message = {**draft.message, **({"attachments": draft.files} if draft.files else {})}
        return write_mail(message, mailbox, tenant_id=tenant_id)


def read_json(request: Request) -> dict[str, Any]:
    """The object in the body of a request; raises GraphRefused."""
    if request.media_type != "application/json":
        raise GraphRefused(
            400, "RequestBodyRead", "Entity only allows writes with a JSON Content-Type header."
        )
    try:
        content = json.loads(request.body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise GraphRefused(400, "BadRequest", "Unable to read JSON request payload.")
    return content


def _with_files(draft: StoredDraft) -> bytes:
    parsed = message_from_bytes(draft.mime, policy=policy.SMTP)
    if not isinstance(parsed, EmailMessage):
        raise TypeError("The SMTP policy parses into EmailMessage.")
    for attachment in draft.files:
        add_file(parsed, attachment)
    return parsed.as_bytes()
