"""What a connection trusts beside public authorities: an authority of its own, or one very certificate."""

from __future__ import annotations

import hmac
import re
import ssl
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

FINGERPRINT: Final = re.compile(
    r"(?:sha-?256(?:\s*fingerprint)?\s*[:=]\s*)?((?:[0-9a-f]{2}[:\s-]?){31}[0-9a-f]{2})"
)
PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
CERTIFICATES_LIMIT: Final = 20


@dataclass(frozen=True)
class Trust:
    """Either the PEM of authorities, or the SHA-256 digest of the server's own certificate."""

    authorities: str = ""
    digest: bytes = b""

    def is_pinned(self, certificate: bytes | None) -> bool:
        """Say whether this certificate (DER) is the one named."""
        return certificate is not None and hmac.compare_digest(sha256(certificate).digest(), self.digest)


def read_trust(text: str) -> Trust | None:
    """Read what was typed under Certificate; None when it is empty.

    Raises:
        ValueError: one sentence for the field.
    """
    typed = text.strip()
    if not typed:
        return None
    if "PRIVATE KEY" in typed:
        raise ValueError("This holds a private key, which belongs on the server only. Paste the certificate.")
    match = FINGERPRINT.fullmatch(typed.lower())
    if match:
        return Trust(digest=bytes.fromhex(re.sub(r"[^0-9a-f]", "", match[1])))
    found = PEM.findall(typed)
    if not found or len(found) > CERTIFICATES_LIMIT:
        raise ValueError(
            "Paste a certificate in PEM form (-----BEGIN CERTIFICATE-----), or a SHA-256 fingerprint of 64"
            " hexadecimal digits."
        )
    authorities = "\n".join(found) + "\n"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=authorities)
    except (ssl.SSLError, ValueError):
        raise ValueError("This certificate cannot be read. Paste it again, from BEGIN to END.") from None
    return Trust(authorities=authorities)


def fingerprint(certificate: bytes) -> str:
    """Write the SHA-256 fingerprint of a certificate (DER) as people compare it: AA:BB:…."""
    return sha256(certificate).digest().hex(":").upper()
