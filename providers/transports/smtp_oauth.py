"""Signing in by SMTP with an access token instead of a password: XOAUTH2 or OAUTHBEARER, over TLS only."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from providers.errors import ProviderError, Stage, failure
from providers.session import WireContext
from providers.token_store import Token
from providers.transports.smtp_auth import GO_ON, SIGNED_IN, check_offered
from providers.transports.smtp_replies import Reply
from providers.transports.smtp_wire import COMMAND_SECONDS, SmtpWire
from providers.words import cleaned

if TYPE_CHECKING:
    from providers.tokens import TokenSource

# The longest AUTH line a server has to take (RFC 4954 section 4), with its CRLF.
AUTH_LINE: Final = 12_288
TOKEN_REFUSED: Final = 535
STATUS_LIMIT: Final = 3


@dataclass(frozen=True)
class TokenLogin:
    """Who signs in, and where the tokens come from."""

    username: str
    source: TokenSource


class TokenSignIn:
    """Signs in with a token of the source; a refused one is renewed and tried again once."""

    def __init__(self, login: TokenLogin, context: WireContext) -> None:
        self._login = login
        self._context = context
        # Asked for before anybody is connected to: without a token there is nothing to say there.
        self._token = login.source.token(None, context)

    def run(self, wire: SmtpWire) -> None:
        """Sign in on an open connection.

        Raises:
            ProviderError: of stage sign-in, or what kept a new token from being had.
        """
        try:
            self._try(wire)
        except ProviderError as error:
            if error.stage is not Stage.SIGN_IN or not error.reply.startswith(str(TOKEN_REFUSED)):
                raise self._login.source.refused(error, self._token) from None
        else:
            return
        self._token = self._login.source.token(None, self._context, self._token)
        # Some servers hang up after a refusal, others count it: a second try gets its own connection.
        wire.close()
        wire.start()
        try:
            self._try(wire)
        except ProviderError as error:
            raise self._login.source.refused(error, self._token) from None

    def _try(self, wire: SmtpWire) -> None:
        facts = {**wire.facts, "username": self._login.username}
        if not wire.is_encrypted:
            # No settings lead here; a token is never said where it could be read (C-EGR-6).
            raise failure("settings_incomplete", stage=Stage.SIGN_IN, facts=facts)
        mechanism = check_offered(wire, MECHANISMS, facts)
        words = _initial(mechanism, wire, self._login.username, self._token)
        secret = self._token.value.reveal()
        wire.hidden = (words, secret)
        wire.allow(COMMAND_SECONDS)
        reply, status = _exchange(wire, mechanism, words)
        if reply.code == SIGNED_IN:
            return
        error = wire.refused(Stage.SIGN_IN, reply)
        error.facts.update(facts, mechanism=mechanism, **({"status": status} if status else {}))
        raise error


def _exchange(wire: SmtpWire, mechanism: str, words: str) -> tuple[Reply, str]:
    """Say the token; a challenge after it tells why it is refused and wants an empty answer."""
    line = f"AUTH {mechanism} {words}"
    if len(line) + 2 <= AUTH_LINE:
        reply = wire.ask(line)
    else:
        reply = wire.ask(f"AUTH {mechanism}")
        reply = wire.ask(words) if reply.code == GO_ON else reply
    if reply.code == GO_ON and not reply.text.strip():
        # A server that overlooks the words on the first line asks for them with an empty challenge.
        reply = wire.ask(words)
    if reply.code != GO_ON:
        return reply, ""
    return wire.ask(MECHANISMS[mechanism]), _status(reply.text)


def _status(challenge: str) -> str:
    """Read the status of Google's refusal: "400" malformed, "401" token invalid, expired or another's."""
    try:
        told = json.loads(b64decode(challenge.strip(), validate=True))
    except (ValueError, RecursionError):
        return ""
    return cleaned(str(told.get("status", "")))[:STATUS_LIMIT] if isinstance(told, dict) else ""


def _initial(mechanism: str, wire: SmtpWire, username: str, token: Token) -> str:
    bearer = f"auth=Bearer {token.value.reveal()}"
    if mechanism == "XOAUTH2":
        text = f"user={username}\x01{bearer}\x01\x01"
    else:
        name = username.replace("=", "=3D").replace(",", "=2C")
        host, port = wire.facts["host"], wire.facts["port"]
        text = f"n,a={name},\x01host={host}\x01port={port}\x01{bearer}\x01\x01"
    return b64encode(text.encode()).decode("ascii")


# Each mechanism in our order, and what ends a refused exchange (RFC 7628: a lone 0x01).
MECHANISMS: Final = {"XOAUTH2": "", "OAUTHBEARER": "AQ=="}
