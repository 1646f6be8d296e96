"""A connection's own trust: an authority or one certificate of its own, and nothing weaker than that."""

from __future__ import annotations

import socket
import ssl
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest

from providers import ProviderError, SettingsInvalid, Trace, provider
from providers.network.certificate import fingerprint, read_trust
from sandbox.inbox import Inbox
from sandbox.smtp import SmtpServer
from sandbox.tls import Authority
from tests.providers.conftest import Rules, SmtpMode, StartSmtp, context_of, letter, smtp_settings
from tests.providers.test_connecting import USERS
from tests.providers.test_contract import parsed
from tests.providers.test_settings import refused
from tests.providers.test_smtp_tokens import GOOD, Tokens, only
from tests.providers.test_smtp_tokens import opened as opened_by_token

WRONG_KINDS: Final = ("self_signed", "wrong_name", "expired", "unknown_authority", "old_protocol")


def certificate_of(server: SmtpServer) -> bytes:
    """The certificate a server shows, as anybody would look at it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        shown = secured.getpeercert(binary_form=True)
    assert shown is not None
    return shown


def sent(
    server: SmtpServer, egress: Any, certificate: str, trace: Trace | None = None, **changes: Any
) -> None:
    """Send one message to a server whose certificate is named."""
    settings = smtp_settings(server, egress, certificate=certificate, **changes)
    with provider("smtp").open(settings, context_of(egress, trace, time_limit=5.0)) as session:
        session.send(letter())


def failed(server: SmtpServer, egress: Any, certificate: str) -> ProviderError:
    """Fail to send; no credentials have been heard."""
    with pytest.raises(ProviderError) as caught:
        sent(server, egress, certificate)
    assert (server.credentials, server.credentials_received) == ([], 0)
    return caught.value


@pytest.mark.feature("COG-25")
@pytest.mark.parametrize("mode", ["starttls", "tls"])
def test_authority_of_ones_own_is_trusted_by_its_certificate(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox, authority: Authority, mode: SmtpMode
) -> None:
    server = start_smtp(mode=mode, users=USERS)
    egress = egress_for(server, ca_bundle=None)
    assert failed(server, egress, "").code == "tls_certificate"
    trace = Trace()
    sent(server, egress, authority.ca_file.read_text(), trace)
    assert len(inbox.wait_for(1)) == 1
    assert any("certificate valid until" in row.text for row in trace.results)


@pytest.mark.feature("COG-25")
@pytest.mark.parametrize("kind", ["self_signed", "expired", "wrong_name"])
def test_fingerprint_lets_one_very_certificate_pass(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox, authority: Authority, kind: str
) -> None:
    server = start_smtp(mode="tls", users=USERS, context=getattr(authority, kind)())
    egress, trace = egress_for(server), Trace()
    assert failed(server, egress, "").code == "tls_certificate"
    sent(server, egress, fingerprint(certificate_of(server)), trace)
    assert len(inbox.wait_for(1)) == 1
    assert any("known by its fingerprint" in row.text for row in trace.results)


@pytest.mark.feature("COG-25")
@pytest.mark.control("C-EGR-6")
def test_self_signed_certificate_can_be_its_own_authority(
    start_smtp: StartSmtp, egress_for: Rules, inbox: Inbox, authority: Authority
) -> None:
    server = start_smtp(mode="tls", users=USERS, context=authority.self_signed())
    pem = ssl.DER_cert_to_PEM_cert(certificate_of(server))
    sent(server, egress_for(server), pem)
    assert len(inbox.wait_for(1)) == 1
    # The name still counts: it was made for localhost only.
    with pytest.raises(ProviderError) as caught:
        sent(server, egress_for(server), pem, host="127.0.0.1")
    assert caught.value.code == "tls_certificate"


@pytest.mark.control("C-EGR-6")
@pytest.mark.parametrize("mode", ["starttls", "tls"])
def test_another_certificate_than_the_named_one_hears_nothing(
    start_smtp: StartSmtp, egress_for: Rules, mode: SmtpMode
) -> None:
    server = start_smtp(mode=mode, users=USERS, trap=True)
    error = failed(server, egress_for(server), sha256(b"another").hexdigest())
    assert (error.code, error.stage, error.transient) == ("tls_fingerprint", "tls", False)
    assert len(error.facts["found"]) == 95
    assert "found" in error.facts


@pytest.mark.control("C-EGR-6")
def test_named_authority_is_the_only_one_trusted(
    start_smtp: StartSmtp, egress_for: Rules, tmp_path: Path
) -> None:
    server = start_smtp(mode="tls", users=USERS, trap=True)
    error = failed(server, egress_for(server), Authority(tmp_path).ca_file.read_text())
    assert error.code == "tls_certificate"


@pytest.mark.control("C-EGR-6")
@pytest.mark.parametrize("pinned", [True, False])
def test_old_tls_stays_refused_whatever_is_named(
    start_smtp: StartSmtp, egress_for: Rules, authority: Authority, *, pinned: bool
) -> None:
    server = start_smtp(mode="tls", users=USERS, trap=True, context=authority.old_protocol())
    named = sha256(b"any").hexdigest() if pinned else authority.ca_file.read_text()
    assert failed(server, egress_for(server), named).code == "tls_version"


@pytest.mark.control("C-EGR-6")
@pytest.mark.parametrize("mode", ["starttls", "tls"])
@pytest.mark.parametrize("kind", WRONG_KINDS)
def test_wrong_certificate_never_hears_a_token(
    start_smtp: StartSmtp, egress_for: Rules, authority: Authority, mode: SmtpMode, kind: str
) -> None:
    context = getattr(authority, kind)()
    server = start_smtp(mode=mode, tokens=only(GOOD), trap=True, context=context)
    assert token_failure(server, egress_for).category == "tls"


@pytest.mark.control("C-EGR-6")
@pytest.mark.parametrize(
    ("rule", "value", "code"),
    [
        ("starttls", False, "starttls_missing"),
        ("starttls_injection", b"250-AUTH XOAUTH2\r\n250 OK\r\n", "tls_mode"),
    ],
)
def test_missing_or_tampered_starttls_never_hears_a_token(
    start_smtp: StartSmtp, egress_for: Rules, rule: str, value: object, code: str
) -> None:
    server = start_smtp(tokens=only(GOOD), trap=True)
    setattr(server.rules, rule, value)
    assert token_failure(server, egress_for).code == code


def token_failure(server: SmtpServer, egress_for: Rules) -> ProviderError:
    """Fail to sign in by token; no token has been heard."""
    with pytest.raises(ProviderError) as caught:
        opened_by_token(server, egress_for, Tokens(GOOD))
    assert (server.credentials, server.credentials_received) == ([], 0)
    return caught.value


@pytest.mark.parametrize(
    "typed",
    [
        "AB:" * 31 + "AB",
        "ab" * 32,
        "sha256:" + "AB" * 32,
        "SHA256 Fingerprint=" + "AB:" * 31 + "AB",
        "  " + "ab " * 31 + "AB\n",
    ],
)
def test_fingerprint_is_read_however_it_was_copied(typed: str) -> None:
    trust = read_trust(typed)
    assert trust is not None
    assert trust.digest == bytes.fromhex("ab" * 32)
    assert read_trust(" \n ") is None


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("ab" * 20, "64 hexadecimal digits"),
        ("not a certificate", "64 hexadecimal digits"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "cannot be read"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "private key"),
        ("x" * 40_000, "32000"),
    ],
)
def test_what_is_no_certificate_is_refused_at_its_field(typed: str, says: str) -> None:
    errors = refused("smtp", certificate=typed)
    assert set(errors) == {"certificate"}
    assert says in errors["certificate"]


@pytest.mark.control("C-CRY-2")
def test_password_is_bound_to_whom_the_server_is_trusted_by(authority: Authority) -> None:
    """Whoever changes the trust must know the password: a stolen session cannot lead it elsewhere."""
    pem = authority.ca_file.read_text()
    destinations = {
        provider("smtp").destination(parsed("smtp", certificate=typed)) for typed in ("", pem, "ab" * 32)
    }
    assert len(destinations) == 3
    assert "certificate" in provider("smtp").destination_fields


def test_certificate_is_kept_as_it_was_pasted_but_for_its_edges() -> None:
    settings = parsed("smtp", certificate=" " + "ab" * 32 + "\r\n")
    assert settings.certificate == "ab" * 32  # type: ignore[attr-defined]
    with pytest.raises(SettingsInvalid):
        parsed("smtp", certificate="ab\x00")
