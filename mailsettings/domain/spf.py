"""SPF: which servers may send for the domain, read as a receiver would (RFC 7208), addresses left aside."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from mailsettings.domain.answers import LookupFailed, Resolver
from mailsettings.domain.findings import Finding, Line, Record, Verdict
from mailsettings.domain.mail_services import MailService
from mailsettings.domain.names import record_name

VERSION: Final = re.compile(r"v=spf1(?: |$)", re.IGNORECASE)
TERM: Final = re.compile(
    r"(?P<sign>[+?~-]?)(?P<name>all|include|a|mx|ptr|ip4|ip6|exists)(?P<rest>[:/].*)?", re.IGNORECASE
)
MODIFIER: Final = re.compile(r"(?P<name>[a-z][a-z0-9_.-]*)=(?P<value>.*)", re.IGNORECASE)
ASKING: Final = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
# RFC 7208 §4.6.4: a receiver gives up beyond ten terms that ask the DNS.
MOST_LOOKUPS: Final = 10


class Broken(Exception):
    """The record makes receivers give up (permerror); holds the code of the sentence and its fact."""

    def __init__(self, code: str, fact: str = "") -> None:
        """Keep code and fact."""
        super().__init__(code)
        self.code, self.fact = code, fact


@dataclass
class Reading:
    """What a domain's SPF record says, includes and redirects followed."""

    domain: str
    records: tuple[str, ...] = ()
    # The names whose servers pass, as written in include and redirect.
    includes: set[str] = field(default_factory=set)
    terms: set[str] = field(default_factory=set)
    lookups: int = 0
    allows_everyone: bool = False
    broken: Broken | None = None
    # A name on the way that could not be looked up.
    unreachable: str = ""

    @property
    def record(self) -> str:
        """The one record, or nothing."""
        return self.records[0] if len(self.records) == 1 else ""


def read_spf(domain: str, resolver: Resolver) -> Reading:
    """Read the SPF record of a domain, at most ten terms deep and wide.

    Raises:
        LookupFailed: the domain itself could not be looked up.
    """
    reading = Reading(domain=domain)
    reading.records = _records(domain, resolver)
    if len(reading.records) == 1:
        try:
            _follow(reading, reading.records[0], resolver, passing=True)
        except Broken as broken:
            reading.broken = broken
    return reading


def _records(name: str, resolver: Resolver) -> tuple[str, ...]:
    return tuple(value for value in resolver.ask(name, "TXT").values if VERSION.match(value))


def _follow(reading: Reading, record: str, resolver: Resolver, *, passing: bool, top: bool = True) -> None:
    redirect = ""
    for word in record.split()[1:]:
        term = TERM.fullmatch(word)
        if term is None:
            modifier = MODIFIER.fullmatch(word)
            if modifier is None:
                raise Broken("spf_syntax", word[:100])
            if modifier["name"].lower() == "redirect":
                redirect = modifier["value"]
            continue
        name, passes = term["name"].lower(), passing and term["sign"] in {"", "+"}
        if name == "all":
            reading.allows_everyone |= passes
            return
        if top and passes:
            reading.terms.add(word.removeprefix("+").lower())
        if name in ASKING:
            _count(reading)
        if name == "include":
            _enter(reading, (term["rest"] or "").removeprefix(":"), resolver, passing=passes)
    if redirect:
        _count(reading)
        _enter(reading, redirect, resolver, passing=passing)


def _count(reading: Reading) -> None:
    reading.lookups += 1
    if reading.lookups > MOST_LOOKUPS:
        raise Broken("spf_too_many")


def _enter(reading: Reading, typed: str, resolver: Resolver, *, passing: bool) -> None:
    if "%" in typed:
        return  # a macro: only a receiver with a message in hand can tell what it becomes
    name = record_name(typed)
    if name is None:
        raise Broken("spf_syntax", typed[:100])
    if passing:
        reading.includes.add(name)
    try:
        records = _records(name, resolver)
    except LookupFailed:
        reading.unreachable = reading.unreachable or name
        return
    if len(records) != 1:
        raise Broken("spf_broken_include", name)
    _follow(reading, records[0], resolver, passing=passing, top=False)


def judge_spf(reading: Reading, services: tuple[MailService, ...]) -> Finding:
    """Say whether the record lets every one of the services send."""
    lines = tuple(Line(type="TXT", name=reading.domain, value=record) for record in reading.records)
    verdict, code, facts = _verdict(reading, services)
    publish = () if verdict in {Verdict.OK, Verdict.UNKNOWN} else _publish(reading, services, code)
    return Finding(record=Record.SPF, verdict=verdict, code=code, facts=facts, found=lines, publish=publish)


def _verdict(reading: Reading, services: tuple[MailService, ...]) -> tuple[Verdict, str, dict[str, str]]:
    if not reading.records:
        return Verdict.MISSING, "spf_missing", {}
    fault = _fault(reading)
    if fault is not None:
        return Verdict.WRONG, fault.code, {"fact": fault.fact}
    absent = [service for service in services if not authorises(reading, service)]
    named = [service for service in absent if service.includes]
    if named and reading.unreachable:
        return Verdict.UNKNOWN, "spf_unreachable", {"fact": reading.unreachable}
    if named:
        words = {"service": ", ".join(service.label for service in named), "fact": named[0].spf_term}
        return Verdict.WRONG, "spf_not_included", words
    label = ", ".join(service.label for service in services)
    return Verdict.OK, "spf_unjudged" if absent else "spf_ok", {"service": label}


def _fault(reading: Reading) -> Broken | None:
    """Give what makes the record useless, whoever sends."""
    if len(reading.records) > 1:
        return Broken("spf_several", str(len(reading.records)))
    if reading.broken is None and reading.allows_everyone:
        return Broken("spf_everyone")
    return reading.broken


def authorises(reading: Reading, service: MailService) -> bool:
    """Say whether a record names the service's servers."""
    if service.includes:
        return not reading.includes.isdisjoint(service.includes)
    return bool(service.term) and service.term in reading.terms


def _publish(reading: Reading, services: tuple[MailService, ...], code: str) -> tuple[Line, ...]:
    """Write the record that would be right: what is there, once, with what is missing."""
    kept: list[str] = []
    if code in {"spf_several", "spf_not_included", "spf_everyone"}:
        kept = [word for record in reading.records for word in record.split()[1:]]
    wanted = [service.spf_term for service in services if not authorises(reading, service)]
    words = list(dict.fromkeys(word for word in (*kept, *wanted) if word))
    ends = [
        word for word in words if word.lower().lstrip("+?~-") == "all" or word.lower().startswith("redirect=")
    ]
    last = next((word for word in ends if word[0] in "-~"), "~all")
    terms = [word for word in words if word not in ends]
    if not terms:
        return ()
    return (Line(type="TXT", name=reading.domain, value=" ".join(("v=spf1", *terms, last))),)
