"""Which addresses and host names the product may speak to (threat model §4)."""

from __future__ import annotations

import ipaddress
import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

import idna

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
NUMERIC = re.compile(r"(0x[0-9a-f]*|[0-9]+)")
LOCAL_SUFFIXES: Final = ("localhost", "local", "internal", "home.arpa", "lan", "intranet", "corp", "home")

# What `is_global` of Python's patch releases does not agree on, or wrongly calls public.
REFUSED: Final[tuple[IpNetwork, ...]] = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"),
        *("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32"),
        *("2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
    )
)
NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class HostInvalid(ValueError):
    """A host that cannot be used, with the sentence for its field."""


def allowed_by_rule(address: IpAddress) -> bool:
    """Say whether an address is a public one; addresses that wrap another are judged by what they wrap."""
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return False
        inner = wrapped(address)
        if inner is not None:
            return allowed_by_rule(inner)
    if any(address in network for network in REFUSED if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def wrapped(address: IPv6Address) -> IPv4Address | None:
    """Give the IPv4 address inside an IPv4-mapped or NAT64 one."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else None


def literal(host: str) -> IpAddress | None:
    """Read a canonical address literal; None for a name.

    Raises:
        HostInvalid: it is an address in a spelling that libraries read differently.
    """
    text = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    if ":" in text or NUMERIC.fullmatch(text.rstrip(".").rpartition(".")[2]):
        raise HostInvalid("This is not an address. Write IPv4 like 203.0.113.5, without leading zeros.")
    return None


def canonical_host(typed: str) -> str:
    """Give a host as lower-case A-labels or as a canonical literal.

    Raises:
        HostInvalid: one sentence that names the fix.
    """
    text = typed.strip()
    if not text:
        raise HostInvalid("Enter the host, like smtp.example.com.")
    if "://" in text:
        raise HostInvalid("Enter the host name alone, without smtp:// or https:// in front.")
    if re.search(r"[\s/\\@?#%]", text) or not text.isprintable():
        raise HostInvalid(
            "Enter the host name alone, like smtp.example.com, without blanks, path or user name."
        )
    if re.fullmatch(r"[^:\[\]]+:[0-9]+", text):
        raise HostInvalid("Enter the host name alone; the port has a field of its own.")
    if text.isascii():
        address = literal(text.lower())
        if address is not None:
            return str(address)
    return _canonical_name(text)


def _canonical_name(text: str) -> str:
    name = text.lower()
    if not name.isascii():
        try:
            name = idna.encode(text, uts46=True, transitional=False).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise HostInvalid("This is not a host name. Check its spelling.") from None
        if literal(name) is not None:
            raise HostInvalid("Write an address with plain digits, like 203.0.113.5.")
    name = name.removesuffix(".")
    labels = name.split(".")
    if len(name) > 253 or not all(LABEL.fullmatch(label) for label in labels):  # noqa: PLR2004 - RFC 1035
        raise HostInvalid(
            "This is not a host name. Use letters, digits, dots and hyphens, like smtp.example.com."
        )
    return name


def is_local_name(host: str) -> bool:
    """Say whether a canonical name only means something inside a private network."""
    return "." not in host or host.endswith(tuple("." + suffix for suffix in LOCAL_SUFFIXES))
