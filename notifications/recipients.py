"""Recipients as people and programs give them: lists by comma, each address once (COG-7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from providers import Address, MessageInvalid, parse_addresses

# Far above any limit for one message; stops a page of addresses before it is taken apart.
TYPED_LIMIT = 10_000


@dataclass(frozen=True, kw_only=True)
class Recipients:
    """Who gets the message, and who gets the answers."""

    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    reply_to: tuple[Address, ...]

    def as_json(self) -> dict[str, list[dict[str, str]]]:
        """Give the form kept in the row."""
        return {
            kind: [{"email": one.email, "name": one.name} for one in getattr(self, kind)]
            for kind in ("to", "cc", "bcc", "reply_to")
        }


def read_recipients(
    *,
    to: str | Iterable[str | Address],
    cc: str | Iterable[str | Address] = (),
    bcc: str | Iterable[str | Address] = (),
    reply_to: str | Iterable[str | Address] = (),
) -> Recipients:
    """Read all lists; an address of an earlier list is left out of the later ones.

    Raises:
        MessageInvalid: names the list and the wrong address, or the limit.
    """
    seen: set[str] = set()
    lists = {
        kind: _unseen(read_addresses(kind, given), seen)
        for kind, given in (("to", to), ("cc", cc), ("bcc", bcc))
    }
    if not seen:
        raise MessageInvalid("to", "Enter at least one recipient.")
    limit = settings.RECIPIENTS_LIMIT
    if len(seen) > limit:
        raise MessageInvalid(
            "to",
            f"{len(seen)} recipients are more than the {limit} one message may have. Send several messages.",
        )
    return Recipients(
        to=lists["to"], cc=lists["cc"], bcc=lists["bcc"], reply_to=read_addresses("reply_to", reply_to)
    )


def read_addresses(kind: str, given: str | Iterable[str | Address]) -> tuple[Address, ...]:
    """Read one list, typed as text or given one by one.

    Raises:
        MessageInvalid: names the list.
    """
    parts = [given] if isinstance(given, str) else list(given)
    found: list[Address] = []
    for part in parts:
        try:
            found += [part] if isinstance(part, Address) else parse_addresses(part, limit=TYPED_LIMIT)
        except MessageInvalid as wrong:
            raise MessageInvalid(kind, wrong.text) from None
    return _unseen(found, set())


def emails(addresses: Iterable[Address]) -> tuple[str, ...]:
    """Give the bare addresses of a list."""
    return tuple(address.email for address in addresses)


def read_sender(given: str | Address | None) -> Address | None:
    """Read the wished sender; None leaves it to the connection.

    Raises:
        MessageInvalid: it is not exactly one address.
    """
    if given is None or isinstance(given, Address):
        return given
    senders = read_addresses("sender", given)
    if len(senders) > 1:
        raise MessageInvalid("sender", "Give one sender.")
    return senders[0] if senders else None


def _unseen(addresses: Iterable[Address], seen: set[str]) -> tuple[Address, ...]:
    kept = []
    for address in addresses:
        if address.email.lower() not in seen:
            seen.add(address.email.lower())
            kept.append(address)
    return tuple(kept)
