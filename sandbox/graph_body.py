"""The body of a sendMail call, in either of its two forms, turned into the mail that Exchange sends."""

from __future__ import annotations

import json
from email import policy
from typing import Any

from sandbox.directory import Mailbox
from sandbox.graph_errors import GraphRefused
from sandbox.graph_message import Draft
from sandbox.graph_mime import MimeDraft, rewrite
from sandbox.http_server import Request
from sandbox.inbox import UNREADABLE, CaughtMail

WRAPPER = {"message": "message", "Message": "message", "saveToSentItems": "save", "SaveToSentItems": "save"}


def read_mail(request: Request, mailbox: Mailbox, tenant_id: str) -> CaughtMail:
    """The mail that this request asks for; raises GraphRefused."""
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
    except GraphRefused:
        raise
    except UNREADABLE as error:
        text = f"The message has an invalid property: {error}"
        raise GraphRefused(400, "ErrorInvalidProperty", text) from error


def _unwrap(body: bytes) -> tuple[dict[str, Any], bool]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise GraphRefused(400, "BadRequest", "Unable to read JSON request payload.") from error
    if not isinstance(content, dict):
        raise GraphRefused(400, "BadRequest", "Unable to read JSON request payload.")
    for name in content:
        if name not in WRAPPER:
            text = f"The parameter '{name}' in the request payload is not a valid parameter"
            raise GraphRefused(400, "BadRequest", f"{text} for the operation 'sendMail'.")
    parameters = {WRAPPER[name]: value for name, value in content.items()}
    message, save = parameters.get("message"), parameters.get("save", True)
    if not isinstance(message, dict) or not isinstance(save, bool):
        raise GraphRefused(400, "ErrorInvalidRequest", "Required parameter 'Message' is missing or invalid.")
    return message, save
