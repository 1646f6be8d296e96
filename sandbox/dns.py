"""A name server on loopback, UDP and TCP on one port: zones are data, failures are scripted.

It answers like a resolver: aliases are followed, names it does not know do not exist (RFC 1034 §4.3.2).
"""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from sandbox.listener import LOOPBACK, Listener, PortTaken

TTL = 60
# What fits into a UDP answer when the question says nothing else (RFC 1035 §2.3.4).
UDP_BYTES = 512
LONGEST_CHAIN = 20
STRING_BYTES = 255
BIND_TRIES = 20

# Name → type → values; TXT values are given whole, as text or as raw bytes.
Values = Sequence[str | bytes]
Zones = Mapping[str, Mapping[str, Values]]


class Fault(StrEnum):
    """What goes wrong with every question for a name."""

    SERVFAIL = "servfail"
    REFUSED = "refused"
    SILENT = "silent"  # no answer at all
    TRUNCATED = "truncated"  # over UDP only "ask again over TCP"
    GARBAGE = "garbage"  # bytes that are no answer


class DnsServer(Listener):
    """Serves zones that a test or the demo hands it; `zones` and `faults` may change while it runs."""

    def __init__(
        self, zones: Zones | None = None, *, faults: Mapping[str, Fault] | None = None, port: int = 0
    ) -> None:
        super().__init__(port=port)
        self.zones: dict[str, Mapping[str, Values]] = dict(zones or {})
        self.faults: dict[str, Fault] = dict(faults or {})
        # Every question that came, such as ("_dmarc.contoso.com", "TXT"), once for each try.
        self.asked: list[tuple[str, str]] = []
        self._datagrams: socket.socket | None = None
        self._reader: threading.Thread | None = None

    @property
    def address(self) -> str:
        """Where it listens, as the setting DNS_SERVERS wants it."""
        return f"{LOOPBACK}:{self.port}"

    def start(self) -> Self:
        """Listen on one port by TCP and UDP.

        Raises:
            PortTaken: another program has the port that was asked for.
        """
        for _ in range(BIND_TRIES):
            super().start()
            datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                datagrams.bind((LOOPBACK, self.port))
            except OSError as error:
                datagrams.close()
                super().stop()
                if self._wanted_port or error.errno != errno.EADDRINUSE:
                    raise PortTaken(self._wanted_port) from error
                continue
            self._datagrams = datagrams
            self._reader = threading.Thread(target=self._read, args=(datagrams,), daemon=True)
            self._reader.start()
            return self
        raise PortTaken(self._wanted_port)

    def stop(self) -> None:
        """Stop listening."""
        datagrams, reader = self._datagrams, self._reader
        super().stop()
        if datagrams is None or reader is None:
            return
        # A thread that waits for a datagram wakes by one.
        with contextlib.suppress(OSError):
            datagrams.sendto(b"", (LOOPBACK, self.port))
        reader.join(5)
        datagrams.close()
        self._datagrams = self._reader = None

    def converse(self, connection: socket.socket) -> None:
        """Answer questions over TCP, each with its length in front (RFC 7766)."""
        with connection.makefile("rb") as stream:
            while len(head := stream.read(2)) == 2:  # noqa: PLR2004 - the length field
                answer = self._answer(stream.read(struct.unpack("!H", head)[0]), most_bytes=65535)
                if answer is None:
                    self.stopping.wait()
                    return
                connection.sendall(struct.pack("!H", len(answer)) + answer)

    def _read(self, datagrams: socket.socket) -> None:
        while not self.stopping.is_set():
            try:
                question, sender = datagrams.recvfrom(65535)
            except OSError:
                return
            # One thread each, as with TCP: a slow answer holds up nobody else's.
            threading.Thread(target=self._reply, args=(datagrams, question, sender), daemon=True).start()

    def _reply(self, datagrams: socket.socket, question: bytes, sender: tuple[str, int]) -> None:
        answer = self._answer(question, most_bytes=0) if question else None
        if answer is not None:
            with contextlib.suppress(OSError):
                datagrams.sendto(answer, sender)

    def _answer(self, wire: bytes, *, most_bytes: int) -> bytes | None:
        """Give the answer's bytes; None for silence. `most_bytes` 0 means a datagram's limit."""
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        fault = self.faults.get(name)
        if fault == Fault.SILENT:
            return None
        if fault == Fault.GARBAGE:
            return wire[:2] + b"\x84\x00\x00\x01\xff\xff\x00\x00\x00\x00\xc0\x0c\xff"
        reply = dns.message.make_response(query, recursion_available=True)
        by_udp = not most_bytes
        if fault in {Fault.SERVFAIL, Fault.REFUSED}:
            reply.set_rcode(dns.rcode.SERVFAIL if fault == Fault.SERVFAIL else dns.rcode.REFUSED)
        elif fault == Fault.TRUNCATED and by_udp:
            reply.flags |= dns.flags.TC
        else:
            self.fill(reply, name, kind)
        return _wire(reply, max(query.payload, UDP_BYTES) if by_udp else most_bytes)

    def fill(self, reply: dns.message.Message, name: str, kind: str) -> None:
        """Write what the zones hold, with every alias on the way."""
        for _ in range(LONGEST_CHAIN):
            records = self.zones.get(name, {})
            if kind in records:
                reply.answer.append(_rrset(name, kind, records[kind]))
                return
            if "CNAME" not in records:
                break
            reply.answer.append(_rrset(name, "CNAME", records["CNAME"]))
            name = str(records["CNAME"][0]).rstrip(".").lower()
        if not any(each == name or each.endswith(f".{name}") for each in self.zones):
            reply.set_rcode(dns.rcode.NXDOMAIN)


def _rrset(name: str, kind: str, values: Values) -> dns.rrset.RRset:
    found = dns.rrset.RRset(dns.name.from_text(name), dns.rdataclass.IN, dns.rdatatype.from_text(kind))
    for value in values:
        found.add(_rdata(kind, value), TTL)
    return found


def _rdata(kind: str, value: str | bytes) -> dns.rdata.Rdata:
    if kind != "TXT":
        text = value.decode() if isinstance(value, bytes) else value
        return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), text)
    raw = value if isinstance(value, bytes) else value.encode()
    wire = b"".join(bytes([len(piece)]) + piece for piece in _strings(raw))
    return dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.TXT, wire, 0, len(wire))


def _strings(raw: bytes) -> Iterator[bytes]:
    """Cut a long text as zone editors do: a record is made of strings of at most 255 bytes."""
    for start in range(0, max(len(raw), 1), STRING_BYTES):
        yield raw[start : start + STRING_BYTES]


def _wire(reply: dns.message.Message, most_bytes: int) -> bytes:
    try:
        return reply.to_wire(max_size=most_bytes)
    except dns.exception.TooBig:
        reply.answer.clear()
        reply.flags |= dns.flags.TC
        return reply.to_wire(max_size=most_bytes)
