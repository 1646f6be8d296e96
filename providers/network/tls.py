"""Verified TLS: our own context always, 1.2 or newer, the certificate checked against the name."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, cast

import certifi

from providers.errors import ProviderError, Stage, failure
from providers.network.certificate import Trust, fingerprint, read_trust
from providers.network.timed import LINE_ERRORS, TimedSocket, TimedTls
from providers.trace import Trace

HANDSHAKE_SECONDS: Final = 10.0
OTHER_LANGUAGE: Final = {
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "HTTPS_PROXY_REQUEST",
    "RECORD_LAYER_FAILURE",
}
TOO_OLD: Final = {
    "UNSUPPORTED_PROTOCOL",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "NO_PROTOCOLS_AVAILABLE",
    "SSLV3_ALERT_HANDSHAKE_FAILURE",
    "NO_SHARED_CIPHER",
    "DH_KEY_TOO_SMALL",
    "LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED",
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED",
}


@lru_cache(maxsize=8)
def tls_context(ca_bundle: Path | None) -> ssl.SSLContext:
    """Make the context of TLS connections: system roots, and the operator's own beside them."""
    context = _strict(ssl.create_default_context())
    paths = ssl.get_default_verify_paths()
    if not paths.cafile and not paths.capath:
        # A slim image without root certificates.
        context.load_verify_locations(certifi.where())
    if ca_bundle is not None:
        context.load_verify_locations(ca_bundle)
    return context


def trusting_context(trust: Trust) -> ssl.SSLContext:
    """Make the context of a connection that says itself whom it trusts, and nobody else.

    A fingerprint names the server's own certificate: then neither its authority nor its name is asked, and
    the certificate is compared before a word is said (`start_tls`).
    """
    context = _strict(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    if trust.digest:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        # What was pasted may be the server's own certificate or an authority in between.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=trust.authorities)
    return context


def _strict(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = TimedTls
    return context


def start_tls(
    opened: TimedSocket,
    host: str,
    trace: Trace,
    *,
    ca_bundle: Path | None,
    certificate: str = "",
    seconds: float = HANDSHAKE_SECONDS,
) -> TimedTls:
    """Encrypt an open connection; the given socket belongs to the answer, and is closed on failure.

    `certificate` is a PEM or fingerprint as `read_trust` takes it, trusted instead of public authorities.

    Raises:
        ProviderError: tls_certificate, tls_fingerprint, tls_mode, tls_version, connection_lost or timeout.
    """
    with trace.step(Stage.TLS) as step:
        try:
            trust = read_trust(certificate)
            context = trusting_context(trust) if trust else tls_context(ca_bundle)
            opened.settimeout(max(min(seconds, HANDSHAKE_SECONDS), 0.05))
            secured = cast("TimedTls", context.wrap_socket(opened, server_hostname=host))
        except LINE_ERRORS as error:
            opened.close()
            raise _tls_failure(host, error) from None
        secured.until = opened.until
        if trust and trust.digest:
            _check_pinned(secured, trust, host)
        step.text = described(secured)
    return secured


def _check_pinned(secured: TimedTls, trust: Trust, host: str) -> None:
    shown = secured.getpeercert(binary_form=True)
    if trust.is_pinned(shown):
        return
    secured.close()
    facts = {"host": host, "found": fingerprint(shown) if shown else ""}
    raise failure("tls_fingerprint", stage=Stage.TLS, host=host, facts=facts)


def described(secured: ssl.SSLSocket) -> str:
    """Tell version and end of validity: "TLS 1.3, certificate valid until 3 March 2027"."""
    version = (secured.version() or "TLS").replace("TLSv", "TLS ")
    ends = (secured.getpeercert() or {}).get("notAfter")
    if not isinstance(ends, str):
        return f"{version}, certificate known by its fingerprint"
    day = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)
    return f"{version}, certificate valid until {day.day} {day:%B %Y}"


def _tls_failure(host: str, error: Exception) -> ProviderError:
    facts = {"host": host}
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = getattr(error, "verify_message", "") or "certificate not valid"
        return failure(
            "tls_certificate", stage=Stage.TLS, host=host, reply=reason, facts={**facts, "reason": reason}
        )
    if isinstance(error, TimeoutError):
        return failure("timeout", stage=Stage.TLS, host=host, facts=facts)
    reason = str(getattr(error, "reason", "") or "")
    if reason in OTHER_LANGUAGE:
        return failure("tls_mode", stage=Stage.TLS, host=host, facts=facts)
    if reason in TOO_OLD:
        return failure("tls_version", stage=Stage.TLS, host=host, facts=facts)
    if isinstance(error, ssl.SSLEOFError) or not isinstance(error, ssl.SSLError):
        return failure("connection_lost", stage=Stage.TLS, host=host, facts=facts)
    return failure(
        "tls_mode", stage=Stage.TLS, host=host, reply=reason.replace("_", " ").lower(), facts=facts
    )
