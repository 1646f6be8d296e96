"""The commands of the SMTP stand-in, as strict as a careful mail service."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.smtp_auth import (
    ACCEPTED,
    END_OF_REFUSAL,
    MECHANISMS,
    WRONG,
    WRONG_TOKEN,
    SignInRefused,
    exchange,
    refusal_challenge,
    verdict,
)
from sandbox.smtp_rules import local_part
from sandbox.smtp_session import HOST, SmtpSession
from sandbox.smtp_transaction import data, mail, rcpt
from sandbox.smtp_wire import Dropped

LAST_OF_A_GROUP = {"EHLO", "HELO", "STARTTLS", "AUTH", "DATA", "QUIT", "NOOP"}  # RFC 2920 §3.1
SIGN_INS_ALLOWED = 3


def command(session: SmtpSession, line: str) -> None:
    """Answer one command line."""
    verb, _, argument = line.partition(" ")
    verb = verb.upper()
    alone = verb in LAST_OF_A_GROUP or "PIPELINING" not in session.offered
    if alone and session.wire.has_more():
        session.say("503 5.5.0 Improper command pipelining")
        raise Dropped
    answer = COMMANDS.get(verb)
    if answer is None:
        session.say("500 5.5.2 Command not recognized")
    elif session.is_refused and verb != "QUIT":
        session.say("503 5.5.1 Bad sequence of commands")
    else:
        answer(session, argument.rstrip())


def _ehlo(session: SmtpSession, argument: str) -> None:
    if not session.rules.extensions:
        session.reply("ehlo", "502 5.5.1 Command not implemented")
    elif not argument:
        session.reply("ehlo", "501 5.5.4 Syntax: EHLO hostname")
    else:
        keywords = session.server.keywords(secure=session.wire.is_secure)
        if session.reply("ehlo", "250 " + "\n".join([HOST, *keywords])):
            session.record.hello, session.envelope = argument, None
            session.offered = {keyword.replace("=", " ").split(" ")[0] for keyword in keywords}


def _helo(session: SmtpSession, argument: str) -> None:
    reply = f"250 {HOST}" if argument else "501 5.5.4 Syntax: HELO hostname"
    if session.reply("helo", reply):
        session.record.hello, session.envelope, session.offered = argument, None, set()


def _starttls(session: SmtpSession, argument: str) -> None:
    if "STARTTLS" not in session.offered:
        session.reply("starttls", "502 5.5.1 STARTTLS is not available")
    elif argument:
        session.reply("starttls", "501 5.5.4 STARTTLS takes no parameters")
    elif session.reply("starttls", "220 2.0.0 Ready to start TLS", also=session.rules.starttls_injection):
        session.secure()


def _auth(session: SmtpSession, argument: str) -> None:
    mechanism, _, initial = argument.partition(" ")
    problem = _auth_problem(session, mechanism.upper())
    if problem:
        session.reply("auth", problem)
        return
    session.record.sign_ins_tried += 1
    session.server.note_credentials(initial)

    def ask(challenge: str) -> str:
        session.say(f"334 {challenge}")
        answer = session.read(secret=True)
        session.server.note_credentials(answer)
        return answer

    try:
        credentials = exchange(mechanism.upper(), initial, ask)
        scripted = session.rules.sign_ins.get(local_part(credentials.user), "")
        reply = scripted or verdict(credentials, session.server.users, session.server.tokens)
        if reply == WRONG_TOKEN and session.rules.token_challenge:
            _explain_refusal(session, END_OF_REFUSAL[mechanism.upper()])
    except SignInRefused as error:
        reply, credentials = error.reply, None
    # Written down before the yes is sent: whoever reads "235" finds it in the record.
    session.record.signed_in_as = credentials.user if credentials is not None and reply == ACCEPTED else ""
    if not session.reply("auth", reply):
        session.record.signed_in_as = ""
    if reply in {WRONG, WRONG_TOKEN} and session.record.sign_ins_tried >= SIGN_INS_ALLOWED:
        session.say("421 4.7.0 Too many wrong sign-ins on this connection")


def _explain_refusal(session: SmtpSession, expected: str) -> None:
    session.say(f"334 {refusal_challenge()}")
    if session.read(secret=True) != expected:
        raise SignInRefused("501 5.5.2 The challenge of a refusal wants another answer")


def _auth_problem(session: SmtpSession, mechanism: str) -> str:
    if "AUTH" not in session.offered:
        if session.server.wants_sign_in and not session.wire.is_secure:
            return "538 5.7.11 Encryption required for requested authentication mechanism"
        return "502 5.5.1 AUTH is not available"
    if session.record.signed_in_as or session.envelope is not None:
        return "503 5.5.1 AUTH is not allowed now"
    if mechanism not in MECHANISMS or mechanism not in session.server.mechanisms:
        return "504 5.5.4 Unrecognized authentication type"
    return ""


def _rset(session: SmtpSession, _argument: str) -> None:
    session.envelope = None
    session.reply("rset", "250 2.0.0 Ok")


def _noop(session: SmtpSession, _argument: str) -> None:
    session.reply("noop", "250 2.0.0 Ok")


def _quit(session: SmtpSession, _argument: str) -> None:
    session.reply("quit", "221 2.0.0 Bye")
    raise Dropped


COMMANDS: dict[str, Callable[[SmtpSession, str], None]] = {
    "EHLO": _ehlo,
    "HELO": _helo,
    "STARTTLS": _starttls,
    "AUTH": _auth,
    "MAIL": mail,
    "RCPT": rcpt,
    "DATA": data,
    "RSET": _rset,
    "NOOP": _noop,
    "QUIT": _quit,
}
