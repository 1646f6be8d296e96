"""A message in the form Graph's sendMail takes: MIME where it carries more, JSON where it saves room."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any, Final

from providers.address import Address
from providers.errors import Stage, failure
from providers.message import Attachment, Message
from providers.mime import compose

REQUEST_BYTES: Final = 4_000_000
LIMIT_WORDS: Final = "4 MB per request, which is about 3 MB of files"
MIME_LIMIT_WORDS: Final = (
    "4 MB per request, which is about 2.2 MB of files beside these headers or inline images"
)
JSON_HEADERS: Final = 5


def sendmail_body(message: Message) -> tuple[str, bytes]:
    """Give content type and body of the request.

    Raises:
        ProviderError: message_too_large, naming the limit; smtputf8_missing.
    """
    if message.needs_smtputf8:
        raise failure("smtputf8_missing", stage=Stage.RECIPIENT, facts={"host": "Microsoft Graph"})
    must_be_mime = needs_mime(message)
    if must_be_mime or (message.text and message.html):
        body = mime_body(message)
        if len(body) <= REQUEST_BYTES:
            return "text/plain", body
        if must_be_mime:
            raise _too_large(len(body), MIME_LIMIT_WORDS)
    # Exchange derives the text from the HTML where both do not fit.
    body = json_body(message)
    if len(body) > REQUEST_BYTES:
        raise _too_large(len(body), LIMIT_WORDS)
    return "application/json", body


def needs_mime(message: Message) -> bool:
    """Say whether the JSON form could not carry the headers: only `X-…`, five at most."""
    return len(message.headers) > JSON_HEADERS or any(
        not name.lower().startswith("x-") for name, _ in message.headers
    )


def mime_body(message: Message) -> bytes:
    """Give the base64 of the whole message; Graph has no envelope, so Bcc stands in the headers."""
    return base64.b64encode(compose(message, with_bcc=True))


def json_body(message: Message) -> bytes:
    """Give the JSON form; empty lists are left out, since Graph refuses some of them."""
    content: dict[str, Any] = {
        "subject": message.subject,
        "body": {
            "contentType": "HTML" if message.html else "Text",
            "content": message.html or message.text,
        },
        "from": _person(message.sender),
        "toRecipients": _people(message.to),
        "ccRecipients": _people(message.cc),
        "bccRecipients": _people(message.bcc),
        "replyTo": _people(message.reply_to),
        "importance": message.priority.value,
        "internetMessageHeaders": [{"name": name, "value": value} for name, value in message.headers],
        "attachments": [_file(one, has_html=bool(message.html)) for one in message.attachments],
    }
    filled = {name: value for name, value in content.items() if value != []}
    return json.dumps({"message": filled}, separators=(",", ":")).encode()


def _person(address: Address) -> dict[str, Any]:
    named = {"name": address.name} if address.name else {}
    return {"emailAddress": {"address": address.email, **named}}


def _people(addresses: Iterable[Address]) -> list[dict[str, Any]]:
    return [_person(one) for one in addresses]


def _file(attachment: Attachment, *, has_html: bool) -> dict[str, Any]:
    inline = (
        {"isInline": True, "contentId": attachment.content_id} if attachment.content_id and has_html else {}
    )
    return {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": attachment.name,
        "contentType": attachment.content_type,
        "contentBytes": base64.b64encode(attachment.content).decode(),
        **inline,
    }


def _too_large(size: int, words: str) -> Exception:
    return failure("message_too_large", stage=Stage.MESSAGE, facts={"limit": words, "size": str(size)})
