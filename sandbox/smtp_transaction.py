"""MAIL, RCPT and DATA of the SMTP stand-in: one mail from its envelope to the reply after the dot."""

from __future__ import annotations

from sandbox.inbox import CaughtMail, Via
from sandbox.smtp_envelope import Envelope, EnvelopeInvalid, content_fault, read_mail, read_recipient
from sandbox.smtp_rules import local_part
from sandbox.smtp_session import SmtpSession
from sandbox.smtp_wire import Dropped

TOO_BIG = "552 5.3.4 Message size exceeds fixed maximum message size"
NOBODY = "554 5.5.1 No valid recipients"


def mail(session: SmtpSession, argument: str) -> None:
    """Answer MAIL."""
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
    if session.server.wants_sign_in and rules.auth_required and may_sign_in and not record.signed_in_as:
        return "530 5.7.0 Authentication required"
    if session.envelope is not None:
        return "503 5.5.1 A mail transaction is already open"
    if rules.messages_per_session is not None and record.mails >= rules.messages_per_session:
        return "421 4.7.0 Too many messages on this connection"
    return ""


def rcpt(session: SmtpSession, argument: str) -> None:
    """Answer RCPT."""
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


def data(session: SmtpSession, argument: str) -> None:
    """Answer DATA, take the message and answer its dot."""
    envelope, rules = session.envelope, session.rules
    if envelope is None:
        session.reply("data", "503 5.5.1 MAIL first")
    elif argument:
        session.reply("data", "501 5.5.4 DATA takes no parameters")
    elif not envelope.recipients and not rules.data_without_recipients:
        session.reply("data", NOBODY)
    elif session.reply("data", "354 End with a lone dot"):
        raw, size = session.wire.read_message(rules.size_limit)
        session.record.transcript.append(f"C: ({size} octets)")
        session.envelope = None
        refusal = TOO_BIG if size > rules.size_limit else _message_refusal(session, envelope, raw)
        if refusal:
            session.reply("dot", refusal)
        else:
            _accept(session, _caught(session, envelope, raw))


def _message_refusal(session: SmtpSession, envelope: Envelope, raw: bytes) -> str:
    if not envelope.recipients:
        return NOBODY
    fault = content_fault(raw, eight_bit=envelope.eight_bit)
    return fault or session.rules.content_refusal(envelope.recipients)


def _caught(session: SmtpSession, envelope: Envelope, raw: bytes) -> CaughtMail:
    return CaughtMail(
        via=_via(session),
        envelope_from=envelope.sender,
        envelope_to=tuple(envelope.recipients),
        raw=raw,
        signed_in_as=session.record.signed_in_as,
    )


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
