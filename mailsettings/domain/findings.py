"""What a look at one record brings: a verdict, the record found and the record to publish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self


class Record(StrEnum):
    """What is looked at, in the order of the page."""

    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    MX = "mx"
    MTA_STS = "mta_sts"


class Verdict(StrEnum):
    """How a record stands."""

    OK = "ok"
    MISSING = "missing"
    WRONG = "wrong"
    UNKNOWN = "unknown"  # could not check


@dataclass(frozen=True, kw_only=True)
class Line:
    """One record of a zone; **words** in a value are what the reader replaces."""

    type: str
    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One record judged; `code` names the sentence, `facts` fill it."""

    record: Record
    verdict: Verdict
    code: str
    facts: Mapping[str, str] = field(default_factory=dict)
    found: tuple[Line, ...] = ()
    publish: tuple[Line, ...] = ()
    # The last verdict that was more than "could not check"; what a change is measured against.
    known: str = ""

    def stored(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {
            "record": self.record.value,
            "verdict": self.verdict.value,
            "code": self.code,
            "facts": dict(self.facts),
            "found": [vars(line) for line in self.found],
            "publish": [vars(line) for line in self.publish],
            "known": self.known,
        }

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """Read it back."""
        return cls(
            record=Record(stored["record"]),
            verdict=Verdict(stored["verdict"]),
            code=stored["code"],
            facts=stored["facts"],
            found=tuple(Line(**line) for line in stored["found"]),
            publish=tuple(Line(**line) for line in stored["publish"]),
            known=stored["known"],
        )
