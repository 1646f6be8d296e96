"""The operator's rules for every outgoing connection: addresses, ports, hosts."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from providers.clouds import CLOUDS, Cloud
from providers.errors import Stage, failure
from providers.network.addresses import (
    HostInvalid,
    IpAddress,
    IpNetwork,
    allowed_by_rule,
    canonical_host,
    is_local_name,
    literal,
    wrapped,
)
from providers.network.lookup import system_lookup

SMTP_PORTS: Final = (25, 465, 587, 2525)
HTTPS_PORT: Final = 443
# Google's token endpoints, under the names they have had (smtp-and-oauth.md §9).
GOOGLE_HOSTS: Final = ("accounts.google.com", "oauth2.googleapis.com", "www.googleapis.com")
Lookup = Callable[[str, int, float], tuple[str, ...]]


@dataclass(frozen=True)
class Egress:
    """What the site operator allows beyond the public Internet, and the trust used for TLS."""

    allow_cidrs: Iterable[str | IpNetwork] = ()
    allow_ports: tuple[int, ...] = ()
    oauth_allow_hosts: tuple[str, ...] = ()
    clouds: tuple[Cloud, ...] = CLOUDS
    ca_bundle: Path | None = None
    ehlo_name: str = "localhost"
    lookup: Lookup = field(default=system_lookup, repr=False, compare=False)

    def __post_init__(self) -> None:
        networks = tuple(ipaddress.ip_network(one) for one in self.allow_cidrs)
        object.__setattr__(self, "allow_cidrs", networks)
        object.__setattr__(self, "allow_ports", tuple(self.allow_ports))
        object.__setattr__(self, "oauth_allow_hosts", tuple(host.lower() for host in self.oauth_allow_hosts))

    def is_listed(self, address: IpAddress | str) -> bool:
        """Say whether the operator listed this address."""
        ip = ipaddress.ip_address(address) if isinstance(address, str) else address
        inner = wrapped(ip) if isinstance(ip, ipaddress.IPv6Address) else None
        return any(
            one in network
            for one in (ip, inner)
            if one is not None
            for network in self.allow_cidrs
            if not isinstance(network, str) and network.version == one.version
        )

    def allows(self, address: IpAddress | str) -> bool:
        """Say whether a resolved address may be connected to."""
        ip = ipaddress.ip_address(address) if isinstance(address, str) else address
        return allowed_by_rule(ip) or self.is_listed(ip)

    def field_host(self, typed: str) -> str:
        """Give the canonical host of a form field.

        Raises:
            HostInvalid: the sentence for the field.
        """
        host = canonical_host(typed)
        address = literal(host)
        if address is not None and not self.allows(address):
            raise HostInvalid(
                "This address is not on the public Internet. Use a public mail server, or ask the operator"
                " of this site to add the address to EGRESS_ALLOW_CIDRS."
            )
        if address is None and is_local_name(host) and not self.allow_cidrs:
            raise HostInvalid(
                "This name belongs to a private network. Use a full public name like smtp.example.com, or ask"
                " the operator of this site to add the server to EGRESS_ALLOW_CIDRS."
            )
        return host

    def check_host(self, host: str) -> str:
        """Give the canonical host to connect to.

        Raises:
            ProviderError: address_refused.
        """
        try:
            return self.field_host(host)
        except HostInvalid:
            raise failure("address_refused", stage=Stage.ADDRESS_POLICY, host=host[:253]) from None

    def check_address(self, address: IpAddress | str, *, host: str = "") -> None:
        """Let an address pass that may be connected to; a private name must lead to a listed one.

        Raises:
            ProviderError: address_refused, which never repeats the address.
        """
        local = bool(host) and literal(host) is None and is_local_name(host)
        if not (self.is_listed(address) if local else self.allows(address)):
            raise failure("address_refused", stage=Stage.ADDRESS_POLICY, host=host)

    def smtp_ports(self) -> tuple[int, ...]:
        """List the ports a mail server may have."""
        return tuple(sorted({*SMTP_PORTS, *self.allow_ports}))

    def check_port(self, port: int) -> None:
        """Let a mail server's port pass.

        Raises:
            ProviderError: address_refused.
        """
        if port not in self.smtp_ports():
            raise failure("address_refused", stage=Stage.ADDRESS_POLICY, facts={"port": str(port)})

    def https_hosts(self) -> frozenset[str]:
        """List each `host` or `host:port` HTTPS may go to: Microsoft's, Google's, and listed ones."""
        graph = {host for cloud in self.clouds for host in cloud.upload_hosts()}
        return self.microsoft_hosts() | graph | {*GOOGLE_HOSTS, *self.oauth_allow_hosts}

    def microsoft_hosts(self) -> frozenset[str]:
        """List the login hosts of the clouds' table."""
        return frozenset(host for cloud in self.clouds for host in cloud.login_hosts)

    def check_https(self, host: str, port: int) -> None:
        """Let an HTTPS destination pass that the clouds' table or the operator names.

        Raises:
            ProviderError: address_refused.
        """
        authority = host if port == HTTPS_PORT else f"{host}:{port}"
        if authority not in self.https_hosts() and f"{host}:{port}" not in self.https_hosts():
            raise failure("address_refused", stage=Stage.ADDRESS_POLICY, host=host)
