"""One look at a domain: every record at once, so that one silent name server spoils one verdict only."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from mailsettings.domain.answers import LookupFailed, Resolver
from mailsettings.domain.dkim import judge_dkim, read_dkim, selectors
from mailsettings.domain.dmarc import judge_dmarc, read_dmarc
from mailsettings.domain.findings import Finding, Record, Verdict
from mailsettings.domain.mail_services import MICROSOFT, MailService, owner_of
from mailsettings.domain.receiving import judge_mx, look_at_mta_sts, read_exchangers, shows
from mailsettings.domain.spf import authorises, judge_spf, read_spf

# WPM-7: neither the exchangers nor the SPF record show the service that is to send for the domain.
NO_MICROSOFT: Final = "no_microsoft"
# The records belong to a mailbox company whose service is not the one that sends.
FOREIGN_OWNER: Final = "foreign_owner"


@dataclass(frozen=True, kw_only=True)
class Question:
    """Which domain, sent for by which services, with which selector an admin typed."""

    domain: str
    services: tuple[MailService, ...]
    selector: str = ""


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What came of it: one finding for each record in their order, and codes of warnings."""

    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """A finding, and whether it shows Microsoft; None when nobody knows."""

    finding: Finding
    microsoft: bool | None = None


def examine(question: Question, resolver: Resolver) -> Examination:
    """Look at every record of a domain; never raises for what the DNS says or does not say."""
    looks: dict[Record, Callable[[], Seen]] = {
        Record.SPF: partial(_spf, question, resolver),
        Record.DKIM: partial(_dkim, question, resolver),
        Record.DMARC: partial(_dmarc, question, resolver),
        Record.MX: partial(_mx, question, resolver),
        Record.MTA_STS: partial(_mta_sts, question, resolver),
    }
    with ThreadPoolExecutor(max_workers=len(looks)) as pool:
        seen = list(pool.map(lambda record: _tried(record, looks[record]), looks))
    findings = tuple(each.finding for each in seen)
    if owner_of(question.domain):
        # Nobody but the mailbox company can publish there.
        findings = tuple(replace(finding, publish=()) for finding in findings)
    return Examination(findings=findings, warnings=_warnings(question, seen[0], seen[3]))


def _tried(record: Record, look: Callable[[], Seen]) -> Seen:
    try:
        return look()
    except LookupFailed as failed:
        facts = {"fact": str(failed)}
        return Seen(Finding(record=record, verdict=Verdict.UNKNOWN, code="not_answered", facts=facts))


def _spf(question: Question, resolver: Resolver) -> Seen:
    reading = read_spf(question.domain, resolver)
    finding = judge_spf(reading, question.services)
    microsoft = [service for service in question.services if service.family == MICROSOFT]
    known = not reading.unreachable
    shown = any(authorises(reading, service) for service in microsoft)
    return Seen(finding, True if shown else False if known else None)


def _dkim(question: Question, resolver: Resolver) -> Seen:
    keys = read_dkim(question.domain, selectors(question.services, question.selector), resolver)
    return Seen(judge_dkim(question.domain, keys, question.services))


def _dmarc(question: Question, resolver: Resolver) -> Seen:
    return Seen(judge_dmarc(read_dmarc(question.domain, resolver)))


def _mx(question: Question, resolver: Resolver) -> Seen:
    exchangers = read_exchangers(question.domain, resolver)
    microsoft = [service for service in question.services if service.family == MICROSOFT]
    shown = any(shows(exchangers, service) for service in microsoft)
    return Seen(judge_mx(question.domain, exchangers, question.services), shown)


def _mta_sts(question: Question, resolver: Resolver) -> Seen:
    return Seen(look_at_mta_sts(question.domain, resolver))


def _warnings(question: Question, spf: Seen, mx: Seen) -> tuple[str, ...]:
    families = {service.family for service in question.services}
    owner = owner_of(question.domain)
    warnings = []
    if owner and owner.lower() not in families:
        warnings.append(FOREIGN_OWNER)
    elif MICROSOFT in families and not owner and spf.microsoft is False and mx.microsoft is False:
        warnings.append(NO_MICROSOFT)
    return tuple(warnings)
