"""The message of a sendMail call in MIME, and the headers that Exchange puts in the place of ours."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.utils import format_datetime, getaddresses, parseaddr
from uuid import uuid4

from sandbox.directory import Mailbox
from sandbox.graph_errors import RECIPIENTS, GraphRefused
from sandbox.graph_message import check_send_as
from sandbox.inbox import CaughtMail

REPLACED = frozenset({b"message-id", b"date", b"bcc", b"auto-submitted", b"return-path"})


class MimeDraft:
    """A MIME message that Graph accepted."""

    def __init__(self, body: bytes, mailbox: Mailbox) -> None:
        self.raw = _decode(body)
        parsed = message_from_bytes(self.raw, policy=policy.compat32)
        if not parsed.keys():
            raise GraphRefused(400, "ErrorMimeContentInvalid", "The MIME content is invalid.")
        self.client_message_id = str(parsed.get("Message-ID", "")).strip()
        self.sender = parseaddr(str(parsed.get("From", "")))[1]
        if self.sender:
            check_send_as(self.sender, mailbox)
        self.sender = self.sender or mailbox.address
        lines = [str(value) for name in ("To", "Cc", "Bcc") for value in parsed.get_all(name, [])]
        self.envelope_to = tuple(address for _, address in getaddresses(lines))
        if not self.envelope_to or not all("@" in address for address in self.envelope_to):
            raise GraphRefused(
                400, "ErrorInvalidRecipients", f"{RECIPIENTS}The message has no valid recipient."
            )

    def mail(self, tenant_id: str) -> CaughtMail:
        """The mail as it leaves Exchange."""
        return CaughtMail(
            via="graph",
            envelope_from=self.sender,
            envelope_to=self.envelope_to,
            raw=rewrite(self.raw, tenant_id=tenant_id),
            client_message_id=self.client_message_id,
            saved_to_sent_items=True,
        )


def rewrite(raw: bytes, *, tenant_id: str) -> bytes:
    """The message as it leaves Exchange: its own Message-ID and Date, no Bcc, the rest untouched."""
    head, separator, body = raw.partition(b"\r\n\r\n")
    kept: list[bytes] = []
    for line in head.split(b"\r\n"):
        if line[:1] in {b" ", b"\t"} and kept:
            kept[-1] += b"\r\n" + line
        else:
            kept.append(line)
    kept = [line for line in kept if line.partition(b":")[0].strip().lower() not in REPLACED]
    own = [
        f"Message-ID: <{uuid4().hex.upper()}@{tenant_id[:8].upper()}.prod.outlook.com>".encode(),
        f"Date: {format_datetime(datetime.now(UTC))}".encode(),
    ]
    return b"\r\n".join([*own, *kept]) + separator + body


def _decode(body: bytes) -> bytes:
    try:
        # Line breaks are allowed inside the base64; nothing else that is not of its alphabet is.
        raw = base64.b64decode(b"".join(body.split()), validate=True)
    except ValueError as error:
        raise GraphRefused(
            400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content."
        ) from error
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
