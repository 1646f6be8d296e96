"""A message in the form Graph's sendMail takes: MIME where it carries more, JSON where it saves room."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from providers.address import Address
from providers.errors import Stage, failure
from providers.message import Attachment, Message
from providers.mime import compose
from providers.transports.graph_mailbox import GraphMailbox

REQUEST_BYTES: Final = 4_000_000
JSON_HEADERS: Final = 5


# Exchange drops Auto-Submitted even from MIME; this is what keeps automatic answers away (microsoft.md §7).
QUIET: Final = ("X-Auto-Response-Suppress", "All")


def sendmail_body(message: Message, mailbox: GraphMailbox) -> tuple[str, bytes] | None:
    """Give content type and body of the one call that sends; None where it is too large for one call.

    Raises:
        ProviderError: smtputf8_missing.
    """
    written = as_graph_sends(message, mailbox)
    if size_of(message) > REQUEST_BYTES:
        return None
    must_be_mime = needs_mime(written)
    # Only JSON can say that no copy is to be kept; Exchange then derives the text from the HTML.
    if must_be_mime or (written.text and written.html and mailbox.save_to_sent_items):
        body = mime_body(written)
        if len(body) <= REQUEST_BYTES:
            return "text/plain", body
    if not must_be_mime:
        body = json_body(written, save=mailbox.save_to_sent_items)
        if len(body) <= REQUEST_BYTES:
            return "application/json", body
    return None


def draft_body(message: Message, mailbox: GraphMailbox) -> tuple[str, bytes]:
    """Give content type and body of the draft: everything but the files.

    Raises:
        ProviderError: message_too_large, where the texts alone are; smtputf8_missing.
    """
    bare = replace(as_graph_sends(message, mailbox), attachments=())
    if needs_mime(bare) or (bare.text and bare.html):
        body = mime_body(bare)
        if len(body) <= REQUEST_BYTES:
            return "text/plain", body
    body = _dumped(_content(bare))
    if needs_mime(bare) or len(body) > REQUEST_BYTES:
        raise failure(
            "message_too_large",
            stage=Stage.MESSAGE,
            facts={"limit": "4 MB per request for the text of a mail", "size": str(len(body))},
        )
    return "application/json", body


def as_graph_sends(message: Message, mailbox: GraphMailbox) -> Message:
    """Fit a message to what Graph does anyway: the account's own name, and no automatic answers.

    Raises:
        ProviderError: smtputf8_missing.
    """
    if message.needs_smtputf8:
        raise failure("smtputf8_missing", stage=Stage.RECIPIENT, facts={"host": "Microsoft Graph"})
    names = {name.lower() for name, _ in message.headers}
    if "auto-submitted" in names:
        kept = tuple(one for one in message.headers if one[0].lower() != "auto-submitted")
        message = replace(message, headers=kept if QUIET[0].lower() in names else (*kept, QUIET))
    if mailbox.delegated:
        message = replace(message, sender=Address(message.sender.email))
    return message


def size_of(message: Message) -> int:
    """Give the bytes of texts and files, before any encoding."""
    texts = len(message.text.encode()) + len(message.html.encode())
    return texts + sum(len(file.content) for file in message.attachments)


def needs_mime(message: Message) -> bool:
    """Say whether the JSON form could not carry the headers: only `X-…`, five at most."""
    return len(message.headers) > JSON_HEADERS or any(
        not name.lower().startswith("x-") for name, _ in message.headers
    )


def mime_body(message: Message) -> bytes:
    """Give the base64 of the whole message; Graph has no envelope, so Bcc stands in the headers."""
    return base64.b64encode(compose(message, with_bcc=True))


def has_inline(message: Message) -> bool:
    """Say whether files with a content id belong into the text."""
    return bool(message.html)


def attachment_body(attachment: Attachment, *, inline: bool) -> bytes:
    """Give the body that adds a small file to a draft."""
    return _dumped(_file(attachment, has_html=inline))


def upload_body(attachment: Attachment, *, inline: bool) -> bytes:
    """Give the body that asks for the upload of a large file."""
    item: dict[str, Any] = {
        "attachmentType": "file",
        "name": attachment.name,
        "size": len(attachment.content),
        "contentType": attachment.content_type,
        **_inline(attachment, has_html=inline),
    }
    return _dumped({"AttachmentItem": item})


def json_body(message: Message, *, save: bool = True) -> bytes:
    """Give the JSON form; keeping a copy is Graph's default, so only the contrary is said."""
    files = [_file(one, has_html=has_inline(message)) for one in message.attachments]
    content = {**_content(message), **({"attachments": files} if files else {})}
    return _dumped({"message": content, **({} if save else {"saveToSentItems": False})})


def _content(message: Message) -> dict[str, Any]:
    """Give everything but the files; empty lists are left out, since Graph refuses some of them."""
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
    }
    return {name: value for name, value in content.items() if value != []}


def _dumped(content: dict[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


def _person(address: Address) -> dict[str, Any]:
    named = {"name": address.name} if address.name else {}
    return {"emailAddress": {"address": address.email, **named}}


def _people(addresses: Iterable[Address]) -> list[dict[str, Any]]:
    return [_person(one) for one in addresses]


def _file(attachment: Attachment, *, has_html: bool) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": attachment.name,
        "contentType": attachment.content_type,
        "contentBytes": base64.b64encode(attachment.content).decode(),
        **_inline(attachment, has_html=has_html),
    }


def _inline(attachment: Attachment, *, has_html: bool) -> dict[str, Any]:
    shown = attachment.content_id and has_html
    return {"isInline": True, "contentId": attachment.content_id} if shown else {}
