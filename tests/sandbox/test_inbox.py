"""The inbox keeps what arrived."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sandbox import inbox as inbox_module
from sandbox.inbox import CaughtMail, Inbox


def mail(subject: str = "Hello", **changes: object) -> CaughtMail:
    values: dict[str, object] = {
        "via": "graph",
        "envelope_from": "a@contoso.com",
        "envelope_to": ("b@fabrikam.com",),
        "raw": f"Subject: {subject}\r\n\r\nText\r\n".encode(),
    }
    return CaughtMail(**{**values, **changes})  # type: ignore[arg-type]


def test_it_is_a_list_that_finds_mail(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    first, second = inbox.add(mail("1")), inbox.add(mail("2", envelope_to=("Carol@fabrikam.com",)))
    assert (len(inbox), inbox[0], inbox[-1], list(inbox)) == (2, first, second, [first, second])
    assert inbox.to("carol@FABRIKAM.com") == [second]
    assert (inbox.get(first.id), inbox.get("x")) == (first, None)
    assert (first.subject, first.text, first.html) == ("1", "Text\r\n", "")


def test_mail_survives_a_restart_until_it_is_removed(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    kept = [inbox.add(mail(str(number))) for number in range(3)]
    assert list(Inbox(tmp_path)) == kept
    inbox.clear()
    assert list(Inbox(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_a_half_written_mail_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "x.eml").write_bytes(b"")
    assert list(Inbox(tmp_path)) == []


def test_only_the_newest_stay_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_module, "KEPT_ON_DISK", 2)
    inbox = Inbox(tmp_path)
    for number in range(4):
        inbox.add(mail(str(number)))
    assert [kept.subject for kept in inbox] == ["2", "3"]
    assert [kept.subject for kept in Inbox(tmp_path)] == ["2", "3"]


def test_waiting_ends_when_the_mail_is_there_or_time_is_up() -> None:
    inbox = Inbox()
    threading.Timer(0.05, lambda: inbox.add(mail())).start()
    assert len(inbox.wait_for(1, 5)) == 1
    with pytest.raises(TimeoutError, match="1 of 2 mails arrived"):
        inbox.wait_for(2, 0.01)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no header",
        b"Content-Type: text/plain; charset=nobody-knows\r\n\r\n\xff\xfe",
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\nno part at all",
        b"Subject: =?utf-8?q?=FF?=\r\nMessage-ID: <<>\r\nFrom: @@\r\n\r\n",
    ],
)
def test_a_broken_mail_can_be_looked_at(raw: bytes) -> None:
    broken = mail(raw=raw)
    assert isinstance(
        (broken.subject, broken.text, broken.html, broken.message_id, broken.attachments), tuple
    )
