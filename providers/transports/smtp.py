"""The SMTP wire."""

from __future__ import annotations

from dataclasses import dataclass

from providers.base import Session, WireContext
from providers.fields import SecretText


@dataclass(frozen=True)
class SmtpServer:
    """Where and how to connect."""

    host: str
    port: int
    tls_option: str


@dataclass(frozen=True)
class SmtpLogin:
    """Who signs in."""

    username: str
    password: SecretText


def open_smtp(server: SmtpServer, login: SmtpLogin | None, context: WireContext) -> Session:
    """Connect, upgrade, sign in."""
    raise NotImplementedError
