"""The question the judges ask, and what may come back: one protocol, whoever answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Kind = Literal["TXT", "MX"]


class LookupFailed(Exception):
    """No usable answer: the name server refused, broke, or did not answer in time."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one name holds; `alias` is the name a CNAME led to, whether or not something is there."""

    values: tuple[str, ...] = ()
    alias: str = ""


class Resolver(Protocol):
    """Asks the DNS; the tests' and the product's own are the same class against other servers."""

    def ask(self, name: str, kind: Kind) -> Answer:
        """Give the records of a name; none is an empty answer.

        Raises:
            LookupFailed: nobody knows whether there are any.
        """
