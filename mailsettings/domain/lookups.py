"""The one place that speaks DNS for the sender's domain: the operator's servers, five seconds in all."""

from __future__ import annotations

import time
from typing import Final

import dns.exception
import dns.nameserver
import dns.rdata
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.TXT
import dns.resolver
from django.conf import settings

from mailsettings.domain.answers import Answer, Kind, LookupFailed

# For everything that is asked about one domain, and for one try at one server.
LIFETIME_SECONDS: Final = 5.0
TRY_SECONDS: Final = 2.0
# A hostile name may hold thousands of records; nobody publishes more than a few.
MOST_RECORDS: Final = 50
LONGEST_VALUE: Final = 4096


class DnsResolver:
    """Asks the configured name servers; all questions of one object share its lifetime."""

    def __init__(self, *, seconds: float = LIFETIME_SECONDS) -> None:
        self._ends = time.monotonic() + seconds
        self._resolver = configured()

    def ask(self, name: str, kind: Kind) -> Answer:
        """Give the records of a name; none is an empty answer.

        Raises:
            LookupFailed: nobody knows whether there are any.
        """
        left = self._ends - time.monotonic()
        if self._resolver is None or left <= 0:
            raise LookupFailed(name)
        try:
            answer = self._resolver.resolve(
                f"{name}.", kind, search=False, lifetime=left, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN as missing:
            return Answer(alias=_alias(name, missing.canonical_name.to_text(omit_final_dot=True)))
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise LookupFailed(name) from error
        alias = _alias(name, answer.canonical_name.to_text(omit_final_dot=True))
        # Name servers shuffle what they say; a page that is read again should not.
        records = sorted(answer.rrset or ())[:MOST_RECORDS]
        return Answer(values=tuple(_text(record) for record in records), alias=alias)


def configured() -> dns.resolver.Resolver | None:
    """Make a resolver from `DNS_SERVERS`, or the system's; None when this machine has none."""
    if not settings.DNS_SERVERS:
        try:
            resolver = dns.resolver.Resolver()
        except dns.resolver.NoResolverConfiguration:
            return None
    else:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = [
            dns.nameserver.Do53Nameserver(address, port) for address, port in settings.DNS_SERVERS
        ]
    resolver.timeout = TRY_SECONDS
    return resolver


def _alias(name: str, canonical: str) -> str:
    return "" if canonical.lower() == name.lower() else canonical.lower()


def _text(record: dns.rdata.Rdata) -> str:
    """Write a record as text that can be stored and shown, whatever bytes it is made of."""
    if isinstance(record, dns.rdtypes.ANY.TXT.TXT):
        raw = b"".join(record.strings)[:LONGEST_VALUE].decode("utf-8", "replace")
        return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in raw)
    if isinstance(record, dns.rdtypes.ANY.MX.MX):
        return f"{record.preference} {record.exchange.to_text().lower()}"
    return record.to_text()[:LONGEST_VALUE]
