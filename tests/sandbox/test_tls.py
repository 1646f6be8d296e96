"""The sandbox's certificates: one that is right, and the wrong ones."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable

import pytest

from sandbox.smtp import SmtpServer
from sandbox.tls import Authority

Start = Callable[..., SmtpServer]
Connect = Callable[..., smtplib.SMTP]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("expired", "expired"),
        ("self_signed", "self-signed"),
        ("wrong_name", "not valid for '127.0.0.1'"),
        ("unknown_authority", "unable to get local issuer"),
    ],
)
def test_wrong_certificates_are_refused_by_a_verifying_client(
    smtp_server: Start, connect: Connect, authority: Authority, fault: str, words: str
) -> None:
    server = smtp_server(mode="tls", context=getattr(authority, fault)())
    with pytest.raises(ssl.SSLCertVerificationError, match=words):
        connect(server)


def test_old_protocols_are_refused_by_a_modern_client(
    smtp_server: Start, connect: Connect, authority: Authority
) -> None:
    with pytest.raises(ssl.SSLError):
        connect(smtp_server(mode="tls", context=authority.old_protocol()))


def test_the_authority_is_the_same_at_the_next_start(
    smtp_server: Start, connect: Connect, authority: Authority
) -> None:
    again = Authority(authority.folder)
    server = smtp_server(mode="tls", authority=again)
    assert connect(server).noop()[0] == 250
    assert (authority.folder / "ca.key").stat().st_mode & 0o777 == 0o600
