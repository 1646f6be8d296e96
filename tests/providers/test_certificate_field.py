"""The field Certificate: what it takes, what it refuses, and that a password is bound to it."""

from __future__ import annotations

import pytest

from providers import SettingsInvalid, provider
from providers.network.certificate import read_trust
from sandbox.tls import Authority
from tests.providers.test_contract import parsed
from tests.providers.test_settings import refused


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


@pytest.mark.control("C-CRY-2")
@pytest.mark.parametrize("key", ["smtp", "oauth_smtp", "microsoft365_smtp", "microsoft_account"])
def test_a_long_certificate_still_names_a_destination(authority: Authority, key: str) -> None:
    words = "\N{ENVELOPE}" * 30_000
    settings = parsed(key, certificate=f"{authority.ca_file.read_text()}{words}")
    # What a secret is bound to has parts of 65535 bytes at most.
    assert all(len(part.encode()) < 2**16 for part in provider(key).destination(settings))
