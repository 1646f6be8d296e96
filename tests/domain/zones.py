"""Zones of the stories: what a sender's domain can look like, and what is to be said of it."""

# ruff: noqa: E501 - one zone, one line

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.dns import Fault, Zones

KEY = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC7vbqajDw4o6gJy8UtmIbkcpnkO3Kwc4qsEnSZ"
Records = Mapping[str, Sequence[str | bytes]]
OK, MISSING, WRONG, UNKNOWN = "ok", "missing", "wrong", "unknown"


def good(domain: str = "contoso.com") -> dict[str, dict[str, list[str | bytes]]]:
    """Give the zone of a domain that has done everything for Microsoft 365."""
    flat = domain.replace(".", "-")
    target = f"selector1-{flat}._domainkey.contoso.onmicrosoft.com"
    return {
        domain: {
            "TXT": ["MS=ms12345678", "v=spf1 include:spf.protection.outlook.com -all"],
            "MX": [f"0 {flat}.mail.protection.outlook.com."],
        },
        "spf.protection.outlook.com": {"TXT": ["v=spf1 ip4:40.92.0.0/15 ip6:2a01:111:f400::/48 -all"]},
        f"selector1._domainkey.{domain}": {"CNAME": [f"{target}."]},
        target: {"TXT": [f"v=DKIM1; k=rsa; p={KEY}"]},
        f"_dmarc.{domain}": {"TXT": [f"v=DMARC1; p=reject; rua=mailto:d@{domain}"]},
        f"_mta-sts.{domain}": {"TXT": ["v=STSv1; id=20261121T000000;"]},
    }


@dataclass(frozen=True)
class Fixture:
    """A zone, and for each record the verdict with words of its sentence."""

    name: str
    zones: Zones
    expected: dict[str, tuple[str, str]]
    faults: dict[str, Fault] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def changed(**names: Records) -> Zones:
    """Give the good zone with some names replaced; `_` stands for the domain, `__x` for x below it."""
    zones: dict[str, Records] = {**good()}
    for name, records in names.items():
        zones["contoso.com" if name == "_" else f"{name[2:]}.contoso.com".replace("DOT", ".")] = records
    return zones


def spf(*records: str | bytes, **more: Records) -> Zones:
    """Give the good zone with another SPF record."""
    mx: list[str | bytes] = ["0 contoso-com.mail.protection.outlook.com."]
    return {**changed(_={"TXT": list(records), "MX": mx}), **more}


def dmarc(*records: str | bytes) -> Zones:
    """Give the good zone with another DMARC record."""
    return {**good(), "_dmarc.contoso.com": {"TXT": list(records)}}


def dkim(**selectors: Records) -> Zones:
    """Give the good zone with other keys."""
    zones = {name: records for name, records in good().items() if "_domainkey.contoso.com" not in name}
    return {**zones, **{f"{name}._domainkey.contoso.com": records for name, records in selectors.items()}}


