"""The commands of the SMTP stand-in, as strict as a careful mail service."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.inbox import CaughtMail, Via
from sandbox.smtp_auth import MECHANISMS, WRONG, SignInRefused, exchange, verdict
from sandbox.smtp_envelope import EnvelopeInvalid, content_fault, read_mail, read_recipient
from sandbox.smtp_rules import local_part
from sandbox.smtp_session import HOST, SmtpSession
from sandbox.smtp_wire import Dropped

LAST_OF_A_GROUP = {"EHLO", "HELO", "STARTTLS", "AUTH", "DATA", "QUIT", "NOOP"}  # RFC 2920 §3.1
SIGN_INS_ALLOWED = 3
TOO_BIG = "552 5.3.4 Message size exceeds fixed maximum message size"


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
            session.offered = {keyword.split(" ")[0] for keyword in keywords}


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
        reply = scripted or verdict(credentials, session.server.users)
    except SignInRefused as error:
        reply, credentials = error.reply, None
    if session.reply("auth", reply) and credentials is not None:
        session.record.signed_in_as = credentials.user
    elif reply == WRONG and session.record.sign_ins_tried >= SIGN_INS_ALLOWED:
        session.say("421 4.7.0 Too many wrong sign-ins on this connection")


def _auth_problem(session: SmtpSession, mechanism: str) -> str:
    if "AUTH" not in session.offered:
        if session.server.users and not session.wire.is_secure:
            return "538 5.7.11 Encryption required for requested authentication mechanism"
        return "502 5.5.1 AUTH is not available"
    if session.record.signed_in_as or session.envelope is not None:
        return "503 5.5.1 AUTH is not allowed now"
    if mechanism not in MECHANISMS or mechanism not in session.rules.auth_mechanisms:
        return "504 5.5.4 Unrecognized authentication type"
    return ""


def _mail(session: SmtpSession, argument: str) -> None:
    problem = _mail_problem(session)
    if problem:
        session.reply("mail", problem)
        return
    try:
        envelope = read_mail(argument, offered=session.offered)
    except EnvelopeInvalid as error:
        session.reply("mail", error.reply)
        return
    own = envelope.sender.lower() == session.record.signed_in_as.lower()
    refusal = session.rules.senders.get(local_part(envelope.sender), "")
    if session.rules.sender_must_match and session.record.signed_in_as and not own:
        refusal = "550 5.7.60 Client does not have permissions to send as this sender"
    if envelope.declared_size > session.rules.size_limit:
        refusal = TOO_BIG
    if session.reply("mail", refusal or "250 2.1.0 Sender ok"):
        session.envelope = envelope


def _mail_problem(session: SmtpSession) -> str:
    rules, record = session.rules, session.record
    if not record.hello:
        return "503 5.5.1 Say EHLO first"
    if session.server.mode == "starttls" and rules.starttls and not session.wire.is_secure:
        return "530 5.7.0 Must issue a STARTTLS command first"
    may_sign_in = session.wire.is_secure or rules.auth_without_tls
    if session.server.users and rules.auth_required and may_sign_in and not record.signed_in_as:
        return "530 5.7.0 Authentication required"
    if session.envelope is not None:
        return "503 5.5.1 A mail transaction is already open"
    if rules.messages_per_session is not None and record.mails >= rules.messages_per_session:
        return "421 4.7.0 Too many messages on this connection"
    return ""


def _rcpt(session: SmtpSession, argument: str) -> None:
    envelope = session.envelope
    if envelope is None:
        session.reply("rcpt", "503 5.5.1 MAIL first")
        return
    try:
        recipient = read_recipient(argument, utf8=envelope.utf8)
        refusal = session.rules.recipient_refusal(envelope.sender, recipient)
    except EnvelopeInvalid as error:
        recipient, refusal = "", error.reply
    if len(envelope.recipients) >= session.rules.recipient_limit:
        refusal = "452 4.5.3 Too many recipients"
    if session.reply("rcpt", refusal or "250 2.1.5 Recipient ok"):
        envelope.recipients.append(recipient)


def _data(session: SmtpSession, argument: str) -> None:
    envelope, rules = session.envelope, session.rules
    if envelope is None:
        session.reply("data", "503 5.5.1 MAIL first")
        return
    if not envelope.recipients and not rules.data_without_recipients:
        session.reply("data", "554 5.5.1 No valid recipients")
        return
    if not session.reply(
        "data", "501 5.5.4 DATA takes no parameters" if argument else "354 End with a lone dot"
    ):
        return
    raw, size = session.wire.read_message(rules.size_limit)
    session.record.transcript.append(f"C: ({size} octets)")
    session.envelope = None
    if size > rules.size_limit:
        refusal = TOO_BIG
    elif not envelope.recipients:
        refusal = "554 5.5.1 No valid recipients"
    else:
        refusal = content_fault(raw, eight_bit=envelope.eight_bit) or rules.content_refusal(
            envelope.recipients
        )
    if refusal:
        session.reply("dot", refusal)
        return
    mail = CaughtMail(
        via=_via(session),
        envelope_from=envelope.sender,
        envelope_to=tuple(envelope.recipients),
        raw=raw,
        signed_in_as=session.record.signed_in_as,
    )
    _accept(session, mail)


def _accept(session: SmtpSession, mail: CaughtMail) -> None:
    if session.rules.fault("kept") is not None:
        _keep(session, mail)
        raise Dropped
    # The mail is kept before the yes is sent: whoever reads "250" finds it in the inbox.
    scripted = session.rules.fault("dot")
    if scripted is not None:
        session.wire.pause(scripted.delay)
        if scripted.drop:
            raise Dropped
    reply = (
        scripted.reply
        if scripted is not None and scripted.reply
        else f"250 2.0.0 Ok: queued as {mail.id[:12]}"
    )
    if reply.startswith("2"):
        _keep(session, mail)
    session.say(reply, drip=scripted.drip if scripted is not None else 0.0)


def _keep(session: SmtpSession, mail: CaughtMail) -> None:
    session.record.mails += 1
    session.server.inbox.add(mail)


def _via(session: SmtpSession) -> Via:
    if not session.wire.is_secure:
        return "smtp-plain"
    return "smtp-tls" if session.server.mode == "tls" else "smtp-starttls"


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
    "MAIL": _mail,
    "RCPT": _rcpt,
    "DATA": _data,
    "RSET": _rset,
    "NOOP": _noop,
    "QUIT": _quit,
}
