"""The message of a sendMail call in JSON: checked like Graph does, written like Exchange does."""

from __future__ import annotations

import base64
import re
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any

from sandbox.directory import Mailbox
from sandbox.graph_errors import RECIPIENTS, SEND_AS, GraphRefused
from sandbox.inbox import UNREADABLE

ADDRESS = re.compile(r"[^\s@<>\x00-\x1f]+@[^\s@<>\x00-\x1f.]+(\.[^\s@<>\x00-\x1f.]+)+")
KINDS = {"toRecipients": "To", "ccRecipients": "Cc", "bccRecipients": "Bcc", "replyTo": "Reply-To"}
PROPERTIES = {
    "subject", "body", "from", "sender", *KINDS, "importance", "internetMessageHeaders", "attachments",
    "singleValueExtendedProperties", "categories", "isDeliveryReceiptRequested", "isReadReceiptRequested",
}  # fmt: skip
FILE = "#microsoft.graph.fileAttachment"
HEADERS_ALLOWED = 5
UNSUBSCRIBE = "String 0x1045"


class Draft:
    """A message that Graph accepted, ready to be written."""

    def __init__(self, message: dict[str, Any], mailbox: Mailbox) -> None:
        for name in message:
            if name not in PROPERTIES and not name.startswith("@odata."):
                raise _unreadable(
                    f"The property '{name}' does not exist on type 'microsoft.graph.message'. "
                    "Make sure to only use property names that are defined by the type."
                )
        self._message = message
        self.recipients = {kind: _addresses(message, name) for name, kind in KINDS.items()}
        self.envelope_to = tuple(
            address.addr_spec for kind in ("To", "Cc", "Bcc") for address in self.recipients[kind]
        )
        if not self.envelope_to:
            raise GraphRefused(400, "ErrorInvalidRecipients", f"{RECIPIENTS}The message has no recipient.")
        self.sender = _sender(message, mailbox)

    def compose(self) -> EmailMessage:
        """The mail without the headers that Exchange adds."""
        email = EmailMessage()
        email["From"] = self.sender
        for kind in ("To", "Cc", "Reply-To"):
            if self.recipients[kind]:
                email[kind] = self.recipients[kind]
        email["Subject"] = _text(self._message, "subject")
        importance = _text(self._message, "importance", "normal").lower()
        if importance not in {"low", "normal", "high"}:
            raise _unreadable(f"Requested value '{importance}' was not found.")
        if importance != "normal":
            email["Importance"] = importance
            email["X-Priority"] = "1" if importance == "high" else "5"
        for name, value in [*_headers(self._message), *_extended(self._message)]:
            email[name] = value
        body = _mapping(self._message, "body")
        kind = _text(body, "contentType", "text").lower()
        if kind not in {"text", "html"}:
            raise _unreadable(f"Requested value '{kind}' was not found.")
        email.set_content(_text(body, "content"), subtype="html" if kind == "html" else "plain", cte="base64")
        for attachment in _list(self._message, "attachments"):
            add_file(email, attachment)
        return email


def check_send_as(address: str, mailbox: Mailbox) -> None:
    """Refuse a From that this mailbox may not use."""
    own = {mailbox.address.lower(), *(allowed.lower() for allowed in mailbox.send_as)}
    if address.lower() not in own:
        raise GraphRefused(403, "ErrorSendAsDenied", SEND_AS)


def _sender(message: dict[str, Any], mailbox: Mailbox) -> Address:
    wanted = mailbox.address
    for name in ("from", "sender"):
        if name in message:
            wanted = _address(message[name]).addr_spec
            check_send_as(wanted, mailbox)
    # The name comes from the mailbox, whatever the client wrote.
    return Address(display_name=mailbox.display_name, addr_spec=wanted)


def _addresses(message: dict[str, Any], name: str) -> tuple[Address, ...]:
    return tuple(_address(entry) for entry in _list(message, name))


