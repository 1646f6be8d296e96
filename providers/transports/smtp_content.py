"""The message as it stands on the SMTP wire: within the server's limits, dots doubled."""

from __future__ import annotations

import re
from typing import Final

from providers.errors import Stage, failure
from providers.message import Message
from providers.mime import compose
from providers.transports.smtp_wire import SmtpWire

DOT_FIRST: Final = re.compile(rb"\n\.")


def wire_content(message: Message, wire: SmtpWire) -> bytes:
    """Give the content without the final dot.

    Raises:
        ProviderError: message_too_large or smtputf8_missing.
    """
    # Headers with such addresses are 8-bit: a server of RFC 6531 takes those, too.
    if message.needs_smtputf8 and not (wire.has_extn("smtputf8") and wire.has_extn("8bitmime")):
        raise failure("smtputf8_missing", stage=Stage.RECIPIENT, facts=wire.facts)
    content = compose(message)
    limit = size_limit(wire)
    if limit and len(content) > limit:
        raise failure(
            "message_too_large",
            stage=Stage.MESSAGE,
            facts={**wire.facts, "limit": f"{limit / 1_000_000:.1f} MB", "size": str(len(content))},
        )
    return stuffed(content)


def stuffed(content: bytes) -> bytes:
    """Double the dots at the beginnings of lines.

    Nothing but CRLF may end a line, as `compose` writes them: a bare end before a dot could end the message
    early elsewhere.
    """
    content = content.replace(b"\r\n.", b"\r\n..") if DOT_FIRST.search(content) else content
    return b"." + content if content.startswith(b".") else content


def mail_command(message: Message, sender: str, size: int, wire: SmtpWire) -> str:
    """Write MAIL FROM with the options the server offers; what we write is pure ASCII where it can be."""
    options = f" SIZE={size}" if wire.has_extn("size") else ""
    if message.needs_smtputf8:
        options += " SMTPUTF8 BODY=8BITMIME"
    return f"MAIL FROM:<{sender}>{options}"


def size_limit(wire: SmtpWire) -> int:
    """Give the largest size the server announced; 0 for none."""
    announced = wire.esmtp_features.get("size", "").strip()
    return int(announced[:15]) if announced.isascii() and announced.isdigit() else 0
