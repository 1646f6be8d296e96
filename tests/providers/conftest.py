"""The other side of the wire: real loopback servers of the sandbox, and rules that allow them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any

import pytest

from providers import (
    CLOUDS,
    Address,
    Cloud,
    Egress,
    MemoryTokenStore,
    Message,
    Settings,
    Trace,
    WireContext,
    parse_addresses,
    provider,
)
from sandbox.inbox import Inbox
from sandbox.microsoft import Microsoft
from sandbox.smtp import Mode as SmtpMode
from sandbox.smtp import SmtpServer
from sandbox.tls import Authority

TENANT = "5b8c21f0-6a3e-47d9-9f10-c2d4e6a8b013"
CLIENT = "7d1f0c52-93ab-4c1e-b0a7-2f5e8c6a1d44"
SECRET = "Q~8.right_secret-value-0123456789abcdef"
PASSWORD = "Pässw0rd-of-tests"
MAILBOX = "notifications@contoso.com"


StartSmtp = Callable[..., SmtpServer]
Rules = Callable[..., Egress]

__all__ = ["Rules", "SmtpMode", "StartSmtp"]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def start_smtp(authority: Authority, inbox: Inbox) -> Iterator[Callable[..., SmtpServer]]:
    with ExitStack() as stack:

        def start(**options: Any) -> SmtpServer:
            options.setdefault("authority", authority)
            server = SmtpServer(inbox, **options)
            server.start()
            stack.callback(server.stop)
            return server

        yield start


@pytest.fixture
def microsoft(authority: Authority, inbox: Inbox) -> Iterator[Microsoft]:
    server = Microsoft(inbox, authority)
    server.add_tenant(TENANT, "contoso.com")
    server.add_app(TENANT, CLIENT, SECRET)
    server.add_mailbox(MAILBOX)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def egress_for(authority: Authority) -> Callable[..., Egress]:
    """Rules of an operator who lists loopback and the given server."""

    def rules(server: SmtpServer | Microsoft | None = None, **changes: Any) -> Egress:
        options: dict[str, Any] = {"allow_cidrs": ("127.0.0.0/8",), "ca_bundle": authority.ca_file}
        if isinstance(server, Microsoft):
            row = {**server.cloud_row(), "login_hosts": tuple(server.cloud_row()["login_hosts"])}  # type: ignore[arg-type]
            options["clouds"] = (*CLOUDS, Cloud(**row))  # type: ignore[arg-type]
        elif server is not None:
            options["allow_ports"] = (server.port,)
        return Egress(**{**options, **changes})

    return rules


def words(text: str) -> list[str]:
    """Cut a table of words."""
    return text.split()


def shown_name(raw: bytes, header: str) -> str:
    """The display name as mail programs read it (RFC 2047: no blank between encoded words)."""
    written = str(message_from_bytes(raw)[header]).replace("\r\n", "").replace("\n", "")
    return str(make_header(decode_header(parseaddr(written)[0])))


def letter(to: str = "orgadmin@contoso.com", **changes: Any) -> Message:
    """A small message."""
    values: dict[str, Any] = {
        "sender": Address(MAILBOX, "Contoso Notifications"),
        "to": parse_addresses(to),
        "subject": "Hello",
        "text": "First line\nsecond line\n",
    }
    return Message(**{**values, **changes})


def context_of(egress: Egress, trace: Trace | None = None, **changes: Any) -> WireContext:
    """A context with its own, empty token store."""
    values: dict[str, Any] = {
        "egress": egress,
        "trace": trace or Trace(),
        "tokens": MemoryTokenStore(),
        "connection_key": "key",
    }
    return WireContext(**{**values, **changes})


def smtp_settings(server: SmtpServer, egress: Egress, **changes: Any) -> Settings:
    """Settings for a server of the sandbox, through the provider's own rules."""
    encrypted = server.mode != "plain"
    values: dict[str, Any] = {
        "sender_email": MAILBOX,
        "host": "localhost",
        "port": str(server.port),
        "tls_option": server.mode if encrypted else "none",
        "authentication": bool(server.users),
        "plain_confirmed": not encrypted,
        "username": next(iter(server.users), ""),
        "password": next(iter(server.users.values()), ""),
    }
    return provider("smtp").parse({**values, **changes}, egress)


def graph_settings(microsoft: Microsoft, egress: Egress, **changes: Any) -> Settings:
    """Settings for the stand-in of Microsoft."""
    values: dict[str, Any] = {
        "sender_email": MAILBOX,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "access_url": microsoft.access_url(TENANT),
    }
    return provider("graph").parse({**values, **changes}, egress)
