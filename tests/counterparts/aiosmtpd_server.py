"""aiosmtpd, the SMTP server of the Python world, with one user and its own judgement."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from sandbox.listener import LOOPBACK
from sandbox.tls import Authority
from tests.counterparts.counterpart import (
    KNOWN,
    PASSWORD,
    SIZE_LIMIT,
    USER,
    Counterpart,
    Received,
    free_port,
)


class Keeper:
    """Takes mail for known recipients."""

    def __init__(self) -> None:
        self.mails: list[Received] = []

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        """Judge a recipient."""
        if address not in KNOWN:
            return "550 5.1.1 No such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep a mail."""
        self.mails.append(Received(envelope.mail_from, tuple(envelope.rcpt_tos), envelope.original_content))
        return "250 2.0.0 OK"


def judge(_server: Any, _session: Any, _envelope: Any, _mechanism: str, words: Any) -> AuthResult:
    """Let the one user in."""
    known = isinstance(words, LoginPassword) and (words.login, words.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=known, handled=known)


@contextmanager
def aiosmtpd(authority: Authority) -> Iterator[Counterpart]:
    """Run aiosmtpd with STARTTLS on one port and TLS from the start on another."""
    keeper = Keeper()
    context: ssl.SSLContext = authority.context()
    common: dict[str, Any] = {
        "hostname": LOOPBACK,
        "authenticator": judge,
        "data_size_limit": SIZE_LIMIT,
    }
    upgrading = Controller(
        keeper, port=free_port(), tls_context=context, require_starttls=True, auth_required=True, **common
    )
    encrypted = Controller(keeper, port=free_port(), ssl_context=context, auth_require_tls=False, **common)
    with ExitStack() as stack:
        for controller in (upgrading, encrypted):
            controller.start()
            stack.callback(controller.stop)
        yield Counterpart("aiosmtpd", upgrading.port, encrypted.port, lambda: list(keeper.mails))
