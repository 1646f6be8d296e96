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
        return MimeDraft(request.body, mailbox).mail(tenant_id)
    if request.media_type != "application/json":
        text = "Entity only allows writes with a JSON Content-Type header."
        raise GraphRefused(400, "RequestBodyRead", text)
    message, save = _unwrap(request.body)
    return write_mail(message, mailbox, tenant_id=tenant_id, save=save)


def write_mail(message: dict[str, Any], mailbox: Mailbox, *, tenant_id: str, save: bool = True) -> CaughtMail:
    """The mail that Exchange makes of a message in JSON; raises GraphRefused."""
    draft = Draft(message, mailbox)
    return CaughtMail(
        via="graph",
        envelope_from=draft.sender.addr_spec,
        envelope_to=draft.envelope_to,
        raw=rewrite(_written(draft), tenant_id=tenant_id),
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
