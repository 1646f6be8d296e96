"""Peers that say exactly what a test wants, where the sandbox's servers are too well-behaved."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Talk = Callable[[socket.socket], None]


class Peer:
    """A loopback listener that lets a function talk to everybody who connects."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.connections = 0
        self.received = bytearray()
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._hold, args=(connection,), daemon=True).start()

    def _hold(self, connection: socket.socket) -> None:
        with connection:
            try:
                self._talk(connection)
            except OSError:
                return

    def stop(self) -> None:
        """Stop listening."""
        self.stopping.set()
        # A plain close would leave accept() waiting.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@contextmanager
def peer(talk: Talk) -> Iterator[Peer]:
    """Run a peer for the length of a block."""
    running = Peer(talk)
    try:
        yield running
    finally:
        running.stop()


def says(*replies: bytes) -> Talk:
    """Send the first words at once and one of the others after each line that comes."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(replies[0])
        for reply in replies[1:]:
            if not connection.recv(65536):
                return
            connection.sendall(reply)
        while connection.recv(65536):
            pass

    return talk
