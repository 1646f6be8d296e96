"""The kept connections of one session with Graph, each for one request at a time."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from providers.network import HttpClient, HttpReply
from providers.session import no_marker
from providers.transports.graph_calls import GraphCalls
from providers.transports.graph_conversation import Call

# What one app may have under way for one mailbox (microsoft.md §10).
REQUESTS_AT_ONCE: Final = 4


class Lines:
    """Gives each request a connection and a thread; the threads do nothing but wait for Graph."""

    def __init__(self, calls: GraphCalls) -> None:
        self._calls = calls
        # The one that is open already goes first.
        self._free = [calls.http]
        self._pool: ThreadPoolExecutor | None = None

    def take(self) -> HttpClient:
        """Give a connection that nobody uses."""
        context = self._calls.context
        return self._free.pop() if self._free else HttpClient(context.egress, context.trace)

    def give_back(self, http: HttpClient) -> None:
        """Keep a connection for the next request."""
        self._free.append(http)

    def start(self, call: Call, http: HttpClient, ends: float) -> Future[HttpReply]:
        """Make a call beside others, until a moment of the monotonic clock."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(REQUESTS_AT_ONCE, thread_name_prefix="graph")
        return self._pool.submit(self._calls.make, call, http, ends, no_marker)

    def close(self) -> None:
        """Close the connections, once the last request has its answer."""
        if self._pool is not None:
            self._pool.shutdown()
        for http in self._free:
            http.close()
