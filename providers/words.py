"""Words for the ladder: what another party said made harmless, and our own sentence where it said nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

REPLY_LIMIT: Final = 500
READ_LIMIT: Final = 20_000
CONTROL: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]+"
)
SHORTEST_HIDDEN: Final = 4

SENTENCES: Final[Mapping[str, str]] = {
    "settings_incomplete": "Something needed to sign in is not set",
    "secret_unreadable": "The stored secret cannot be read",
    "address_refused": "{host} may not be connected to from here",
    "dns_not_found": "{host} was not found",
    "dns_unavailable": "The name {host} could not be looked up just now",
    "connect_refused": "Nothing answers at {host}, port {port}",
    "connect_timeout": "No answer from {host}, port {port}",
    "connection_lost": "{host} ended the connection",
    "timeout": "{host} took too long to answer",
    "tls_certificate": "The certificate of {host} is not trusted",
    "tls_mode": "{host} expects another TLS option on this port",
    "tls_version": "{host} offers only encryption that is too old",
    "starttls_missing": "{host} does not offer STARTTLS",
    "greeting_refused": "{host} does not want to talk to us",
    "auth_unsupported": "{host} offers no sign-in we can use",
    "smtputf8_missing": "{host} does not take addresses with foreign letters before the @",
    "message_too_large": "The message is too large; allowed: {limit}",
    "outcome_unknown": "The connection broke before the answer came; the message may have been accepted",
    "token_secret_wrong": "Microsoft did not accept the client secret",
    "token_tenant_unknown": "Microsoft does not know this tenant here",
    "token_endpoint_wrong": "This is not a token endpoint",
    "token_unavailable": "The sign-in service has trouble just now",
    "token_throttled": "The sign-in service asks to wait before the next sign-in",
    "token_refused": "The sign-in service gave no access token",
    "not_connected": "No account is connected yet",
    "permission_missing": "A permission is missing: {missing}",
    "token_reconnect": "The sign-in has ended; the account must be connected again",
    "token_expired": "The access token has expired, and there is no refresh token",
    "token_secret_missing": "The request carried no client secret",
    "consent_declined": "Somebody declined the consent",
    "consent_mismatch": "The answer does not belong to this request",
    "tls_fingerprint": "The certificate of {host} is not the one that was entered",
    "graph_unavailable": "Microsoft Graph has trouble just now",
    "graph_throttled": "Microsoft Graph asks to wait",
    "unknown_reply": "{host} answered with something that is not expected here",
}
UNKNOWN: Final = {"host": "the server", "port": "this port", "limit": "less than this", "missing": "unknown"}


def sentence(code: str, facts: Mapping[str, str]) -> str:
    """Give our own sentence for a code, for the ladder."""
    text = SENTENCES.get(code, "")
    for name, instead in UNKNOWN.items():
        text = text.replace(f"{{{name}}}", facts.get(name) or instead)
    return text


def cleaned(text: str, *, hide: Iterable[str] = ()) -> str:
    """Make another party's words harmless: one line, printable, at most 500 characters, nothing secret."""
    text = masked(text[:READ_LIMIT], hide)
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()[:REPLY_LIMIT]
    return " ".join(CONTROL.sub(" ", text).split())[:REPLY_LIMIT]


def masked(text: str, hide: Iterable[str]) -> str:
    """Take secrets out of a text."""
    for secret in hide:
        if len(secret) >= SHORTEST_HIDDEN:
            text = text.replace(secret, "•••")
    return text


def told(answer: object, hide: Iterable[str]) -> dict[str, Any]:
    """Give the members of a refusal with no secret in any text; nothing where it is no object."""
    secrets = tuple(hide)
    members = answer.items() if isinstance(answer, dict) else ()
    return {name: masked(value, secrets) if isinstance(value, str) else value for name, value in members}
