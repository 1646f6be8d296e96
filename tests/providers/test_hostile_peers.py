"""Peers that drip, flood or talk nonsense, and every odd error of a line."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import suppress

import pytest

from providers import ProviderError, Trace, provider
from providers.network import timed, tls
from tests.providers.conftest import (
    Rules,
    StartSmtp,
    context_of,
    smtp_settings,
)
from tests.providers.peers import peer, says
from tests.providers.test_connecting import USERS

TAR_PITS = {
    "silent": says(b""),
    "long line": says(b"220 " + b"x" * 5000),
    "endless line": says(b"220 " + b"x" * 10_000_000),
    "endless reply": says(b"220-x\r\n" * 5000),
    "not a number": says(b"hello there\r\n"),
    "http": says(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "binary": says(bytes(range(256)) + b"\r\n"),
    "no space": says(b"220x\r\n"),
    "redis": says(b"-ERR unknown command\r\n"),
    "ssh": says(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "empty lines": says(b"\r\n\r\n\r\n"),
    "hangs up": lambda connection: connection.close(),
    "resets": lambda connection: connection.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
    ),
    "bad EHLO": says(b"220 hi\r\n", b"\xff\xfe\r\n"),
    "endless EHLO": says(b"220 hi\r\n", b"250-X\r\n" * 500),
    "greets twice": says(b"220 hi\r\n220 hi\r\n", b"250 ok\r\n"),
}


ENDINGS = {"timeout", "unknown_reply", "connection_lost", "connect_refused", "starttls_missing"}


def drip(connection: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection.sendall(b"2")
            time.sleep(0.05)


@pytest.mark.parametrize("kind", [*TAR_PITS, "drip"])
def test_hostile_peer_cannot_hold_a_worker(egress_for: Rules, kind: str) -> None:
    with peer(TAR_PITS.get(kind, drip)) as pit:
        egress = egress_for(None, allow_ports=(pit.port,))
        values = {
            "sender_email": "a@contoso.com",
            "host": "localhost",
            "port": str(pit.port),
            "authentication": False,
            "tls_option": "starttls",
        }
        settings = provider("smtp").parse(values, egress)
        started = time.monotonic()
        trace = Trace()
        with pytest.raises(ProviderError) as caught:
            provider("smtp").open(settings, context_of(egress, trace, time_limit=0.6))
        assert time.monotonic() - started < 2.5
    assert caught.value.code in ENDINGS
    # Banners of strangers are not echoed: the product is no port scanner.
    assert "OpenSSH" not in f"{vars(caught.value)}{trace.results}"
    assert "ERR" not in f"{vars(caught.value)}{trace.results}"
    assert trace.results[-1].verdict == "failed"
    assert trace.results[-1].text


ODD = [
    OSError("odd"),
    OSError(113, "No route to host"),
    TimeoutError("odd"),
    ConnectionResetError("odd"),
    ConnectionRefusedError("odd"),
    BrokenPipeError("odd"),
    InterruptedError("odd"),
    PermissionError("odd"),
    ssl.SSLError(1, "odd"),
    ssl.SSLEOFError(8, "odd"),
    ssl.SSLZeroReturnError(6, "odd"),
    ssl.SSLCertVerificationError(1, "odd"),
    ValueError("odd"),
    UnicodeError("odd"),
    EOFError("odd"),
    OverflowError("odd"),
]


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("place", ["connect", "handshake", "receive", "send"])
def test_every_odd_error_of_the_line_becomes_ours(
    start_smtp: StartSmtp, egress_for: Rules, monkeypatch: pytest.MonkeyPatch, odd: Exception, place: str
) -> None:
    server = start_smtp(mode="tls", users=USERS)
    egress = egress_for(server)
    settings = smtp_settings(server, egress)

    def broken(*arguments: object, **options: object) -> None:
        raise odd

    owner, name = {
        "connect": (timed.TimedSocket, "connect"),
        "handshake": (tls, "tls_context"),
        "receive": (timed.TimedTls, "recv"),
        "send": (timed.TimedTls, "send"),
    }[place]
    monkeypatch.setattr(owner, name, broken)
    with pytest.raises(ProviderError) as caught:
        provider("smtp").open(settings, context_of(egress, time_limit=5.0))
    assert caught.value.stage is not None
