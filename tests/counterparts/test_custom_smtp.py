"""Custom SMTP and mail servers that nobody here wrote: sign-in, encryption, refusals, sizes, tokens."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from providers import (
    Address,
    Attachment,
    Egress,
    MemoryTokenStore,
    ProviderError,
    Session,
    Trace,
    WireContext,
    provider,
)
from providers.transports.smtp import SmtpServer, TokenLogin, open_smtp
from sandbox.tls import Authority
from tests.counterparts.conftest import Find
from tests.counterparts.counterpart import (
    IN_CI,
    KNOWN,
    PASSWORD,
    SIZE_LIMIT,
    TOKEN,
    UNKNOWN,
    USER,
    Counterpart,
    NotHere,
    leave_out,
)
from tests.providers.conftest import letter
from tests.providers.test_smtp_tokens import Tokens

MODES = ("starttls", "tls")


def context_for(counterpart: Counterpart, authority: Authority, **changes: Any) -> WireContext:
    """Rules of an operator who lists loopback and these two ports."""
    ports = (counterpart.starttls_port, counterpart.tls_port)
    options = {"ca_bundle": authority.ca_file, **changes}
    egress = Egress(allow_cidrs=("127.0.0.0/8",), allow_ports=ports, **options)
    return WireContext(egress, Trace(), MemoryTokenStore(), "key", 20.0)


def opened(counterpart: Counterpart, authority: Authority, mode: str = "starttls", **changes: Any) -> Session:
    """Open Custom SMTP as an admin would set it up for this server."""
    context = context_for(counterpart, authority, **changes.pop("rules", {}))
    typed = {
        "sender_email": USER,
        "host": "localhost",
        "port": str(counterpart.port(mode)),
        "tls_option": mode,
        "username": USER,
        "password": PASSWORD,
        **changes,
    }
    chosen = provider("smtp")
    return chosen.open(chosen.parse(typed, context.egress), context)


def refusal(counterpart: Counterpart, authority: Authority, **changes: Any) -> ProviderError:
    """Fail to open a session."""
    with pytest.raises(ProviderError) as caught:
        opened(counterpart, authority, **changes)
    return caught.value


@pytest.mark.parametrize("mode", MODES)
def test_mail_arrives_as_it_was_written(counterpart: Counterpart, authority: Authority, mode: str) -> None:
    subject, body = f"Überraschung {uuid4()}", "First\n.\n..two dots\nÄöü €\nlast\n"
    message = letter(
        KNOWN[0],
        subject=subject,
        text=body,
        html="<p>Hällo</p>",
        bcc=(Address(KNOWN[1]),),
        reply_to=(Address("answers@contoso.com", "Contoso, answers"),),
        attachments=(Attachment("Übersicht.bin", "application/octet-stream", bytes(range(256))),),
        sender=Address(USER, "Contoso Notifications"),
    )
    with opened(counterpart, authority, mode) as session:
        receipt = session.send(message)
    assert (receipt.accepted, receipt.refused) == (KNOWN, {})
    [mail, *copies] = counterpart.wait_for(subject)
    assert mail.envelope_from == USER
    assert {email for one in (mail, *copies) for email in one.envelope_to} <= set(KNOWN)
    assert (mail.message["From"], mail.message["To"]) == (f"Contoso Notifications <{USER}>", KNOWN[0])
    assert mail.message["Reply-To"] == '"Contoso, answers" <answers@contoso.com>'
    assert KNOWN[1] not in mail.message.as_string().partition("Message-ID")[2]
    text = mail.message.get_body(("plain",))
    assert text is not None
    assert text.get_content().replace("\r\n", "\n") == body
    [file] = mail.message.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("Übersicht.bin", bytes(range(256)))


def test_one_session_carries_several_mails(counterpart: Counterpart, authority: Authority) -> None:
    subjects = [f"Number {number} of {uuid4()}" for number in range(3)]
    with opened(counterpart, authority) as session:
        for subject in subjects:
            session.send(letter(KNOWN[0], subject=subject, sender=Address(USER)))
    assert all(len(counterpart.wait_for(subject)) == 1 for subject in subjects)


@pytest.mark.parametrize("mode", MODES)
def test_wrong_password_is_a_failed_sign_in(
    counterpart: Counterpart, authority: Authority, mode: str
) -> None:
    error = refusal(counterpart, authority, mode=mode, password="wrong-password-of-tests")
    assert (error.code, error.stage, error.transient) == ("auth_failed", "sign_in", False)
    assert error.reply.startswith("535")


def test_unknown_recipient_is_refused_alone(counterpart: Counterpart, authority: Authority) -> None:
    subject = f"Partly {uuid4()}"
    with opened(counterpart, authority) as session:
        receipt = session.send(letter(f"{UNKNOWN}, {KNOWN[0]}", subject=subject, sender=Address(USER)))
        assert receipt.accepted == (KNOWN[0],)
        assert {email: one.code for email, one in receipt.refused.items()} == {UNKNOWN: "recipient_refused"}
        with pytest.raises(ProviderError) as caught:
            session.send(letter(UNKNOWN, sender=Address(USER)))
        assert (caught.value.code, caught.value.connection_fault) == ("recipient_refused", False)
    assert counterpart.wait_for(subject)


def test_size_limit_is_kept_before_the_message_leaves(counterpart: Counterpart, authority: Authority) -> None:
    big = Attachment("big.bin", "application/octet-stream", bytes(SIZE_LIMIT))
    with opened(counterpart, authority) as session:
        with pytest.raises(ProviderError) as caught:
            session.send(letter(KNOWN[0], attachments=(big,), sender=Address(USER)))
        assert (caught.value.code, caught.value.facts["limit"]) == ("message_too_large", "0.2 MB")
        subject = f"Small again {uuid4()}"
        session.send(letter(KNOWN[0], subject=subject, sender=Address(USER)))
    assert counterpart.wait_for(subject)


def test_verification_leaves_no_mail(counterpart: Counterpart, authority: Authority) -> None:
    before = len(counterpart.received())
    with opened(counterpart, authority) as session:
        session.verify(USER, KNOWN[0])
        with pytest.raises(ProviderError):
            session.verify(USER, UNKNOWN)
    assert len(counterpart.received()) == before


@pytest.mark.parametrize("mode", MODES)
def test_private_authority_has_to_be_named(counterpart: Counterpart, authority: Authority, mode: str) -> None:
    unknown = {"ca_bundle": None}
    error = refusal(counterpart, authority, mode=mode, rules=unknown)
    assert (error.code, error.stage) == ("tls_certificate", "tls")
    named = authority.ca_file.read_text()
    opened(counterpart, authority, mode, rules=unknown, certificate=named).close()
    wrong = refusal(counterpart, authority, mode=mode, rules=unknown, certificate="ab" * 32)
    assert wrong.code == "tls_fingerprint"
    opened(counterpart, authority, mode, rules=unknown, certificate=wrong.facts["found"]).close()


def test_tls_option_of_the_other_port_is_told(counterpart: Counterpart, authority: Authority) -> None:
    error = refusal(counterpart, authority, port=str(counterpart.starttls_port), tls_option="tls")
    assert error.code == "tls_mode"


@pytest.mark.parametrize("tokens", [(TOKEN,), ("stale-token-0123", TOKEN), ("stale-token-0123",)])
def test_access_token_signs_in_at_nodemailer(
    find_counterpart: Find, authority: Authority, tokens: tuple[str, ...]
) -> None:
    """The one of these servers that knows XOAUTH2; it refuses as Google does, by a challenge."""
    try:
        counterpart = find_counterpart("nodemailer")
    except NotHere as missing:
        leave_out(missing)
    context, source = context_for(counterpart, authority), Tokens(*tokens)
    server = SmtpServer("localhost", counterpart.starttls_port, "starttls")
    if TOKEN in tokens:
        open_smtp(server, TokenLogin(USER, source), context).close()
        assert source.fetched == len(tokens)
        return
    with pytest.raises(ProviderError) as caught:
        open_smtp(server, TokenLogin(USER, source), context)
    assert (caught.value.code, caught.value.facts["status"]) == ("auth_token_refused", "401")
    assert source.fetched == 2


def test_enough_foreign_servers_run_where_it_counts(find_counterpart: Find) -> None:
    """A build server that can start only one of them proves too little to pass."""
    running, missing = [], []
    for name in ("aiosmtpd", "nodemailer", "postfix"):
        try:
            running.append(find_counterpart(name).name)
        except NotHere as why:
            missing.append(str(why))
    assert "aiosmtpd" in running
    if IN_CI:
        assert len(running) >= 2, " ".join(missing)
