"""Signing in by SMTP: PLAIN, LOGIN and CRAM-MD5 with passwords, XOAUTH2 and OAUTHBEARER with tokens."""

from __future__ import annotations

import base64
import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Ask = Callable[[str], str]
Tokens = Callable[[str, str], bool]  # user and token: may they come in
ACCEPTED = "235 2.7.0 Authentication successful"
WRONG = "535 5.7.8 Authentication credentials invalid"
WRONG_TOKEN = "535 5.7.3 Authentication unsuccessful"
# What a client says after the challenge of a refusal: nothing, or a lone 0x01 (RFC 7628).
END_OF_REFUSAL = {"XOAUTH2": "", "OAUTHBEARER": "AQ=="}
XOAUTH2 = re.compile(r"user=([^\x01]*)\x01auth=Bearer ([^\x01]+)\x01\x01")
OAUTHBEARER = re.compile(
    r"n,a=([^,\x01]*),\x01(?:host=[^\x01]*\x01)?(?:port=[0-9]+\x01)?auth=Bearer ([^\x01]+)\x01\x01"
)
CANCELLED = "501 5.7.0 Authentication cancelled"
NOT_BASE64 = "501 5.5.2 Cannot decode the response"


class SignInRefused(ValueError):
    """The exchange ended with this reply."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


@dataclass(frozen=True)
class Credentials:
    """What a client said it is; `matches` hides whether a password or a digest was sent."""

    user: str
    matches: Callable[[str], bool]
    token: str = ""


def exchange(mechanism: str, initial: str, ask: Ask) -> Credentials:
    """Run one mechanism; `ask` sends a 334 challenge and gives the client's line."""
    return MECHANISMS[mechanism](initial, ask)


def verdict(credentials: Credentials, users: Mapping[str, str], tokens: Tokens | None = None) -> str:
    """The reply to these credentials."""
    if credentials.token:
        known = tokens is not None and tokens(credentials.user, credentials.token)
        return ACCEPTED if known else WRONG_TOKEN
    password = users.get(credentials.user)
    return ACCEPTED if password is not None and credentials.matches(password) else WRONG


def refusal_challenge() -> str:
    """What Google says before it refuses a token: a challenge that tells why."""
    told = {"status": "401", "schemes": "bearer", "scope": "https://mail.google.com/"}
    return _encode(json.dumps(told))


def _plain(initial: str, ask: Ask) -> Credentials:
    parts = _decode(initial or ask("")).split("\0")
    if len(parts) != 3:  # noqa: PLR2004 - RFC 4616: authorization identity, user, password
        raise SignInRefused(NOT_BASE64)
    if parts[0] not in {"", parts[1]}:
        raise SignInRefused("535 5.7.8 Acting for another user is not allowed")
    return _with_password(parts[1], parts[2])


def _login(initial: str, ask: Ask) -> Credentials:
    user = _decode(initial or ask(_encode("Username:")))
    return _with_password(user, _decode(ask(_encode("Password:"))))


def _cram_md5(initial: str, ask: Ask) -> Credentials:
    if initial:
        raise SignInRefused("501 5.7.0 CRAM-MD5 has no initial response")
    challenge = f"<{secrets.token_hex(8)}@localhost>"
    user, _, digest = _decode(ask(_encode(challenge))).rpartition(" ")

    def matches(password: str) -> bool:
        expected = hmac.new(password.encode(), challenge.encode(), "md5").hexdigest()
        return hmac.compare_digest(expected.encode(), digest.encode())

    return Credentials(user, matches)


def _xoauth2(initial: str, ask: Ask) -> Credentials:
    return _with_token(XOAUTH2.fullmatch(_decode(initial or ask(""))))


def _oauthbearer(initial: str, ask: Ask) -> Credentials:
    return _with_token(OAUTHBEARER.fullmatch(_decode(initial or ask(""))))


def _with_token(match: re.Match[str] | None) -> Credentials:
    if match is None:
        raise SignInRefused("501 5.5.2 Cannot read the token")
    user = match[1].replace("=2C", ",").replace("=3D", "=")
    return Credentials(user, lambda _: False, token=match[2])


def _with_password(user: str, typed: str) -> Credentials:
    return Credentials(user, lambda password: hmac.compare_digest(typed.encode(), password.encode()))


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decode(text: str) -> str:
    if text == "*":
        raise SignInRefused(CANCELLED)
    try:
        return base64.b64decode("" if text == "=" else text, validate=True).decode()
    except ValueError as error:
        raise SignInRefused(NOT_BASE64) from error


MECHANISMS: dict[str, Callable[[str, Ask], Credentials]] = {
    "PLAIN": _plain,
    "LOGIN": _login,
    "CRAM-MD5": _cram_md5,
    "XOAUTH2": _xoauth2,
    "OAUTHBEARER": _oauthbearer,
}
