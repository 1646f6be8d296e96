"""What a server says it takes at once (RFC 9422 LIMITS): recipients of a mail, and mails of a session."""

from __future__ import annotations

import re
import sys
from typing import Final

from providers.transports.smtp_wire import SmtpWire

LIMIT: Final = re.compile(r"([A-Z][A-Z0-9-]*)=([1-9][0-9]{0,5})", re.IGNORECASE)
NO_LIMIT: Final = sys.maxsize


def recipients_at_once(wire: SmtpWire) -> int:
    """Give how many recipients one mail may name (RCPTMAX)."""
    return _limit(wire, "RCPTMAX")


def mails_a_session(wire: SmtpWire) -> int:
    """Give how many mails one session may carry (MAILMAX)."""
    return _limit(wire, "MAILMAX")


def groups(recipients: tuple[str, ...], size: int) -> list[tuple[str, ...]]:
    """Cut recipients into groups of at most `size`."""
    return [recipients[start : start + size] for start in range(0, len(recipients), size)]


def _limit(wire: SmtpWire, name: str) -> int:
    announced = wire.esmtp_features.get("limits")
    if not announced:
        return NO_LIMIT
    return int(dict(LIMIT.findall(announced.upper())).get(name, NO_LIMIT))
