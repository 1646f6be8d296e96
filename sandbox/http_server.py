"""A small HTTP(S) server on the loopback listener: a request comes in, `answer` gives the response."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import Any

from sandbox.listener import Listener

IDLE_SECONDS = 60.0
DISCARD_LIMIT = 256 * 1024 * 1024
DIGITS = re.compile(r"[0-9]{1,12}")
SERVER_NAME = "Mailroom sandbox"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the client asked; a body over the server's limit is measured but not kept."""

    method: str
    path: str  # as sent, without the query
    query: str = field(default="", repr=False)
    headers: Message
    body: bytes = field(default=b"", repr=False)
    size: int = 0

    @property
    def media_type(self) -> str:
        """The type of the body, without parameters."""
        return str(self.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


@dataclass(frozen=True, kw_only=True)
class Response:
    """What the client gets; `drop` cuts the connection instead."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False


def json_response(status: int, content: object, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Response(status=status, body=json.dumps(content).encode(), headers={**kind, **(headers or {})})


class HttpServer(Listener):
    """Speaks HTTP/1.1 with kept connections; with a context it speaks HTTPS."""

    body_limit = 1024 * 1024

    def __init__(self, *, port: int = 0, context: ssl.SSLContext | None = None) -> None:
        super().__init__(port=port)
        self.context = context

    def answer(self, request: Request) -> Response:
        """The response to one request."""
        raise NotImplementedError

    def converse(self, connection: socket.socket) -> None:
        """Answer the requests of one connection."""
        connection.settimeout(IDLE_SECONDS)
        speaking = self.secure(connection, self.context) if self.context is not None else connection
        _Handler(speaking, self)


class _Handler(BaseHTTPRequestHandler):
    """Turns the library's parsing into Request and Response."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave in one packet
    http: HttpServer

    def __init__(self, connection: socket.socket, server: HttpServer) -> None:
        self.http = server
        super().__init__(connection, ("127.0.0.1", 0), server)  # type: ignore[arg-type]  # it only keeps the server

    def version_string(self) -> str:
        return SERVER_NAME

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's signature
        """Stay silent: what matters is recorded by the servers themselves."""

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not DIGITS.fullmatch(length):
            self.close_connection = True
            self._write(Response(status=411, headers={"Connection": "close"}))
            return
        size = int(length)
        if size > DISCARD_LIMIT:
            self.close_connection = True
            body = b""
        else:
            body = self._read_body(size)
        request = Request(
            method=self.command,
            path=self.path.partition("?")[0],
            query=self.path.partition("?")[2],
            headers=self.headers,
            body=body,
            size=size,
        )
        self._write(self.http.answer(request))

    def _read_body(self, size: int) -> bytes:
        if size <= self.http.body_limit:
            return self.rfile.read(size)
        # Read on: a client that is cut off while it writes never sees the refusal.
        left = size
        while left > 0 and (chunk := self.rfile.read(min(left, 65_536))):
            left -= len(chunk)
        return b""

    def _write(self, response: Response) -> None:
        if response.drop:
            self.close_connection = True
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status not in {204, 304}:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
