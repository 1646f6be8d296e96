"""Checks an organization's audit trail: every entry follows from the one before (threat model §8)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import connections

from orgs.tenancy import ALIAS

GENESIS = bytes(32)
BATCH = 2000
# Spelled here and not by a function of the database, which an intruder could have replaced.
ENTRIES = """
SELECT seq, at, prev, hash, jsonb_build_object(
    'actor', actor_id, 'actor_label', actor_label, 'on_behalf_of', on_behalf_of,
    'action', action, 'subject', subject, 'ip', host(ip), 'detail', detail)::text
FROM orgs_auditentry WHERE organization_id = %s AND seq > %s ORDER BY seq LIMIT %s
"""
Entry = tuple[int, datetime, bytes, bytes, str]


@dataclass(frozen=True, kw_only=True)
class Head:
    """The last entry of a chain, as it was printed to the log stream."""

    seq: int
    hash: bytes


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the check found: the last good entry, and the fault behind it."""

    head: Head
    fault: str = ""


def verify_chain(organization_id: UUID, *, expected: Head | None = None, using: str = ALIAS) -> Report:
    """Walk the chain from its first entry; `expected` is a head printed earlier that must still be in it."""
    head = Head(seq=0, hash=GENESIS)
    found = expected is None
    for seq, at, prev, stored, text in _entries(organization_id, using):
        if seq != head.seq + 1:
            return Report(head=head, fault=f"entry {head.seq + 1} is missing")
        if bytes(prev) != head.hash:
            return Report(head=head, fault=f"entry {seq} does not follow from the one before")
        if bytes(stored) != entry_hash(
            prev=head.hash, organization_id=organization_id, seq=seq, at=at, text=text
        ):
            return Report(head=head, fault=f"entry {seq} was changed")
        head = Head(seq=seq, hash=bytes(stored))
        found = found or head == expected
    if not found and expected is not None:
        return Report(head=head, fault=f"the printed entry {expected.seq} is not in the chain")
    return Report(head=head)


def entry_hash(*, prev: bytes, organization_id: UUID, seq: int, at: datetime, text: str) -> bytes:
    """Give the hash an entry must have."""
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    parts = (prev, organization_id.bytes, seq.to_bytes(8, "big"), moment.encode(), text.encode())
    return hashlib.sha256(b"".join(parts)).digest()


def _entries(organization_id: UUID, using: str) -> Iterator[Entry]:
    """Read the chain in batches: a long trail must not fill the memory."""
    last = 0
    while True:
        with connections[using].cursor() as cursor:
            cursor.execute(ENTRIES, [organization_id, last, BATCH])
            rows: list[Entry] = cursor.fetchall()
        yield from rows
        if len(rows) < BATCH:
            return
        last = rows[-1][0]
