"""Signing in: one mechanism, chosen by us, and never where the password could be read."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from providers.errors import Stage, failure
from providers.network import Egress
from providers.secret_text import SecretText
from providers.transports.smtp_replies import Reply
from providers.transports.smtp_wire import COMMAND_SECONDS, SmtpWire

# CRAM-MD5 fails where the server keeps hashed passwords; a second failed sign-in could lock the account.
PREFERRED: Final = ("PLAIN", "LOGIN", "CRAM-MD5")
SIGNED_IN, GO_ON = 235, 334


@dataclass(frozen=True)
class SmtpLogin:
    """Who signs in; `may_be_read` says that an administrator accepted a password in clear (COG-25)."""

    username: str
    password: SecretText
    may_be_read: bool = False


def sign_in(wire: SmtpWire, login: SmtpLogin, egress: Egress) -> None:
    """Sign in with the first mechanism both sides know.

    Raises:
        ProviderError: of stage sign-in.
    """
    facts = {**wire.facts, "username": login.username}
    password = login.password.reveal().strip("\r\n")
    if not login.username or not password or not (wire.is_encrypted or login.may_be_read):
        raise failure("settings_incomplete", stage=Stage.SIGN_IN, facts=facts)
    if not wire.is_encrypted and not egress.is_listed(wire.peer):
        # The settings refuse this already; a name that leads elsewhere today must not undo it.
        raise failure("address_refused", stage=Stage.ADDRESS_POLICY, facts=facts)
    mechanism = check_offered(wire, PREFERRED, facts)
    wire.hidden = _hidden(login.username, password)
    wire.allow(COMMAND_SECONDS)
    reply = {"PLAIN": _plain, "LOGIN": _login, "CRAM-MD5": _cram_md5}[mechanism](
        wire, login.username, password
    )
    if reply.code != SIGNED_IN:
        error = wire.refused(Stage.SIGN_IN, reply)
        error.facts.update(facts, mechanism=mechanism)
        raise error


def check_offered(wire: SmtpWire, preferred: Iterable[str], facts: Mapping[str, str]) -> str:
    """Give the first mechanism that the server offers.

    Raises:
        ProviderError: auth_unsupported, with what it does offer.
    """
    offered = wire.esmtp_features.get("auth", "").upper().split()
    mechanism = next((one for one in preferred if one in offered), "")
    if not mechanism:
        told = {**facts, "offered": ", ".join(offered)[:100] or "none"}
        raise failure("auth_unsupported", stage=Stage.SIGN_IN, host=wire.facts["host"], facts=told)
    return mechanism


def _plain(wire: SmtpWire, username: str, password: str) -> Reply:
    words = _encoded(f"\0{username}\0{password}")
    reply = wire.ask(f"AUTH PLAIN {words}")
    # Some servers overlook the words on the first line and ask for them.
    return wire.ask(words) if reply.code == GO_ON else reply


def _login(wire: SmtpWire, username: str, password: str) -> Reply:
    reply = wire.ask("AUTH LOGIN")
    for words in (username, password):
        if reply.code != GO_ON:
            break
        reply = wire.ask(_encoded(words))
    return reply


def _cram_md5(wire: SmtpWire, username: str, password: str) -> Reply:
    reply = wire.ask("AUTH CRAM-MD5")
    if reply.code != GO_ON:
        return reply
    try:
        challenge = b64decode(reply.text.strip(), validate=True)
    except (NotBase64, ValueError):
        raise failure("unknown_reply", stage=Stage.SIGN_IN, facts=wire.facts) from None
    proof = hmac.new(password.encode(), challenge, "md5").hexdigest()
    return wire.ask(_encoded(f"{username} {proof}"))


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")


def _hidden(username: str, password: str) -> tuple[str, ...]:
    """List the forms in which a careless server could repeat the password."""
    return (_encoded(f"\0{username}\0{password}"), _encoded(password), password)
