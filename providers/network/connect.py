"""Reaching a server: look up once, check every address, connect to a checked one and prove it."""

from __future__ import annotations

import ipaddress
import socket
import time
from typing import Final

from providers.errors import ProviderError, Stage, failure
from providers.network.addresses import HostInvalid, literal
from providers.network.egress import Egress
from providers.network.timed import LINE_ERRORS, TimedSocket
from providers.trace import Trace

CONNECT_SECONDS: Final = 10.0
LOOKUP_SECONDS: Final = 5.0
TRIED_ADDRESSES: Final = 4


def connect(
    host: str, port: int, egress: Egress, trace: Trace, *, seconds: float = CONNECT_SECONDS
) -> TimedSocket:
    """Open a connection to a host the rules allow; the name is looked up exactly once.

    Raises:
        ProviderError: of the stages name lookup, address policy or connect.
    """
    ends = time.monotonic() + seconds
    with trace.step(Stage.NAME_LOOKUP) as step:
        name = egress.check_host(host)
        addresses = checked_addresses(name, port, egress, min(LOOKUP_SECONDS, seconds))
        is_literal = addresses == (name,)
        step.text = (
            f"{name} is an address, nothing to look up"
            if is_literal
            else f"{name} was found ({addresses[0]})"
        )
    with trace.step(Stage.CONNECT) as step:
        opened = _first_reached(name, port, addresses, ends)
        step.text = f"Connected to {name}, port {port}"
    return opened


def checked_addresses(host: str, port: int, egress: Egress, seconds: float) -> tuple[str, ...]:
    """Give all addresses of a host, each of them allowed; one forbidden answer refuses the host.

    Raises:
        ProviderError: dns_not_found, dns_unavailable or address_refused.
    """
    try:
        if literal(host) is not None:
            egress.check_address(host)
            return (host,)
    except HostInvalid:
        raise failure("address_refused", stage=Stage.ADDRESS_POLICY, host=host) from None
    answers = egress.lookup(host, port, seconds)
    if not answers:
        raise failure("dns_not_found", stage=Stage.NAME_LOOKUP, host=host, facts={"host": host})
    for answer in answers:
        _check_answer(answer, egress, host)
    return answers


def _check_answer(answer: str, egress: Egress, host: str) -> None:
    try:
        egress.check_address(ipaddress.ip_address(answer), host=host)
    except ValueError:
        raise failure("address_refused", stage=Stage.ADDRESS_POLICY, host=host) from None


def _first_reached(host: str, port: int, addresses: tuple[str, ...], ends: float) -> TimedSocket:
    """Try the checked addresses in turn: a name with an IPv6 address must not fail where only IPv4 works."""
    first: ProviderError | None = None
    tried = addresses[:TRIED_ADDRESSES]
    for number, address in enumerate(tried):
        left = ends - time.monotonic()
        try:
            return _reach(address, port, max(left / (len(tried) - number), 0.05))
        except LINE_ERRORS as error:
            first = first or _connect_failure(host, port, error)
    raise first or failure("connect_timeout", stage=Stage.CONNECT, host=host)


def _reach(address: str, port: int, seconds: float) -> TimedSocket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    opened = TimedSocket(family, socket.SOCK_STREAM)
    try:
        opened.settimeout(seconds)
        opened.connect((address, port))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reached = ipaddress.ip_address(opened.getpeername()[0])
    except BaseException:
        opened.close()
        raise
    if reached != ipaddress.ip_address(address):
        opened.close()
        raise ConnectionRefusedError("another address answered")
    return opened


def _connect_failure(host: str, port: int, error: Exception) -> ProviderError:
    refused = isinstance(error, ConnectionRefusedError | ConnectionResetError)
    code = "connect_refused" if refused else "connect_timeout"
    return failure(code, stage=Stage.CONNECT, host=host, facts={"host": host, "port": str(port)})
