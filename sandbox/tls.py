"""The sandbox's own certificate authority, and the wrong certificates that a client must refuse."""

from __future__ import annotations

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK_NAMES = ("127.0.0.1", "localhost")
ORGANIZATION = "Mailroom sandbox"


class Authority:
    """A certificate authority kept in a folder: made at the first use, loaded at the next."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.ca_file = self.folder / "ca.pem"
        key_file = self.folder / "ca.key"
        if self.ca_file.exists() and key_file.exists():
            self._ca = trustme.CA.from_pem(self.ca_file.read_bytes(), key_file.read_bytes())
        else:
            self._ca = trustme.CA(organization_name=ORGANIZATION, organization_unit_name="Loopback only")
            key_file.touch(mode=0o600)
            key_file.write_bytes(self._ca.private_key_pem.bytes())
            self.ca_file.write_bytes(self._ca.cert_pem.bytes())
        self._contexts: dict[tuple[str, ...], ssl.SSLContext] = {}

    def context(self, *names: str) -> ssl.SSLContext:
        """A server context with these names in its certificate (none given: 127.0.0.1, localhost)."""
        wanted = names or LOOPBACK_NAMES
        if wanted not in self._contexts:
            self._contexts[wanted] = _server_context(
                self._ca.issue_cert(*wanted, organization_name=ORGANIZATION)
            )
        return self._contexts[wanted]

    def files(self, folder: Path) -> tuple[Path, Path]:
        """Write a right certificate and its key into a folder, for servers that read files."""
        leaf = self._ca.issue_cert(*LOOPBACK_NAMES, organization_name=ORGANIZATION)
        certificate, key = folder / "certificate.pem", folder / "key.pem"
        certificate.write_bytes(b"".join(one.bytes() for one in leaf.cert_chain_pems))
        key.touch(mode=0o600)
        key.write_bytes(leaf.private_key_pem.bytes())
        return certificate, key

    def client_context(self) -> ssl.SSLContext:
        """A verifying client context that trusts this authority and nobody else."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def expired(self) -> ssl.SSLContext:
        """Right names, right authority, but the certificate ended yesterday."""
        now = datetime.now(UTC)
        leaf = self._ca.issue_cert(
            *LOOPBACK_NAMES, not_before=now - timedelta(days=30), not_after=now - timedelta(days=1)
        )
        return _server_context(leaf)

    def wrong_name(self) -> ssl.SSLContext:
        """Right authority, but a certificate for somebody else's name."""
        return _server_context(self._ca.issue_cert("mail.fabrikam.com"))

    def unknown_authority(self) -> ssl.SSLContext:
        """Right names, but signed by an authority that nobody trusts."""
        return _server_context(trustme.CA().issue_cert(*LOOPBACK_NAMES))

    def self_signed(self) -> ssl.SSLContext:
        """A certificate that vouches for itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(key, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        context = _bare_context()
        with trustme.Blob(pem).tempfile() as path:
            context.load_cert_chain(path)
        return context

    def old_protocol(self) -> ssl.SSLContext:
        """A good certificate, but nothing newer than TLS 1.1 is spoken."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # OpenSSL 3 signs TLS 1.1 with SHA-1, which only its lowest security level still allows.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        self._ca.issue_cert(*LOOPBACK_NAMES).configure_cert(context)
        with warnings.catch_warnings():
            # Python warns of the very protocol that this server is here to speak.
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        return context


def _bare_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _server_context(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = _bare_context()
    leaf.configure_cert(context)
    return context
