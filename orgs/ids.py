"""Time-ordered identifiers: neighbours in time are neighbours in the index, and nobody can guess the next."""

from __future__ import annotations

import secrets
import time
from uuid import UUID

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_NANOSECONDS = 1_000_000


def uuid7() -> UUID:
    """Make a version 7 UUID (RFC 9562): milliseconds, 12 bits of the fraction, 62 random bits."""
    milliseconds, rest = divmod(time.time_ns(), _NANOSECONDS)
    fraction = rest * 4096 // _NANOSECONDS
    return UUID(int=milliseconds << 80 | _VERSION_7 | fraction << 64 | _VARIANT | secrets.randbits(62))
