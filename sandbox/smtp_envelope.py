"""MAIL and RCPT: their syntax, and the message's own rules after the dot."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAIL = re.compile(r"FROM:<(?P<address>[^<>]*)>(?P<parameters>( [^ ]+)*)", re.IGNORECASE)
RCPT = re.compile(r"TO:<(?P<address>[^<>]+)>(?P<parameters>( [^ ]+)*)", re.IGNORECASE)
ADDRESS = re.compile(r"[^\s@<>\x00-\x1f\x7f]+@([^\s@<>\x00-\x1f\x7f.]+\.)*[^\s@<>\x00-\x1f\x7f.]+")
ADDRESS_LIMIT = 254
LINE_LIMIT = 998


class EnvelopeInvalid(ValueError):
    """The command is answered with this reply."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


@dataclass
class Envelope:
    """One mail transaction."""

    sender: str
    eight_bit: bool = False
    utf8: bool = False
    declared_size: int = 0
    recipients: list[str] = field(default_factory=list)
    refused: int = 0


def read_mail(argument: str, *, offered: set[str]) -> Envelope:
    """Read the argument of MAIL; `offered` are the extensions announced in this session."""
    match = MAIL.fullmatch(argument)
    if match is None:
        raise EnvelopeInvalid("501 5.5.4 Syntax: MAIL FROM:<address>")
    envelope = Envelope(sender=match["address"])
    for parameter in match["parameters"].split():
        name, _, value = parameter.upper().partition("=")
        if name == "SIZE" and "SIZE" in offered and value.isdigit():
            envelope.declared_size = int(value)
        elif name == "BODY" and "8BITMIME" in offered and value in {"7BIT", "8BITMIME"}:
            envelope.eight_bit = value == "8BITMIME"
        elif name == "SMTPUTF8" and "SMTPUTF8" in offered and not value:
            envelope.utf8 = True
        else:
            raise EnvelopeInvalid(f"555 5.5.4 MAIL FROM parameter not recognized or not implemented: {name}")
    if envelope.sender:
        _check(envelope.sender, utf8=envelope.utf8, malformed="5.1.7")
    return envelope


def read_recipient(argument: str, *, utf8: bool) -> str:
    """Read the argument of RCPT."""
    match = RCPT.fullmatch(argument)
    if match is None:
        raise EnvelopeInvalid("501 5.5.4 Syntax: RCPT TO:<address>")
    if match["parameters"]:
        raise EnvelopeInvalid("555 5.5.4 RCPT TO parameters not recognized or not implemented")
    _check(match["address"], utf8=utf8, malformed="5.1.3")
    return match["address"]


def content_fault(raw: bytes, *, eight_bit: bool) -> str:
    """The reply that a badly written message earns, or nothing."""
    if raw.count(b"\n") != raw.count(b"\r\n") or raw.count(b"\r") != raw.count(b"\r\n"):
        return "554 5.6.11 The message contains a bare line feed or carriage return"
    if b"\0" in raw:
        return "554 5.6.0 The message contains a NUL"
    if any(len(line) > LINE_LIMIT for line in raw.split(b"\r\n")):
        return f"554 5.6.0 The message has a line longer than {LINE_LIMIT} octets"
    if not eight_bit and not raw.isascii():
        return "554 5.6.1 The message has 8-bit characters but was not announced with BODY=8BITMIME"
    return ""


def _check(address: str, *, utf8: bool, malformed: str) -> None:
    if not address.isascii() and not utf8:
        raise EnvelopeInvalid("553 5.6.7 A non-ASCII address needs the SMTPUTF8 parameter")
    if len(address) > ADDRESS_LIMIT or not ADDRESS.fullmatch(address):
        raise EnvelopeInvalid(f"501 {malformed} Bad address syntax")
