"""Finding a well-known mail service: in the dropdown, by any of its names, or by a sender's domain."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from providers.markers import Option
from providers.service_list import SERVICES, Service
from providers.values import plain_name

OTHER: Final = "other"
SES: Final = "ses"
SES_REGIONS: Final = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "eu-central-1"),
    *("eu-central-2", "eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3", "af-south-1"),
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2", "ap-southeast-1"),
    *("ap-southeast-2", "ap-southeast-3", "il-central-1", "me-central-1", "me-south-1", "us-gov-east-1"),
    "us-gov-west-1",
)

__all__ = [
    "OTHER",
    "SERVICES",
    "SES",
    "SES_REGIONS",
    "Service",
    "find_service",
    "guess_service",
    "region_options",
    "service_options",
    "ses_host",
]


def service_options() -> tuple[Option, ...]:
    """Give the entries of the dropdown: any other server first, then the most used services."""
    other = Option(value=OTHER, label="Other SMTP service", hint="Enter host, port and TLS option yourself.")
    return (other, *(_option(one) for one in SERVICES))


def region_options() -> tuple[Option, ...]:
    """Give the regions of Amazon SES as a dropdown; each one names its host."""
    return tuple(
        Option(value=region, label=region, sets={"host": ses_host(region)}) for region in SES_REGIONS
    )


def ses_host(region: str) -> str:
    """Give the SMTP host of Amazon SES in a region."""
    return f"email-smtp.{region}.amazonaws.com"


def find_service(name: str) -> Service | None:
    """Find a service by key, label, alias or mail domain, whatever the case and punctuation."""
    return _by_name().get(plain_name(name))


def guess_service(email: str) -> Service | None:
    """Find the service a mailbox belongs to, by the domain of its address; None for a domain of one's own."""
    domain = email.rpartition("@")[2].strip().lower()
    return next((one for one in SERVICES if domain in one.domains), None)


@lru_cache(maxsize=1)
def _by_name() -> dict[str, Service]:
    return {
        plain_name(name): one for one in SERVICES for name in (one.key, one.label, *one.aliases, *one.domains)
    }


def _option(one: Service) -> Option:
    return Option(
        value=one.key,
        label=one.label,
        hint=one.note,
        aliases=(*one.aliases, *one.domains),
        sets={"host": one.host, "port": one.port, "tls_option": one.tls_option},
    )
