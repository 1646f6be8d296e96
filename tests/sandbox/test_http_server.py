"""The HTTP server answers whatever it is sent."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from sandbox.http_server import HttpServer, Request, Response


class Echo(HttpServer):
    """Says what it understood."""

    body_limit = 4

    def answer(self, request: Request) -> Response:
        """Repeat the request."""
        return Response(body=f"{request.method} {request.path} {request.size} {request.body!r}".encode())


@pytest.fixture
def server() -> Iterator[Echo]:
    with Echo() as running:
        yield running


def speak(server: Echo, raw: bytes) -> bytes:
    """Send bytes, end the sending side, give everything that comes back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(raw)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65_536), b""))


@pytest.mark.parametrize(
    ("raw", "status", "body"),
    [
        (b"GET /a?b=1 HTTP/1.1\r\n\r\n", b"200", b"GET /a 0 b''"),
        (b"GET //[ HTTP/1.1\r\n\r\n", b"200", b"GET /[ 0 b''"),
        (b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody", b"200", b"POST / 4 b'body'"),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nlarge", b"200", b"POST / 5 b''"),
        (b"POST / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n", b"200", b"POST / 999999999999 b''"),
        (b"HEAD / HTTP/1.1\r\n\r\n", b"200", b""),
        (b"POST / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n", b"411", b""),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"411", b""),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411", b""),
    ],
)
def test_a_request_is_understood_or_refused(server: Echo, raw: bytes, status: bytes, body: bytes) -> None:
    head, _, rest = speak(server, raw).partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == status
    assert rest == body


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"\xff\xfe\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET"])
def test_nonsense_ends_nothing_but_its_own_connection(server: Echo, raw: bytes) -> None:
    speak(server, raw)
    assert b"200" in speak(server, b"GET / HTTP/1.1\r\n\r\n")


def test_one_connection_carries_several_requests(server: Echo) -> None:
    request = b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nlarge"
    assert speak(server, request * 3).count(b"HTTP/1.1 200") == 3
