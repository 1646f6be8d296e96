"""The strict-DMARC rule: no connected account for a domain whose policy turns its mail away (HIR-23)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings as product
from django.utils.translation import gettext as _

from mailsettings.domain.answers import LookupFailed, Resolver
from mailsettings.domain.dmarc import QUARANTINE, REJECT, Policy, read_dmarc
from mailsettings.domain.lookups import DnsResolver
from mailsettings.domain.names import domain_of, shown
from providers import Provider, Settings


class Mode(StrEnum):
    """How strict the platform is; the setting DMARC_RULE."""

    ALIGNED = "aligned"  # only where the sender's domain is not the account's own
    STRICT = "strict"  # every domain with such a policy
    OFF = "off"


@dataclass(frozen=True, kw_only=True)
class Blocked:
    """The save is refused: title and text for the page, which offers Custom SMTP (HIR-24)."""

    title: str
    text: str

    def __str__(self) -> str:
        """Say all of it, for places with one line."""
        return f"{self.title}. {self.text}"


@dataclass(frozen=True, kw_only=True)
class Warned:
    """The save goes through, with this sentence."""

    text: str


def check_sender_domain(
    provider: Provider,
    settings: Settings,
    account_email: str,
    *,
    resolver: Callable[[], Resolver] = DnsResolver,
) -> Blocked | Warned | None:
    """Judge a connection that is to be saved, by one look at the DNS. Call it outside any tenant().

    Args:
        provider: the chosen provider; only those with a connected account are judged.
        settings: its parsed values; without a sender the account's own address counts.
        account_email: whose account is connected, empty before the first consent.
        resolver: makes what asks the DNS.
    """
    domain = judged_domain(provider, settings, account_email)
    if not domain:
        return None
    return judge(look_up(domain, resolver), domain, account_email)


def judged_domain(provider: Provider, settings: Settings, account_email: str) -> str:
    """Give the sender's domain where the rule has something to say; else empty."""
    mode = Mode(product.DMARC_RULE)
    if mode == Mode.OFF or not provider.needs_consent:
        return ""
    domain, account = domain_of(settings.sender_email or account_email), domain_of(account_email)
    # Before the first consent nobody knows whose domain it is; the callback asks again.
    settled = mode == Mode.ALIGNED and (not account or account == domain)
    return "" if settled else domain


def look_up(domain: str, resolver: Callable[[], Resolver] = DnsResolver) -> Policy | None:
    """Ask for the policy of a domain; None when nobody answers."""
    try:
        return read_dmarc(domain, resolver())
    except LookupFailed:
        return None


def judge(policy: Policy | None, domain: str, account_email: str) -> Blocked | Warned | None:
    """Judge a policy that was looked up."""
    words = {"domain": shown(domain), "account": account_email}
    if policy is None:
        return Warned(
            text=_(
                "Saved. The DMARC policy of %(domain)s could not be checked: its name servers gave no answer."
            )
            % words
        )
    refused = {REJECT, QUARANTINE} if product.DMARC_RULE_QUARANTINE else {REJECT}
    if policy.policy not in refused:
        return None
    if Mode(product.DMARC_RULE) == Mode.ALIGNED and policy.covers(domain_of(account_email)):
        return None
    return Blocked(
        title=_("We cannot send on your behalf as %(domain)s") % words,
        text=_(
            "The security settings of %(domain)s (DMARC policy %(policy)s) tell receivers to turn away mail"
            " that does not come from its own servers. Send through a mail server of that domain instead:"
            " choose Custom SMTP and enter its details. Your sender address is kept."
        )
        % (words | {"policy": policy.policy}),
    )
