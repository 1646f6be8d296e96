"""A loopback listener with one thread per connection: starts in a millisecond, stops at once."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
import threading
from typing import Self

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 5.0


class PortTaken(RuntimeError):
    """Another program listens on the port that was asked for."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} on {LOOPBACK} is taken by another program: end that program or choose another port."
        )
        self.port = port


class Listener:
    """Accepts connections on 127.0.0.1 and gives each one its own thread."""

    def __init__(self, *, port: int = 0) -> None:
        self.port = self._wanted_port = port
        self._listening: socket.socket | None = None
        self._acceptor: threading.Thread | None = None
        self._open: dict[threading.Thread, socket.socket] = {}
        self._lock = threading.Lock()
        self.stopping = threading.Event()

    def choose_port(self, port: int) -> None:
        """Ask for this port at the next start; 0 lets the system choose."""
        self.port = self._wanted_port = port

    def start(self) -> Self:
        """Listen; `port` is known from now on."""
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((LOOPBACK, self._wanted_port))
        except OSError as error:
            listening.close()
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                raise PortTaken(self._wanted_port) from error
            raise
        listening.listen(128)
        self.port = listening.getsockname()[1]
        self.stopping.clear()
        self._listening = listening
        name = f"{type(self).__name__}:{self.port}"
        self._acceptor = threading.Thread(target=self._accept, args=(listening,), name=name, daemon=True)
        self._acceptor.start()
        return self

    def stop(self) -> None:
        """Stop listening, cut every open connection and wait for its thread."""
        listening, acceptor = self._listening, self._acceptor
        if listening is None or acceptor is None:
            return
        self.stopping.set()
        # Closing a socket does not wake a thread that waits in accept(); a connection does, on every system.
        with contextlib.suppress(OSError):
            socket.create_connection((LOOPBACK, self.port), timeout=1).close()
        acceptor.join(STOP_SECONDS)
        listening.close()
        with self._lock:
            connections = dict(self._open)
        for connection in connections.values():
            with contextlib.suppress(OSError):
                # The plain method, since the one of a TLS socket would pull its state from under the thread.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in connections:
            thread.join(STOP_SECONDS)
        self._listening = self._acceptor = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def converse(self, connection: socket.socket) -> None:
        """Speak with one client; the socket is closed afterwards."""
        raise NotImplementedError

    def secure(self, connection: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        """Turn this thread's connection to TLS; raises ssl.SSLError when the client refuses us."""
        wrapped = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open[threading.current_thread()] = wrapped
        wrapped.do_handshake()
        return wrapped

    def _accept(self, listening: socket.socket) -> None:
        while not self.stopping.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            if self.stopping.is_set():
                connection.close()
                return
            thread = threading.Thread(target=self._run, args=(connection,), daemon=True)
            with self._lock:
                self._open[thread] = connection
            thread.start()

    def _run(self, connection: socket.socket) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.converse(connection)
        except OSError:
            pass  # the client left, or stop() cut the connection
        finally:
            with self._lock:
                current = self._open.pop(threading.current_thread(), connection)
            current.close()
