"""HTTPS of this room: to listed hosts only, within limits, and the secret to the Access URL alone."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from providers import Cloud, Egress, ProviderError, Trace
from providers.access_url import parse_access_url
from providers.msal_wire import MsalWire
from providers.network import HttpClient, HttpReply
from providers.network.timed import TimedTls
from sandbox.tls import Authority
from tests.providers.conftest import TENANT
from tests.providers.peers import Peer, peer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def secured(authority: Authority, talk: Callable[[ssl.SSLSocket], None]) -> Any:
    """A peer that speaks TLS, then whatever `talk` says."""
    context = authority.context()

    def wrapped(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure, suppress(OSError):
            talk(secure)

    return peer(wrapped)


def client(authority: Authority, server: Peer, trace: Trace | None = None) -> tuple[HttpClient, str]:
    host = f"127.0.0.1:{server.port}"
    row = Cloud(key="lab", label="Lab", login_hosts=(host,), graph_host=host)
    rules = Egress(allow_cidrs=["127.0.0.0/8"], clouds=(row,), ca_bundle=authority.ca_file)
    return HttpClient(rules, trace or Trace()), host


def ask(http: HttpClient, host: str, **changes: Any) -> HttpReply:
    values: dict[str, Any] = {"headers": {}, "body": b"x=1", "seconds": 0.6}
    return http.request("POST", host, "/path", **{**values, **changes})


def answers(*pieces: bytes, every: float = 0.0) -> Any:
    def talk(secure: ssl.SSLSocket) -> None:
        secure.recv(65536)
        for piece in pieces:
            secure.sendall(piece)
            time.sleep(every)
        while secure.recv(65536):
            pass

    return talk


def silent(secure: ssl.SSLSocket) -> None:
    """Hang up at once."""
    secure.close()


@pytest.mark.parametrize(
    ("talk", "code"),
    [
        (answers(*[bytes([byte]) for byte in OK] * 30, every=0.05), "timeout"),
        (answers(b""), "timeout"),
        (answers(b"hello\r\n\r\n"), "unknown_reply"),
        (answers(b"HTTP/1.1 200 " + b"x" * 100_000), "unknown_reply"),
        (answers(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 500 + b"\r\n"), "unknown_reply"),
        (answers(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{}"), "timeout"),
        (answers(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "unknown_reply"),
        (silent, "connection_lost"),
    ],
)
@pytest.mark.parametrize("when_lost", ["connection_lost", "outcome_unknown"])
def test_hostile_answer_ends_within_its_limit(
    authority: Authority, talk: Any, code: str, when_lost: str
) -> None:
    with secured(authority, talk) as server:
        http, host = client(authority, server)
        started = time.monotonic()
        with pytest.raises(ProviderError) as caught:
            ask(http, host, when_lost=when_lost)
        http.close()
    assert time.monotonic() - started < 2
    assert caught.value.code == (code if when_lost == "connection_lost" else "outcome_unknown")


def test_endless_body_is_cut_at_its_cap(authority: Authority) -> None:
    endless = answers(b"HTTP/1.1 400 Bad\r\nContent-Length: 90000000\r\n\r\n" + b"x" * 300_000)
    with secured(authority, endless) as server:
        http, host = client(authority, server)
        reply = ask(http, host, most_bytes=1000)
        http.close()
    assert (reply.status_code, len(reply.text), reply.complete) == (400, 1000, False)


def test_connection_is_kept_and_opened_anew_when_it_was_closed(authority: Authority) -> None:
    def twice(secure: ssl.SSLSocket) -> None:
        for _ in range(2):
            asked = b""
            while not asked.endswith(b"x=1"):
                asked += secure.recv(65536)
            secure.sendall(OK)

    with secured(authority, twice) as server:
        http, host = client(authority, server)
        for _ in range(2):
            assert ask(http, host).json() == {}
        deadline = time.monotonic() + 2
        while is_idle(http, host) and time.monotonic() < deadline:
            time.sleep(0.01)
        for _ in range(2):
            assert ask(http, host).json() == {}
        assert server.connections == 2
        http.close()


def test_no_environment_proxy_is_used(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with secured(authority, answers(OK)) as server:
        http, host = client(authority, server)
        assert ask(http, host).status_code == 200
        http.close()


@pytest.mark.control("C-EGR-3")
@pytest.mark.parametrize(
    "host", ["graph.microsoft.com:8443", "example.com", "127.0.0.1", "graph.microsoft.com.", "10.0.0.1:443"]
)
def test_host_or_port_outside_the_table_is_refused(host: str) -> None:
    def never(name: str, port: int, seconds: float) -> tuple[str, ...]:
        raise AssertionError(name)

    http = HttpClient(Egress(lookup=never), Trace())
    with pytest.raises(ProviderError) as caught:
        ask(http, host)
    assert caught.value.code == "address_refused"


def is_idle(http: HttpClient, host: str) -> bool:
    opened = http._open[host][0].sock
    return isinstance(opened, TimedTls) and opened.is_idle()


class Recorder(HttpClient):
    """Notes where requests would go."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    def request(self, method: str, host: str, path: str, **_: Any) -> HttpReply:
        """Note and answer."""
        self.asked.append((method, host, path))
        return HttpReply(200, {}, "{}")


@pytest.mark.control("C-EGR-4")
@pytest.mark.feature("CIR-19")
def test_secret_goes_to_the_access_url_whatever_discovery_says() -> None:
    access = parse_access_url(f"https://login.microsoftonline.us/{TENANT}", Egress())
    recorder = Recorder()
    wire = MsalWire(access, recorder, {})
    for url in (
        "https://evil.example/token",
        "https://login.microsoftonline.com/x/oauth2/v2.0/token",
        "http://a/b",
    ):
        wire.post(url, data={"client_secret": "x"}, headers={})
        with pytest.raises(ProviderError):
            wire.get(url)
    assert set(recorder.asked) == {("POST", "login.microsoftonline.us", f"/{TENANT}/oauth2/v2.0/token")}
