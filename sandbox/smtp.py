"""A real SMTP server on 127.0.0.1 that catches mail and can be told to misbehave."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping
from typing import Literal

from sandbox import smtp_commands
from sandbox.inbox import Inbox
from sandbox.listener import Listener, PortTaken
from sandbox.smtp_auth import Tokens
from sandbox.smtp_rules import Fault, Rules
from sandbox.smtp_session import HOST, SessionRecord, SmtpSession
from sandbox.smtp_wire import Wire
from sandbox.tls import Authority

__all__ = ["Fault", "Mode", "PortTaken", "Rules", "SessionRecord", "SmtpServer"]

Mode = Literal["starttls", "tls", "plain"]


class SmtpServer(Listener):
    """Catches mail into an inbox.

    With users, or with `tokens` that judges user and access token, a client has to sign in over TLS before
    it may send. `trap` offers AUTH in clear and keeps what it gets, to prove that no client falls for that.
    """

    def __init__(
        self,
        inbox: Inbox,
        *,
        mode: Mode = "starttls",
        authority: Authority | None = None,
        users: Mapping[str, str] | None = None,
        tokens: Tokens | None = None,
        port: int = 0,
        rules: Rules | None = None,
        context: ssl.SSLContext | None = None,
        trap: bool = False,
    ) -> None:
        super().__init__(port=port)
        if mode != "plain" and authority is None and context is None:
            raise ValueError(f"Mode {mode!r} needs an authority or a context for its certificate.")
        self.inbox = inbox
        self.mode = mode
        self.users = dict(users or {})
        self.tokens = tokens
        self.rules = rules or Rules()
        self.trap = trap
        self.sessions: list[SessionRecord] = []
        self.credentials: list[str] = []  # filled in trap mode only
        self.credentials_received = 0
        self._context = context or (authority.context() if authority is not None else None)
        self._sessions_lock = threading.Lock()

    @property
    def context(self) -> ssl.SSLContext:
        """The certificate that this server shows."""
        if self._context is None:
            raise ValueError("A plain server has no certificate.")
        return self._context

    @context.setter
    def context(self, context: ssl.SSLContext) -> None:
        self._context = context

    @property
    def transcript(self) -> list[str]:
        """Every line of every session, without credentials."""
        return [line for session in list(self.sessions) for line in session.transcript]

    @property
    def signed_in(self) -> list[str]:
        """Who signed in, one entry for each session that did."""
        return [session.signed_in_as for session in list(self.sessions) if session.signed_in_as]

    @property
    def open_sessions(self) -> int:
        """How many conversations are going on."""
        return sum(session.is_open for session in list(self.sessions))

    @property
    def wants_sign_in(self) -> bool:
        """Whether nobody may send without signing in."""
        return bool(self.users or self.tokens)

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """How a client may sign in: with what passwords or tokens are known; a trap offers all."""
        by_password = self.rules.auth_mechanisms if self.users or not self.tokens else ()
        return (*by_password, *(self.rules.token_mechanisms if self.tokens else ()))

    def greeting(self) -> str:
        """The first line of a session."""
        limit = self.rules.session_limit
        if limit is not None and self.open_sessions > limit:
            return "421 4.3.2 Concurrent connections limit exceeded"
        return f"220 {HOST} ESMTP Mailroom sandbox"

    def keywords(self, *, secure: bool) -> list[str]:
        """What EHLO announces."""
        rules = self.rules
        may_sign_in = secure or rules.auth_without_tls or self.trap
        auth = "AUTH=" if rules.auth_old_form else "AUTH "
        offers = [
            (f"SIZE {rules.size_limit}", rules.announce_size),
            ("PIPELINING", rules.pipelining),
            ("8BITMIME", rules.eight_bit_mime),
            ("SMTPUTF8", rules.smtp_utf8),
            ("ENHANCEDSTATUSCODES", rules.enhanced_codes),
            ("STARTTLS", self.mode == "starttls" and rules.starttls and not secure),
            (auth + " ".join(self.mechanisms), bool((self.wants_sign_in or self.trap) and may_sign_in)),
            (f"LIMITS {rules.limits}", rules.announce_limits),
        ]
        return [keyword for keyword, offered in offers if offered]

    def note_credentials(self, received: str) -> None:
        """Count what looks like credentials; a trap keeps the text too."""
        if received:
            self.credentials_received += 1
            if self.trap:
                self.credentials.append(received)

    def command(self, session: SmtpSession, line: str) -> None:
        """Answer one command line of a session."""
        smtp_commands.command(session, line)

    def converse(self, connection: socket.socket) -> None:
        """Hold one SMTP conversation."""
        with self._sessions_lock:
            record = SessionRecord(number=len(self.sessions) + 1)
            self.sessions.append(record)
        try:
            SmtpSession(self, Wire(connection, self), record).run()
        finally:
            record.is_open = False