def _address(entry: object) -> Address:
    if not isinstance(entry, dict) or set(entry) - {"emailAddress"}:
        raise _unreadable("A recipient has exactly the property 'emailAddress'.")
    email = _mapping(entry, "emailAddress")
    address = _text(email, "address")
    if not ADDRESS.fullmatch(address):
        raise _unresolved(address)
    try:
        return Address(display_name=_text(email, "name"), addr_spec=address)
    except UNREADABLE as error:
        raise _unresolved(address) from error


def _headers(message: dict[str, Any]) -> list[tuple[str, str]]:
    if "internetMessageHeaders" not in message:
        return []
    entries = _list(message, "internetMessageHeaders")
    if not 1 <= len(entries) <= HEADERS_ALLOWED:
        raise GraphRefused(
            400,
            "InvalidInternetMessageHeaderCollection",
            f"The number of headers in one message must be between 1 and {HEADERS_ALLOWED}.",
        )
    headers = [(_text(entry, "name"), _text(entry, "value")) for entry in entries]
    for name, _ in headers:
        if not re.fullmatch(r"[xX]-[!-9;-~]+", name):
            text = f"The internet message header name '{name}' should start with 'x-' or 'X-'."
            raise GraphRefused(400, "InvalidInternetMessageHeader", text)
    return headers


def _extended(message: dict[str, Any]) -> list[tuple[str, str]]:
    entries = _list(message, "singleValueExtendedProperties")
    return [
        ("List-Unsubscribe", _text(entry, "value")) for entry in entries if entry.get("id") == UNSUBSCRIBE
    ]


def add_file(email: EmailMessage, attachment: dict[str, Any]) -> None:
    """Attach a file as Exchange does; raises GraphRefused."""
    content = file_of(attachment)
    kind = _text(attachment, "contentType") or "application/octet-stream"
    main, _, sub = kind.partition(";")[0].strip().lower().partition("/")
    if main in {"multipart", "message"} or not sub:
        main, sub = "application", "octet-stream"
    content_id = _text(attachment, "contentId")
    is_inline = attachment.get("isInline") is True and bool(content_id)
    email.add_attachment(
        content,
        maintype=main,
        subtype=sub,
        filename=_text(attachment, "name"),
        disposition="inline" if is_inline else "attachment",
        cid=f"<{content_id}>" if content_id else None,
    )


def file_of(attachment: dict[str, Any]) -> bytes:
    """The content of a fileAttachment; raises GraphRefused."""
    if attachment.get("@odata.type") != FILE:
        raise _unreadable("An attachment needs '@odata.type'; only fileAttachment can be sent in one call.")
    try:
        content = base64.b64decode(_text(attachment, "contentBytes"), validate=True)
    except ValueError as error:
        raise _unreadable(
            "Cannot convert the literal of 'contentBytes' to the expected type 'Edm.Binary'."
        ) from error
    if not _text(attachment, "name"):
        raise GraphRefused(400, "ErrorRequiredPropertyMissing", "Required property 'name' is missing.")
    return content


def _unresolved(address: str) -> GraphRefused:
    text = f"Recipient '{address}' is not resolved. All recipients must be resolved before a message can be "
    return GraphRefused(400, "ErrorInvalidRecipients", f"{RECIPIENTS}{text}submitted.")


def _unreadable(text: str) -> GraphRefused:
    return GraphRefused(400, "UnableToDeserializePostBody", text)


def _text(entry: dict[str, Any], name: str, default: str = "") -> str:
    value = entry.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise _unreadable(f"Property '{name}' in payload has a value that does not match schema.")
    return value


def _mapping(entry: dict[str, Any], name: str) -> dict[str, Any]:
    value = entry.get(name)
    if not isinstance(value, dict):
        raise _unreadable(f"Property '{name}' in payload has a value that does not match schema.")
    return value


def _list(entry: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = entry.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _unreadable(f"Property '{name}' in payload has a value that does not match schema.")
    return value
