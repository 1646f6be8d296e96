"""How findings read: one sentence per code, one word and tone per verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailsettings.domain.findings import Finding, Line, Record, Verdict

TITLES: Final[Mapping[Record, tuple[str, Promise]]] = {
    Record.SPF: ("SPF", gettext_lazy("Which servers may send for the domain.")),
    Record.DKIM: ("DKIM", gettext_lazy("The key that proves a message was not changed.")),
    Record.DMARC: ("DMARC", gettext_lazy("What receivers do with mail that proves neither.")),
    Record.MX: ("MX", gettext_lazy("Where answers and bounces arrive.")),
    Record.MTA_STS: ("MTA-STS", gettext_lazy("Asks other servers to encrypt mail to you. Optional.")),
}
CHIPS: Final[Mapping[Verdict, tuple[Promise, str, str]]] = {
    Verdict.OK: (gettext_lazy("OK"), "ok", "check"),
    Verdict.MISSING: (gettext_lazy("Missing"), "warn", "alert-triangle"),
    Verdict.WRONG: (gettext_lazy("Wrong"), "bad", "x"),
    Verdict.UNKNOWN: (gettext_lazy("Could not check"), "", "help-circle"),
}
SENTENCES: Final[Mapping[str, Promise]] = {
    "not_answered": gettext_lazy(
        "The name servers gave no answer. Nothing is blocked by that; check again later."
    ),
    "spf_missing": gettext_lazy("There is no SPF record. Receivers cannot tell your mail from a forgery."),
    "spf_several": gettext_lazy(
        "There are %(fact)s SPF records, so receivers use none of them. Publish one in their place."
    ),
    "spf_syntax": gettext_lazy("Receivers cannot read the SPF record: “%(fact)s” is no term they know."),
    "spf_too_many": gettext_lazy(
        "The SPF record needs more than 10 look-ups, so receivers give up. Remove services you no longer use."
    ),
    "spf_broken_include": gettext_lazy(
        "The SPF record includes %(fact)s, which has no usable SPF record, so receivers give up."
    ),
    "spf_everyone": gettext_lazy("The SPF record allows everyone to send for this domain (+all)."),
    "spf_not_included": gettext_lazy("The SPF record does not mention %(service)s. Add %(fact)s to it."),
    "spf_unreachable": gettext_lazy(
        "%(fact)s, which the SPF record includes, gave no answer. Check again later."
    ),
    "spf_unjudged": gettext_lazy(
        "There is an SPF record. Whether it allows %(service)s depends on addresses your mail service knows."
    ),
    "spf_ok": gettext_lazy("The SPF record authorises %(service)s."),
    "dkim_no_selector": gettext_lazy(
        "Where your mail service keeps its key is not known here. Enter the selector it gave you to check it."
    ),
    "dkim_missing": gettext_lazy(
        "No key is published for %(selector)s. Your mail service shows what to publish."
    ),
    "dkim_alias": gettext_lazy(
        "The alias for %(selector)s leads to no key. Switch DKIM signing on at your mail service."
    ),
    "dkim_revoked": gettext_lazy("The key for %(selector)s is empty, which means it was withdrawn."),
    "dkim_damaged": gettext_lazy("The key for %(selector)s cannot be read. Copy it again, as a whole."),
    "dkim_ok": gettext_lazy("A key is published for %(selector)s."),
    "dmarc_missing": gettext_lazy(
        "There is no DMARC record. Large receivers expect one from everybody who sends."
    ),
    "dmarc_several": gettext_lazy(
        "There are several DMARC records, so receivers use none of them. Keep one."
    ),
    "dmarc_malformed": gettext_lazy("Receivers cannot read the DMARC record. Publish it again."),
    "dmarc_monitoring": gettext_lazy(
        "The policy of %(place)s is none: failures are only reported."
        " Move to quarantine when reports are clean."
    ),
    "dmarc_ok": gettext_lazy("The policy of %(place)s is %(policy)s."),
    "mx_missing": gettext_lazy("No server takes mail for this domain. Answers and bounces are lost."),
    "mx_null": gettext_lazy("The domain says that it takes no mail. Answers and bounces are lost."),
    "mx_ok": gettext_lazy("Answers and bounces can arrive."),
    "sts_missing": gettext_lazy(
        "Not set up. It needs this record and a policy file at mta-sts below your domain."
    ),
    "sts_wrong": gettext_lazy("Senders cannot read the MTA-STS record, so they do not use it."),
    "sts_ok": gettext_lazy("The record is published."),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One finding as the page shows it."""

    key: str
    title: str
    purpose: str
    word: str
    tone: str
    symbol: str
    sentence: str
    # One record per line: name, type and value.
    found: str
    publish: tuple[Line, ...]


def row(finding: Finding) -> Row:
    """Word one finding."""
    title, purpose = TITLES[finding.record]
    word, tone, symbol = CHIPS[finding.verdict]
    if finding.record == Record.MTA_STS and finding.verdict == Verdict.MISSING:
        # Most domains do without it and nothing is lost.
        tone, symbol = "", "circle-dashed"
    sentence = SENTENCES.get(finding.code)
    return Row(
        key=finding.record.value,
        title=title,
        purpose=str(purpose),
        word=str(word),
        tone=tone,
        symbol=symbol,
        sentence=str(sentence) % finding.facts if sentence else "",
        found="\n".join(f"{line.name}  {line.type}  {line.value}" for line in finding.found),
        publish=finding.publish,
    )


def warning(code: str, *, domain: str, service: str, company: str) -> tuple[str, str]:
    """Give title and text of a warning; it stops nothing."""
    words = {"domain": domain, "service": service, "company": company}
    if code == "foreign_owner":
        return (
            _("%(domain)s belongs to %(company)s") % words,
            _(
                "Only %(company)s can let %(service)s send for it, so many receivers refuse such mail."
                " Use an address of a domain of your own."
            )
            % words,
        )
    return (
        _("%(domain)s shows no sign of Microsoft") % words,
        _(
            "Neither its MX nor its SPF record names %(service)s. Microsoft sends for addresses it hosts;"
            " for a domain of your own that takes a paid plan with this domain added to it."
        )
        % words,
    )
