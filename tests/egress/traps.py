"""Traps: servers with a good certificate that want to hear a secret, and write down every byte they get."""

from __future__ import annotations

import contextlib
import socket
import ssl
from typing import Literal

from sandbox.listener import LOOPBACK, Listener
from sandbox.tls import Authority

Speech = Literal["starttls", "tls", "https"]
HELLO = b"250-trap\r\n250-AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER\r\n250 STARTTLS\r\n"
TOKEN = b'{"access_token":"trap","token_type":"Bearer","expires_in":3600,"refresh_token":"trap"}'


class Trap(Listener):
    """Says whatever makes a client go on; what it was told is in `heard`."""

    def __init__(self, authority: Authority, speech: Speech) -> None:
        super().__init__()
        self.speech, self.context = speech, authority.context()
        self.heard = bytearray()
        self.callers = 0

    @property
    def host(self) -> str:
        """The host with its port, as the clouds' table wants it."""
        return f"{LOOPBACK}:{self.port}"

    def converse(self, connection: socket.socket) -> None:
        """Lead one client on."""
        self.callers += 1
        with contextlib.suppress(ssl.SSLError):
            if self.speech != "starttls":
                connection = self.secure(connection, self.context)
            if self.speech == "https":
                self._answer(connection)
            else:
                self._mail(connection)

    def _answer(self, connection: socket.socket) -> None:
        while piece := connection.recv(65536):
            self.heard += piece
            head = (
                f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(TOKEN)}\r\n\r\n"
            )
            connection.sendall(head.encode() + TOKEN)

    def _mail(self, connection: socket.socket) -> None:
        connection.sendall(b"220 trap ready\r\n")
        while piece := connection.recv(65536):
            self.heard += piece
            verb = piece[:4].upper()
            if verb == b"STAR":
                connection.sendall(b"220 go on\r\n")
                connection = self.secure(connection, self.context)
            elif verb == b"AUTH":
                connection.sendall(
                    b"334 VXNlcm5hbWU6\r\n" if b" LOGIN" in piece.upper() else b"235 welcome\r\n"
                )
            else:
                connection.sendall(HELLO if verb == b"EHLO" else b"250 ok\r\n")
