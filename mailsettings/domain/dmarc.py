"""DMARC: what receivers do with mail that fails SPF and DKIM (RFC 9989, and 7489 for older records)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mailsettings.domain.answers import Resolver
from mailsettings.domain.findings import Finding, Line, Record, Verdict
from mailsettings.domain.names import record_name, walk

VERSION: Final = re.compile(r"\s*v\s*=\s*DMARC1\s*(;|$)", re.IGNORECASE)
EXACT: Final = "DMARC1"
NONE, QUARANTINE, REJECT = "none", "quarantine", "reject"
POLICIES: Final = (NONE, QUARANTINE, REJECT)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What holds for mail from a domain: `policy` is the effective one, empty without any record."""

    domain: str
    policy: str = ""
    # Where the record is: at the domain itself, or at one above it.
    found_at: str = ""
    records: tuple[Line, ...] = ()
    # Empty, or the code of what is wrong at the domain itself: several, malformed.
    problem: str = ""
    is_relaxed: bool = True

    def covers(self, account_domain: str) -> bool:
        """Say whether mail sent by an account of that domain passes as this one's own (alignment)."""
        if account_domain == self.domain:
            return True
        above = (f"{self.domain}.", f"{account_domain}.")
        related = above[0].endswith(f".{above[1]}") or above[1].endswith(f".{above[0]}")
        return related and self.is_relaxed and "." in account_domain


def read_dmarc(domain: str, resolver: Resolver) -> Policy:
    """Find the policy that holds for mail from a domain, at itself or the closest one above.

    Raises:
        LookupFailed: a name on the way could not be looked up.
    """
    seen: list[Line] = []
    problem = ""
    for place in walk(domain):
        name = record_name(f"_dmarc.{place}")
        if name is None:
            continue
        values = [value for value in resolver.ask(name, "TXT").values if VERSION.match(value)]
        seen += [Line(type="TXT", name=name, value=value) for value in values]
        # Several, or one nobody can read, count as none at that name.
        if len(values) == 1 and is_readable(values[0]):
            tags = _tags(values[0])
            return Policy(
                domain=domain,
                policy=effective(tags, at_domain=place == domain),
                found_at=place,
                records=tuple(seen),
                problem=problem,
                is_relaxed=not tags.get("adkim", "r") == tags.get("aspf", "r") == "s",
            )
        if values and place == domain:
            problem = "several" if len(values) > 1 else "malformed"
    return Policy(domain=domain, records=tuple(seen), problem=problem)


def is_readable(record: str) -> bool:
    """Say whether receivers take a record for a policy: exact version, and a policy they know if any."""
    tags = _tags(record)
    return tags.get("v") == EXACT and tags.get("p", NONE).lower() in POLICIES


def effective(tags: dict[str, str], *, at_domain: bool) -> str:
    """Give the policy that is really applied: `sp` below the record, one level less while testing."""
    policy = tags.get("p", NONE).lower()
    if not at_domain:
        policy = tags.get("sp", policy).lower()
    if policy not in POLICIES or tags.get("pct") == "0":
        return NONE
    if tags.get("t", "n").lower() == "y":
        return POLICIES[max(POLICIES.index(policy) - 1, 0)]
    return policy


def _tags(record: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in record.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def judge_dmarc(policy: Policy) -> Finding:
    """Say whether there is a policy, and how far it goes."""
    facts = {"place": policy.found_at, "policy": policy.policy}
    if policy.problem:
        verdict, code = Verdict.WRONG, f"dmarc_{policy.problem}"
    elif not policy.policy:
        verdict, code = Verdict.MISSING, "dmarc_missing"
    else:
        verdict, code = Verdict.OK, "dmarc_monitoring" if policy.policy == NONE else "dmarc_ok"
    publish = (Line(type="TXT", name=f"_dmarc.{policy.domain}", value="v=DMARC1; p=none"),)
    return Finding(
        record=Record.DMARC,
        verdict=verdict,
        code=code,
        facts=facts,
        found=policy.records,
        publish=() if verdict == Verdict.OK else publish,
    )
