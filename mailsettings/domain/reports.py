"""Reports: the last look at each sender domain, kept per organization, and what is told when one changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone

from mailsettings.domain.answers import Resolver
from mailsettings.domain.examine import Examination, Question, examine
from mailsettings.domain.findings import Finding, Verdict
from mailsettings.domain.lookups import DnsResolver
from mailsettings.domain.senders import Sender, senders
from mailsettings.models import DomainReport
from orgs import events
from orgs.tenancy import tenant

CHANGED: Final = "domain.changed"
# A second press within this time shows the first one's answer.
REST: Final = timedelta(seconds=5)
# The daily round leaves alone what was looked at within this time: it may be run by hand, too.
ROUND_REST: Final = timedelta(hours=1)
MakeResolver = Callable[[], Resolver]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A sender domain and the last look at it; `is_due` when that look was at other services, or never."""

    sender: Sender
    report: DomainReport | None
    is_due: bool

    @property
    def findings(self) -> list[Finding]:
        """What was found; nothing when it was looked for something else."""
        return [Finding.read(stored) for stored in self.report.records] if self.report else []


def standings(organization_id: UUID) -> list[Standing]:
    """Give every sender domain of the organization with its report, inside its tenant()."""
    reports = {report.domain: report for report in DomainReport.objects.of(organization_id)}
    return [standing(sender, reports.get(sender.domain)) for sender in senders(organization_id)]


def standing(sender: Sender, report: DomainReport | None) -> Standing:
    """Put a sender domain beside its report."""
    current = report is not None and report.services == [service.key for service in sender.services]
    checked = report if report is not None and report.checked_at is not None else None
    return Standing(sender=sender, report=checked, is_due=not current or checked is None)


def check(
    organization_id: UUID, domain: str = "", *, resolver: MakeResolver = DnsResolver, rest: timedelta = REST
) -> int:
    """Look at one sender domain of the organization, or at all of them, and keep what was found.

    Call it outside any tenant(): no transaction waits for a name server. Gives how many were looked at.
    """
    with tenant(organization_id):
        rested = timezone.now() - rest
        wanted = [
            each
            for each in standings(organization_id)
            if domain in {"", each.sender.domain} and (each.is_due or is_older(each.report, rested))
        ]
        selectors = dict(DomainReport.objects.of(organization_id).values_list("domain", "selector"))
    for each in wanted:
        question = Question(
            domain=each.sender.domain,
            services=tuple(each.sender.services),
            selector=selectors.get(each.sender.domain, ""),
        )
        examination = examine(question, resolver())
        with tenant(organization_id):
            keep(organization_id, question, examination)
    return len(wanted)


def is_older(report: DomainReport | None, moment: datetime) -> bool:
    """Say whether a report is from before a moment, or from never."""
    return report is None or report.checked_at is None or report.checked_at < moment


def keep(organization_id: UUID, question: Question, examination: Examination) -> DomainReport:
    """Store what was found, and write an event when a verdict changed since the last look."""
    rows = DomainReport.objects.of(organization_id).select_for_update()
    report, _ = rows.get_or_create(organization_id=organization_id, domain=question.domain)
    before = {stored["record"]: stored["known"] for stored in report.records}
    findings = [with_memory(finding, before) for finding in examination.findings]
    keys = [service.key for service in question.services]
    asked_the_same = report.services == keys and report.selector == question.selector
    changed = {
        finding.record.value: {"before": before[finding.record], "after": finding.known}
        for finding in findings
        if before.get(finding.record) and before[finding.record] != finding.known
    }
    now = timezone.now()
    report.services, report.warnings = keys, list(examination.warnings)
    report.records, report.checked_at = [finding.stored() for finding in findings], now
    if changed and asked_the_same:
        report.changed_at = now
        events.emit(
            organization=organization_id,
            kind=CHANGED,
            subject_id=report.pk,
            detail={"domain": report.domain, "changed": changed},
        )
    report.save()
    return report


def with_memory(finding: Finding, before: dict[str, str]) -> Finding:
    """Remember the last sure verdict: a name server that was away for a day is no change."""
    sure = finding.verdict != Verdict.UNKNOWN
    return replace(finding, known=finding.verdict.value if sure else before.get(finding.record, ""))


def choose_selector(organization_id: UUID, domain: str, selector: str) -> None:
    """Keep the selector an admin typed for a sender's domain, inside tenant()."""
    rows = DomainReport.objects.of(organization_id)
    report, _ = rows.get_or_create(organization_id=organization_id, domain=domain)
    # The next look is at another key: its verdict is no change of the DNS.
    rows.filter(pk=report.pk).update(selector=selector, services=[])


def forget_unused(organization_id: UUID) -> int:
    """Remove reports of domains nothing is sent from any more, inside tenant(); gives how many."""
    used = [sender.domain for sender in senders(organization_id)]
    return DomainReport.objects.of(organization_id).exclude(domain__in=used).delete()[0]


def daily_round(organization_id: UUID, *, resolver: MakeResolver = DnsResolver) -> int:
    """Look again at every domain of the organization; gives how many. Call it outside any tenant()."""
    with tenant(organization_id):
        forget_unused(organization_id)
    return check(organization_id, resolver=resolver, rest=ROUND_REST)
