"""The demo's name server: knows the demo's domains, and passes other questions on to this machine's own."""

from __future__ import annotations

from typing import Final

import dns.exception
import dns.message
import dns.rcode
import dns.resolver

from sandbox.dns import DnsServer, Zones

FORWARD_SECONDS: Final = 3.0
KEY: Final = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr1L5SandboxKeyOfTheDemo0123456789abcdefQIDAQAB"
SELECTOR: Final = "selector1-contoso-com._domainkey.contoso.onmicrosoft.com"
ZONES: Final[Zones] = {
    # Contoso sends through Microsoft and has done nearly everything.
    "contoso.com": {
        "TXT": ["v=spf1 include:spf.protection.outlook.com -all"],
        "MX": ["0 contoso-com.mail.protection.outlook.com."],
    },
    "_dmarc.contoso.com": {"TXT": ["v=DMARC1; p=none; rua=mailto:dmarc@contoso.com"]},
    "selector1._domainkey.contoso.com": {"CNAME": [f"{SELECTOR}."]},
    SELECTOR: {"TXT": [f"v=DKIM1; k=rsa; p={KEY}"]},
    "_mta-sts.contoso.com": {"TXT": ["v=STSv1; id=20261120"]},
    # Fabrikam has a server of its own, two SPF records and no key.
    "fabrikam.com": {
        "TXT": ["v=spf1 mx -all", "v=spf1 include:spf.protection.outlook.com ~all"],
        "MX": ["10 mail.fabrikam.com."],
    },
    "_dmarc.fabrikam.com": {"TXT": ["v=DMARC1; p=reject"]},
    "spf.protection.outlook.com": {"TXT": ["v=spf1 ip4:40.92.0.0/15 -all"]},
}


class DemoDns(DnsServer):
    """Answers for the demo at once; a real domain somebody tries gets its real records."""

    def __init__(self) -> None:
        super().__init__(ZONES)

    def fill(self, reply: dns.message.Message, name: str, kind: str) -> None:
        """Answer from the demo's zones, or with what this machine's own name servers say."""
        if any(name == zone or name.endswith(f".{zone}") for zone in ZONES):
            super().fill(reply, name, kind)
            return
        try:
            answer = dns.resolver.Resolver().resolve(
                f"{name}.", kind, search=False, lifetime=FORWARD_SECONDS, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        except (dns.exception.DNSException, OSError):
            reply.set_rcode(dns.rcode.SERVFAIL)
        else:
            reply.answer.extend(answer.response.answer)
