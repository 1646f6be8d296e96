"""The SMTP stand-in behaves like a careful mail service."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Callable

import pytest

from sandbox.inbox import Inbox
from sandbox.smtp import Rules, SmtpServer

RAW = b"Subject: Hello\r\nMessage-ID: <1@contoso.com>\r\n\r\n.first\r\n..second\r\nend\r\n"
USERS = {"ann@contoso.com": "right"}
Start = Callable[..., SmtpServer]
Connect = Callable[..., smtplib.SMTP]


@pytest.mark.parametrize(
    ("mode", "via"), [("starttls", "smtp-starttls"), ("tls", "smtp-tls"), ("plain", "smtp-plain")]
)
def test_mail_arrives_byte_for_byte(
    smtp_server: Start, connect: Connect, inbox: Inbox, mode: str, via: str
) -> None:
    server = smtp_server(mode=mode, users=USERS)
    client = connect(server, user="" if mode == "plain" else "ann@contoso.com")
    assert client.sendmail("ann@contoso.com", ["bob@fabrikam.com", "unknown@fabrikam.com"], RAW) == {
        "unknown@fabrikam.com": (550, b"5.1.1 The email account that you tried to reach does not exist")
    }
    client.quit()
    (mail,) = inbox.wait_for(1)
    assert (mail.raw, mail.via, mail.envelope_from) == (RAW, via, "ann@contoso.com")
    assert mail.envelope_to == ("bob@fabrikam.com",)
    assert mail.signed_in_as == ("" if mode == "plain" else "ann@contoso.com")
    assert (mail.subject, mail.message_id) == ("Hello", "<1@contoso.com>")


def test_nothing_is_taken_before_tls_and_sign_in(smtp_server: Start, connect: Connect, inbox: Inbox) -> None:
    server = smtp_server(users=USERS)
    client = connect(server, secure=False)
    client.ehlo()
    assert not client.has_extn("auth")
    assert client.docmd("AUTH", "PLAIN AGFubgByaWdodA==")[0] == 538
    assert client.mail("ann@contoso.com")[0] == 530
    secure = connect(server)
    secure.ehlo()
    assert secure.mail("ann@contoso.com")[0] == 530
    assert len(inbox) == 0


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_signing_in_works_and_leaves_no_trace(smtp_server: Start, connect: Connect, mechanism: str) -> None:
    server = smtp_server(users=USERS, rules=Rules(auth_mechanisms=(mechanism,)))
    client = connect(server, user="ann@contoso.com")
    assert server.signed_in == ["ann@contoso.com"]
    assert server.sessions[0].sign_ins_tried == 1
    assert client.login("ann@contoso.com", "right")[0] == 503
    written = "\n".join(server.transcript)
    for secret in ("right", "AGFubkBjb250b3NvLmNvbQByaWdodA==", "cmlnaHQ="):
        assert secret not in written
    assert server.credentials == []


@pytest.mark.parametrize(
    ("user", "code", "enhanced"),
    [
        ("ann@contoso.com", 535, "5.7.8"),
        ("nobody@contoso.com", 535, "5.7.8"),
        ("retired@contoso.com", 550, "5.7.30"),
        ("apppassword@contoso.com", 534, "5.7.9"),
        ("policy@contoso.com", 535, "5.7.139"),
        ("later@contoso.com", 454, "4.7.0"),
    ],
)
def test_a_wrong_sign_in_is_refused(
    smtp_server: Start, connect: Connect, user: str, code: int, enhanced: str
) -> None:
    server = smtp_server(users=USERS, rules=Rules(auth_mechanisms=("PLAIN",)))
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        connect(server).login(user, "wrong")
    assert refused.value.smtp_code == code
    assert enhanced in str(refused.value.smtp_error)
    assert server.signed_in == []


@pytest.mark.parametrize(
    ("recipient", "code"),
    [("busy", 451), ("full", 452), ("unknown+tag", 550), ("Disabled", 550), ("relay", 550), ("toomany", 452)],
)
def test_the_recipient_decides_about_the_refusal(
    smtp_server: Start, connect: Connect, recipient: str, code: int
) -> None:
    client = connect(smtp_server())
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        client.sendmail("ann@contoso.com", [f"{recipient}@fabrikam.com"], RAW)
    assert refused.value.recipients[f"{recipient}@fabrikam.com"][0] == code


def test_a_greylisted_recipient_is_accepted_at_the_second_try(
    smtp_server: Start, connect: Connect, inbox: Inbox
) -> None:
    client = connect(smtp_server())
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        client.sendmail("ann@contoso.com", ["greylisted@fabrikam.com"], RAW)
    client.sendmail("ann@contoso.com", ["greylisted@fabrikam.com"], RAW)
    assert len(inbox) == 1


@pytest.mark.parametrize(
    ("raw", "reply"),
    [
        (b"Subject: x\r\n\r\nbare\nline feed\r\n", "5.6.11"),
        (b"Subject: x\r\n\r\n" + b"y" * 999 + b"\r\n", "5.6.0"),
        (b"Subject: x\r\n\r\n\0\r\n", "5.6.0"),
        ("Subject: x\r\n\r\nGrüße\r\n".encode(), "5.6.1"),
        (b"Subject: x\r\n\r\n" + b"y\r\n" * 400, "5.3.4"),
    ],
)
def test_a_badly_written_message_is_refused_after_the_dot(
    smtp_server: Start, connect: Connect, inbox: Inbox, raw: bytes, reply: str
) -> None:
    client = connect(smtp_server(rules=Rules(size_limit=1100, announce_size=False)))
    with pytest.raises(smtplib.SMTPDataError) as refused:
        client.sendmail("ann@contoso.com", ["bob@fabrikam.com"], raw)
    assert reply in str(refused.value.smtp_error)
    assert client.noop()[0] == 250
    assert len(inbox) == 0


def test_a_declared_size_over_the_limit_is_refused_before_the_data(
    smtp_server: Start, connect: Connect
) -> None:
    client = connect(smtp_server(rules=Rules(size_limit=50)))
    with pytest.raises(smtplib.SMTPSenderRefused) as refused:
        client.sendmail("ann@contoso.com", ["bob@fabrikam.com"], RAW)
    assert refused.value.smtp_code == 552


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("MAIL FROM:ann@contoso.com", 501),
        ("MAIL FROM:<ann>", 501),
        ("MAIL FROM:<ann@contoso.com> X=1", 555),
        ("MAIL FROM:<änn@contoso.com>", 553),
        ("RCPT TO:<bob@fabrikam.com>", 503),
        ("DATA", 503),
        ("AUTH PLAIN x", 502),
        ("STARTTLS", 502),
        ("VRFY bob", 500),
        ("EHLO", 501),
    ],
)
def test_a_wrong_command_is_refused(smtp_server: Start, line: str, code: int) -> None:
    server = smtp_server(mode="plain")
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw, raw.makefile("rwb") as wire:
        assert wire.readline().startswith(b"220 ")
        for text in ("HELO client.test", line):
            wire.write(f"{text}\r\n".encode())
            wire.flush()
            answer = wire.readline()
    assert int(answer[:3]) == code


def test_pipelining_is_taken_only_where_it_is_offered(smtp_server: Start, inbox: Inbox) -> None:
    group = b"MAIL FROM:<a@contoso.com>\r\nRCPT TO:<b@fabrikam.com>\r\nDATA\r\n"
    for offered, answers in ((True, [b"250", b"250", b"354"]), (False, [b"503", b""])):
        server = smtp_server(mode="plain", rules=Rules(pipelining=offered))
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
            wire = raw.makefile("rb")
            wire.readline()
            raw.sendall(b"EHLO client.test\r\n")
            while wire.readline()[3:4] == b"-":
                pass
            raw.sendall(group)
            assert [wire.readline()[:3] for _ in answers] == answers
            if offered:
                raw.sendall(b"Subject: x\r\n\r\nx\r\n.\r\n" + group)
                assert [wire.readline()[:3] for _ in range(4)] == [b"250", b"250", b"250", b"354"]
            wire.close()
    assert len(inbox) == 1
