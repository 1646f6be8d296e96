"""MX and MTA-STS: where answers and bounces go, and whether senders must encrypt on the way there."""

from __future__ import annotations

import re
from typing import Final

from mailsettings.domain.answers import Resolver
from mailsettings.domain.findings import Finding, Line, Record, Verdict
from mailsettings.domain.mail_services import GOOGLE, MICROSOFT, MailService, within
from mailsettings.domain.names import record_name

STS: Final = re.compile(r"v=STSv1\s*;(?P<rest>.*)")
STS_ID: Final = re.compile(r"[a-zA-Z0-9]{1,32}")
# RFC 7505: a single "." says that the domain takes no mail.
NULL_MX: Final = "."


def read_exchangers(domain: str, resolver: Resolver) -> tuple[str, ...]:
    """List the mail exchangers of a domain as `preference host`.

    Raises:
        LookupFailed: the domain could not be looked up.
    """
    return resolver.ask(domain, "MX").values


def shows(exchangers: tuple[str, ...], service: MailService) -> bool:
    """Say whether one of the exchangers belongs to a service."""
    hosts = (value.partition(" ")[2].rstrip(".") for value in exchangers)
    return any(within(host, service.exchangers) for host in hosts)


def judge_mx(domain: str, exchangers: tuple[str, ...], services: tuple[MailService, ...]) -> Finding:
    """Say whether answers to mail of the domain can arrive."""
    found = tuple(Line(type="MX", name=domain, value=value) for value in exchangers)
    hosts = [value.partition(" ")[2] for value in exchangers]
    publish = _publish_mx(domain, services)
    if not exchangers:
        return Finding(record=Record.MX, verdict=Verdict.MISSING, code="mx_missing", publish=publish)
    if hosts == [NULL_MX]:
        return Finding(record=Record.MX, verdict=Verdict.WRONG, code="mx_null", found=found, publish=publish)
    return Finding(record=Record.MX, verdict=Verdict.OK, code="mx_ok", found=found)


def _publish_mx(domain: str, services: tuple[MailService, ...]) -> tuple[Line, ...]:
    families = {service.family: service for service in services if service.family}
    if MICROSOFT in families:
        host = f"{domain.replace('.', '-')}.{families[MICROSOFT].exchangers[0]}"
        return (Line(type="MX", name=domain, value=f"0 {host}"),)
    if GOOGLE in families:
        return (Line(type="MX", name=domain, value="1 smtp.google.com"),)
    return ()


def look_at_mta_sts(domain: str, resolver: Resolver) -> Finding:
    """Say whether the domain asks other servers to encrypt (RFC 8461); the policy file is not fetched.

    Raises:
        LookupFailed: the record could not be looked up.
    """
    name = record_name(f"_mta-sts.{domain}")
    values = resolver.ask(name, "TXT").values if name else ()
    records = [value for value in values if value.startswith("v=STSv1")]
    found = tuple(Line(type="TXT", name=name or domain, value=value) for value in records)
    publish = (Line(type="TXT", name=name or domain, value="v=STSv1; id=**1**"),)
    if not records:
        return Finding(record=Record.MTA_STS, verdict=Verdict.MISSING, code="sts_missing", publish=publish)
    match = STS.fullmatch(records[0].strip())
    pairs = (part.partition("=") for part in (match["rest"] if match else "").split(";"))
    identity = next((value.strip() for key, _, value in pairs if key.strip() == "id"), "")
    if len(records) > 1 or not STS_ID.fullmatch(identity):
        return Finding(
            record=Record.MTA_STS, verdict=Verdict.WRONG, code="sts_wrong", found=found, publish=publish
        )
    return Finding(record=Record.MTA_STS, verdict=Verdict.OK, code="sts_ok", found=found)
