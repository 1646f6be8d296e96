"""HTTPS to the few hosts the operator's table names: pinned address, no redirects, no proxies, caps."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, Final

from providers.errors import ProviderError, Stage, failure
from providers.network.connect import CONNECT_SECONDS, connect
from providers.network.egress import HTTPS_PORT, Egress
from providers.network.timed import LINE_ERRORS, TimedTls
from providers.network.tls import start_tls
from providers.trace import Trace

ERROR_BYTES: Final = 1024 * 1024
AGENT: Final = "Mailroom"
IDLE_SECONDS: Final = 60.0


@dataclass(frozen=True)
class HttpReply:
    """An answer: status, lower-case headers, body cut at the cap."""

    status_code: int
    headers: Mapping[str, str]
    text: str
    complete: bool = True

    def json(self) -> Any:  # noqa: ANN401 - whatever the other side wrote
        """Give the parsed body, or None when it is not JSON."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None

    def raise_for_status(self) -> None:
        """Stand in for the method MSAL calls; the status is judged by our own tables."""
        if self.status_code >= 400:  # noqa: PLR2004 - HTTP's own border
            raise failure("token_unavailable", provider_code=str(self.status_code))


class HttpClient:
    """Keeps one connection per host; for one thread."""

    def __init__(self, egress: Egress, trace: Trace) -> None:
        self._egress = egress
        self._trace = trace
        self._open: dict[str, tuple[HTTPConnection, float]] = {}

    def warm(self, host: str, *, seconds: float) -> None:
        """Reach a host before there is something to say to it.

        Raises:
            ProviderError: it is not reached.
        """
        self._connection(host, time.monotonic() + seconds)

    def request(
        self,
        method: str,
        host: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        seconds: float,
        most_bytes: int = ERROR_BYTES,
        when_lost: str = "connection_lost",
        before_transmit: Callable[[], None] | None = None,
    ) -> HttpReply:
        """Ask once; redirects come back as they are.

        `before_transmit` is called when the connection stands and nothing has been sent. `when_lost` is the
        code for a request that left without an answer.

        Raises:
            ProviderError: the host is not allowed, not reached, or did not answer.
        """
        ends = time.monotonic() + seconds
        connection = self._connection(host, ends)
        if before_transmit is not None:
            before_transmit()
        try:
            if isinstance(connection.sock, TimedTls):
                connection.sock.until = ends
            _ask(connection, method, path, headers, body)
            with connection.getresponse() as response:
                reply = _read(response, most_bytes)
        except (*LINE_ERRORS, HTTPException) as error:
            self._forget(host)
            raise _lost(host, error, when_lost) from None
        if connection.sock is None or not reply.complete:
            self._forget(host)
        else:
            self._open[host] = (connection, time.monotonic())
        return reply

    def close(self) -> None:
        """Close every connection."""
        for host in tuple(self._open):
            self._forget(host)

    def _connection(self, host: str, ends: float) -> HTTPConnection:
        kept = self._open.get(host)
        if kept is not None and _is_alive(*kept):
            return kept[0]
        self._forget(host)
        name, _, port = host.partition(":")
        number = int(port or HTTPS_PORT)
        self._egress.check_https(name, number)
        seconds = min(CONNECT_SECONDS, max(ends - time.monotonic(), 0.05))
        opened = connect(name, number, self._egress, self._trace, seconds=seconds)
        secured = start_tls(opened, name, self._trace, ca_bundle=self._egress.ca_bundle)
        connection = HTTPConnection(name, number)
        connection.sock = secured
        # Without this http.client would quietly dial again by itself, past every rule.
        connection.auto_open = 0
        self._open[host] = (connection, time.monotonic())
        return connection

    def _forget(self, host: str) -> None:
        kept = self._open.pop(host, None)
        if kept is not None:
            kept[0].close()


def _ask(
    connection: HTTPConnection, method: str, path: str, headers: Mapping[str, str], body: bytes | None
) -> None:
    port = "" if connection.port == HTTPS_PORT else f":{connection.port}"
    sent = {
        "Host": f"{connection.host}{port}",
        "Accept-Encoding": "identity",
        "Accept": "application/json",
        "User-Agent": AGENT,
    }
    # A server may answer "too large" and hang up before it has read everything.
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.request(method, path, body=body, headers={**sent, **headers})


def _read(response: HTTPResponse, most_bytes: int) -> HttpReply:
    pieces, size = [], 0
    while size <= most_bytes:
        piece = response.read(min(65536, most_bytes + 1 - size))
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
    text = b"".join(pieces)[:most_bytes].decode("utf-8", "replace")
    headers = {name.lower(): value for name, value in response.getheaders()}
    return HttpReply(response.status, headers, text, complete=size <= most_bytes)


def _is_alive(connection: HTTPConnection, used_at: float) -> bool:
    opened = connection.sock
    return isinstance(opened, TimedTls) and time.monotonic() - used_at < IDLE_SECONDS and opened.is_idle()


def _lost(host: str, error: Exception, when_lost: str) -> ProviderError:
    if when_lost == "outcome_unknown":
        return failure("outcome_unknown", stage=Stage.ACCEPTED, host=host, facts={"host": host})
    if isinstance(error, TimeoutError):
        return failure("timeout", host=host, facts={"host": host})
    strange = isinstance(error, HTTPException | ValueError) and not isinstance(error, ConnectionError)
    return failure("unknown_reply" if strange else when_lost, host=host, facts={"host": host})
