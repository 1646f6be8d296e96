"""Mail services as the DNS knows them: SPF include, DKIM selectors, mail exchangers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MICROSOFT, GOOGLE = "microsoft", "google"


@dataclass(frozen=True, kw_only=True)
class MailService:
    """One service that sends; at most two selectors, since no more are asked for."""

    key: str
    label: str
    family: str = ""
    # Any one of them in the SPF record authorises the service; the first is the one to publish.
    includes: tuple[str, ...] = ()
    # What to publish where there is no include: the term of a server of one's own.
    term: str = ""
    selectors: tuple[str, ...] = ()
    exchangers: tuple[str, ...] = ()
    # Submission hosts end with one of these.
    hosts: tuple[str, ...] = ()

    @property
    def spf_term(self) -> str:
        """The term an SPF record needs for this service; empty when nobody here knows."""
        return f"include:{self.includes[0]}" if self.includes else self.term


KNOWN: Final = (
    MailService(
        key="microsoft",
        label="Microsoft 365",
        family=MICROSOFT,
        includes=("spf.protection.outlook.com",),
        selectors=("selector1", "selector2"),
        exchangers=("mail.protection.outlook.com", "mx.microsoft", "olc.protection.outlook.com"),
        hosts=("office365.com", "outlook.com"),
    ),
    MailService(
        key="microsoft_us",
        label="Microsoft 365 US Government",
        family=MICROSOFT,
        includes=("spf.protection.office365.us",),
        selectors=("selector1", "selector2"),
        exchangers=("mail.protection.office365.us",),
        hosts=("office365.us",),
    ),
    MailService(
        key="microsoft_cn",
        label="Microsoft 365 (21Vianet)",
        family=MICROSOFT,
        includes=("spf.protection.partner.outlook.cn",),
        selectors=("selector1", "selector2"),
        exchangers=("mail.protection.partner.outlook.cn",),
        hosts=("partner.outlook.cn",),
    ),
    MailService(
        key="google",
        label="Google",
        family=GOOGLE,
        includes=("_spf.google.com",),
        selectors=("google",),
        exchangers=("google.com", "googlemail.com"),
        hosts=("gmail.com", "google.com"),
    ),
    MailService(
        key="zoho",
        label="Zoho",
        includes=("zohomail.com", "zoho.com", "zohomail.eu", "zoho.eu", "zohomail.in", "zoho.in"),
        selectors=("zmail", "zoho"),
        exchangers=("zoho.com", "zoho.eu", "zoho.in"),
        hosts=("zoho.com", "zoho.eu", "zoho.in"),
    ),
    MailService(
        key="sendgrid",
        label="SendGrid",
        includes=("sendgrid.net",),
        selectors=("s1", "s2"),
        hosts=("sendgrid.net",),
    ),
    MailService(key="mailgun", label="Mailgun", includes=("mailgun.org",), hosts=("mailgun.org",)),
    MailService(key="ses", label="Amazon SES", includes=("amazonses.com",), hosts=("amazonaws.com",)),
    MailService(
        key="brevo",
        label="Brevo",
        includes=("spf.brevo.com", "spf.sendinblue.com"),
        selectors=("brevo1", "mail"),
        hosts=("brevo.com", "sendinblue.com"),
    ),
    MailService(
        key="mailjet",
        label="Mailjet",
        includes=("spf.mailjet.com",),
        selectors=("mailjet",),
        hosts=("mailjet.com",),
    ),
)
BY_KEY: Final = {service.key: service for service in KNOWN}
OF_CLOUD: Final[Mapping[str, str]] = {
    "us_government": "microsoft_us",
    "us_defense": "microsoft_us",
    "china": "microsoft_cn",
}
# Mailbox domains whose records belong to the service, not to the people who use it.
OWNERS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("outlook.com", "hotmail.com", "live.com", "msn.com", "onmicrosoft.com"), "Microsoft"),
    **dict.fromkeys(("gmail.com", "googlemail.com"), "Google"),
    **dict.fromkeys(("yahoo.com", "ymail.com", "rocketmail.com", "aol.com"), "Yahoo"),
    **dict.fromkeys(("icloud.com", "me.com", "mac.com"), "Apple"),
    **dict.fromkeys(("gmx.com", "gmx.net", "gmx.de", "web.de", "mail.com"), "GMX"),
    **dict.fromkeys(("proton.me", "protonmail.com", "pm.me"), "Proton"),
}


def service_of_host(host: str) -> MailService:
    """Tell which service a submission host belongs to; an unknown one is a service of its own."""
    for service in KNOWN:
        if within(host, service.hosts):
            return service
    is_name = not host.replace(".", "").isdigit() and ":" not in host and "." in host
    return MailService(key=host, label=host, term=f"a:{host}" if is_name else "")


def service_of_cloud(cloud: str) -> MailService:
    """Give the Microsoft 365 of a cloud."""
    return BY_KEY[OF_CLOUD.get(cloud, "microsoft")]


def within(name: str, domains: tuple[str, ...]) -> bool:
    """Say whether a name is one of the domains or below one."""
    return any(name == domain or name.endswith(f".{domain}") for domain in domains)


def owner_of(domain: str) -> str:
    """Name the company whose domain this is, where people only have a mailbox; else empty."""
    return next((owner for known, owner in OWNERS.items() if within(domain, (known,))), "")