CHAIN = {f"i{n}.example": {"TXT": [f"v=spf1 include:i{n + 1}.example -all"]} for n in range(1, 20)}
INCLUDE = "include:spf.protection.outlook.com"
FIXTURES = (
    Fixture(
        "all is published",
        good(),
        {
            "spf": (OK, "authorises Microsoft 365"),
            "dkim": (OK, "published for selector1"),
            "dmarc": (OK, "contoso.com is reject"),
            "mx": (OK, "can arrive"),
            "mta_sts": (OK, "published"),
        },
    ),
    Fixture(
        "nothing is published",
        {},
        {
            "spf": (MISSING, "no SPF record"),
            "dkim": (MISSING, "selector1, selector2"),
            "dmarc": (MISSING, "no DMARC record"),
            "mx": (MISSING, "No server takes mail"),
            "mta_sts": (MISSING, "Not set up"),
        },
        warnings=("no_microsoft",),
    ),
    Fixture(
        "no name server answers",
        good(),
        dict.fromkeys(("spf", "dkim", "dmarc", "mx", "mta_sts"), (UNKNOWN, "gave no answer")),
        faults={
            **dict.fromkeys(("contoso.com", "_dmarc.contoso.com", "_mta-sts.contoso.com"), Fault.SERVFAIL),
            **dict.fromkeys((f"selector{n}._domainkey.contoso.com" for n in (1, 2)), Fault.REFUSED),
        },
    ),
    Fixture("two SPF records", spf(f"v=spf1 {INCLUDE} -all", "v=spf1 mx ~all"), {"spf": (WRONG, "2 SPF records")}),
    Fixture("SPF of another service", spf("v=spf1 include:_spf.google.com ~all", **{"_spf.google.com": {"TXT": ["v=spf1 ip4:35.190.247.0/24 ~all"]}}), {"spf": (WRONG, "does not mention Microsoft 365")}),
    Fixture("SPF allows everyone", spf(f"v=spf1 {INCLUDE} +all"), {"spf": (WRONG, "allows everyone")}),
    Fixture("SPF by an include of an include", spf("v=spf1 include:mail.partner.example -all", **{"mail.partner.example": {"TXT": [f"v=spf1 {INCLUDE} -all"]}}), {"spf": (OK, "authorises")}),
    Fixture("SPF by redirect", spf("v=spf1 redirect=_spf.partner.example", **{"_spf.partner.example": {"TXT": [f"v=spf1 {INCLUDE} -all"]}}), {"spf": (OK, "authorises")}),
    Fixture("SPF with too many look-ups", spf(f"v=spf1 include:i1.example {INCLUDE} -all", **CHAIN), {"spf": (WRONG, "more than 10 look-ups")}),
    Fixture("SPF includes itself", spf(f"v=spf1 include:contoso.com {INCLUDE} -all"), {"spf": (WRONG, "more than 10 look-ups")}),
    Fixture("SPF includes nothing", spf(f"v=spf1 include:gone.example {INCLUDE} -all"), {"spf": (WRONG, "gone.example, which has no usable")}),
    Fixture("SPF with a slip", spf("v=spf1 inculde:spf.protection.outlook.com -all"), {"spf": (WRONG, "inculde")}),
    Fixture("SPF only denies Microsoft", spf(f"v=spf1 -{INCLUDE} ~all"), {"spf": (WRONG, "does not mention")}),
    Fixture("SPF with something behind all", spf(f"v=spf1 -all {INCLUDE}"), {"spf": (WRONG, "does not mention")}),
    Fixture("SPF whose include is silent", spf("v=spf1 include:broken.example -all"), {"spf": (UNKNOWN, "broken.example")}, faults={"broken.example": Fault.SERVFAIL}),
    Fixture("SPF found although another include is silent", spf(f"v=spf1 include:broken.example {INCLUDE} -all"), {"spf": (OK, "authorises")}, faults={"broken.example": Fault.SERVFAIL}),
    Fixture("SPF cut off over UDP", spf(f"v=spf1 {INCLUDE} -all", "x" * 3000), {"spf": (OK, "authorises"), "mx": (OK, "")}, faults={"contoso.com": Fault.TRUNCATED}),
    Fixture("a key only at the second selector", dkim(selector2={"TXT": [f"v=DKIM1; p={KEY}"]}), {"dkim": (OK, "selector2")}),
    Fixture("a key without a version", dkim(selector1={"TXT": [f"k=rsa; p={KEY}"]}), {"dkim": (OK, "selector1")}),
    Fixture("a revoked key", dkim(selector1={"TXT": ["v=DKIM1; p="]}), {"dkim": (WRONG, "withdrawn")}),
    Fixture("a damaged key", dkim(selector1={"TXT": ["v=DKIM1; p=abc$%"]}), {"dkim": (WRONG, "cannot be read")}),
    Fixture("an alias to nothing", dkim(selector1={"CNAME": ["nowhere.onmicrosoft.com."]}), {"dkim": (WRONG, "leads to no key")}),
    Fixture("an alias in a circle", dkim(selector1={"CNAME": ["selector2._domainkey.contoso.com."]}, selector2={"CNAME": ["selector1._domainkey.contoso.com."]}), {"dkim": (UNKNOWN, "no answer")}),
    Fixture("DMARC only watches", dmarc("v=DMARC1;p=none"), {"dmarc": (OK, "policy of contoso.com is none")}),
    Fixture("DMARC tests", dmarc("v=DMARC1; p=reject; t=y"), {"dmarc": (OK, "is quarantine")}),
    Fixture("DMARC for no mail", dmarc("v=DMARC1; p=reject; pct=0"), {"dmarc": (OK, "is none")}),
    Fixture("two DMARC records", dmarc("v=DMARC1; p=none", "v=DMARC1; p=reject"), {"dmarc": (WRONG, "several")}),
    Fixture("DMARC with a slip", dmarc("v=DMARC1; p=rejct"), {"dmarc": (WRONG, "cannot read")}),
    Fixture("DMARC in lower case", dmarc("v=dmarc1; p=reject"), {"dmarc": (WRONG, "cannot read")}),
    Fixture("DMARC beside other texts", dmarc("hello", "v=DMARC1; p=quarantine"), {"dmarc": (OK, "quarantine")}),
    Fixture("the domain takes no mail", changed(_={"MX": ["0 ."], "TXT": [f"v=spf1 {INCLUDE} -all"]}), {"mx": (WRONG, "takes no mail")}),
    Fixture("MTA-STS without an id", {**good(), "_mta-sts.contoso.com": {"TXT": ["v=STSv1;"]}}, {"mta_sts": (WRONG, "cannot read")}),
    Fixture("neither MX nor SPF at Microsoft", changed(_={"MX": ["10 mx.contoso.com."], "TXT": ["v=spf1 mx -all"]}), {"mx": (OK, ""), "spf": (WRONG, "Microsoft 365")}, warnings=("no_microsoft",)),
    Fixture("MX elsewhere, SPF at Microsoft", changed(_={"MX": ["10 mx.contoso.com."], "TXT": [f"v=spf1 {INCLUDE} -all"]}), {"mx": (OK, ""), "spf": (OK, "")}),
    Fixture("MX at Microsoft, SPF elsewhere", spf("v=spf1 mx -all"), {"mx": (OK, ""), "spf": (WRONG, "")}),
)  # fmt: skip
