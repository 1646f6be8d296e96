"""Mail above what one call carries: draft, files, upload in parts, send (field-lessons §2, 31-34)."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from providers import Attachment, Message, ProviderError, Session, Trace
from providers.transports.graph_large import LARGEST_FILE
from sandbox.inbox import CaughtMail, Inbox
from sandbox.microsoft import Microsoft
from tests.providers.conftest import MAILBOX, Rules, letter
from tests.providers.graph_ways import account_session, app_session

Open = Callable[..., Session]
WAYS = pytest.mark.parametrize("open_way", [app_session, account_session])


def content(size: int) -> bytes:
    """Bytes without a pattern, the same at every run."""
    return hashlib.shake_128(b"mail").digest(size)


def with_file(size: int, **changes: Any) -> Message:
    file = Attachment("report.bin", "application/octet-stream", content(size))
    return letter(**{"html": "<p>rich</p>", "attachments": (file,), **changes})


def operations(microsoft: Microsoft) -> list[str]:
    return [one.operation for one in microsoft.requests]


def files_of(mail: CaughtMail) -> list[bytes]:
    found = [part.get_payload(decode=True) for part in mail.attachments]
    return [one for one in found if isinstance(one, bytes)]


def refused(session: Session, message: Message, **options: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        session.send(message, **options)
    assert "authtoken" not in f"{caught.value} {vars(caught.value)}"
    return caught.value


@WAYS
@pytest.mark.feature("WPM-43")
@pytest.mark.parametrize("size", [2_900_000, 3_100_000, 4_100_000, 10_000_000])
def test_a_file_of_any_size_arrives_byte_for_byte(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox, open_way: Open, size: int
) -> None:
    message = with_file(size)
    with open_way(microsoft, egress_for(microsoft)) as session:
        receipt = session.send(message)
    mail = inbox.wait_for(1)[0]
    assert files_of(mail) == [message.attachments[0].content]
    assert mail.html.strip() == "<p>rich</p>"
    assert receipt.accepted == ("orgadmin@contoso.com",)
    assert receipt.provider_id
    assert ("sendmail" in operations(microsoft)) == (size == 2_900_000)
    assert max(one.size for one in microsoft.requests) < 4 * 1024 * 1024
    assert microsoft.graph.drafts.waiting == []


@pytest.mark.feature("WPM-43")
def test_the_parts_of_an_upload_carry_no_token_and_follow_what_graph_wants(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    microsoft.graph.drafts.uploads.take_at_most = 2_500_000
    trace, message = Trace(), with_file(9_000_000)
    with app_session(microsoft, egress_for(microsoft), trace) as session:
        session.send(message)
    parts = microsoft.graph.drafts.uploads.parts
    assert [first for first, _, _ in parts] == [0, 2_500_000, 5_000_000, 7_500_000]
    assert all(size < 4_000_000 and not signed for _, size, signed in parts)
    assert files_of(inbox.wait_for(1)[0]) == [message.attachments[0].content]
    assert "authtoken" not in f"{trace.results} {trace.facts} {caplog.text}"


def test_several_files_keep_their_order_and_their_place(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    files = (
        Attachment("logo.png", "image/png", b"png", content_id="logo"),
        Attachment("a.bin", "application/octet-stream", content(3_500_000)),
        Attachment("b.txt", "text/plain", b"text"),
    )
    message = with_file(1, html='<img src="cid:logo">', attachments=files, headers=(("X-Tag", "a"),))
    with app_session(microsoft, egress_for(microsoft)) as session:
        session.send(message)
    mail = inbox.wait_for(1)[0]
    assert files_of(mail) == [one.content for one in files]
    assert [part.get("Content-ID") for part in mail.attachments] == ["<logo>", None, None]
    assert (mail.text.strip(), mail.header("X-Tag")) == ("First line\nsecond line".replace("\n", "\r\n"), "a")


@WAYS
@pytest.mark.feature("WPM-44")
def test_without_mail_readwrite_small_mail_works_and_large_mail_names_the_permission(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox, open_way: Open
) -> None:
    lacking: dict[str, Any] = (
        {"roles": ("Mail.Send",)} if open_way is app_session else {"without": ("Mail.ReadWrite",)}
    )
    with open_way(microsoft, egress_for(microsoft), **lacking) as session:
        session.send(with_file(1000))
        error = refused(session, with_file(3_200_000))
        session.send(with_file(1000))
    assert (error.code, error.transient, error.connection_fault) == ("graph_large_permission", False, False)
    assert error.facts["missing"] == "Mail.ReadWrite"
    assert error.provider_code == "ErrorAccessDenied"
    assert len(inbox.wait_for(2)) == 2


@pytest.mark.feature("WPM-44")
def test_an_account_that_was_not_asked_for_drafts_is_not_tried(
    microsoft: Microsoft, egress_for: Rules
) -> None:
    with account_session(microsoft, egress_for(microsoft), large_mail=False) as session:
        error = refused(session, with_file(3_200_000))
    assert error.code == "graph_large_permission"
    assert operations(microsoft) == []


def test_marker_stands_right_before_the_draft_is_sent(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    class Withdrawn(Exception):
        pass

    def marker() -> None:
        (draft,) = microsoft.graph.drafts.waiting
        assert len(draft.files) == 1
        raise Withdrawn

    with app_session(microsoft, egress_for(microsoft)) as session, pytest.raises(Withdrawn):
        session.send(with_file(3_200_000), before_transmit=marker)
    assert microsoft.graph.drafts.waiting == []
    assert len(inbox) == 0


@pytest.mark.parametrize("at", ["messages", "createuploadsession", "upload", "attachments", "send"])
@pytest.mark.parametrize("fault", ["unavailable", "throttle", "drop_before"])
def test_whatever_fails_before_the_end_leaves_nothing_behind(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox, at: str, fault: str
) -> None:
    small = Attachment("b.txt", "text/plain", b"text")
    message = with_file(3_200_000)
    message = with_file(1, attachments=(*message.attachments, small))
    with app_session(microsoft, egress_for(microsoft)) as session:
        getattr(microsoft, fault)(at=at)
        error = refused(session, message)
        assert (error.transient, error.outcome_unknown) == (True, False)
        # A draft whose making was never answered cannot be known; here it was not carried out.
        assert microsoft.graph.drafts.waiting == []
        assert microsoft.graph.drafts.uploads.open == 0
        session.send(message)
    assert len(inbox.wait_for(1)) == 1


def test_a_lost_answer_is_settled_by_the_draft(microsoft: Microsoft, egress_for: Rules, inbox: Inbox) -> None:
    with app_session(microsoft, egress_for(microsoft)) as session:
        microsoft.drop_after_accept(at="send")
        receipt = session.send(with_file(3_200_000))
    assert receipt.reply == "Sent, as its draft shows"
    assert len(inbox.wait_for(1)) == 1


def test_when_the_draft_cannot_be_asked_nobody_knows(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    with app_session(microsoft, egress_for(microsoft)) as session:
        microsoft.drop_after_accept(at="send")
        microsoft.unavailable(at="draft")
        error = refused(session, with_file(3_200_000))
    assert (error.code, error.outcome_unknown) == ("outcome_unknown", True)
    assert len(inbox.wait_for(1)) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/api/v2.0/AttachmentSessions('x')?authtoken=t",
        "http://{host}/api/v2.0/x?authtoken=t",
        "https://user@{host}/api/v2.0/x?authtoken=t",
        "https://{host}.evil.example/x?authtoken=t",
        "https://127.0.0.1:1/x?authtoken=t",
        "https://{host}/x y?authtoken=t",
        "https://{host}/x\r\nHost: evil.example?authtoken=t",
        "//{host}/x",
        "",
        None,
    ],
)
@pytest.mark.control("C-EGR-4")
def test_an_upload_address_elsewhere_gets_nothing(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox, url: str | None
) -> None:
    told = url.format(host=microsoft.host) if url else url
    with app_session(microsoft, egress_for(microsoft)) as session:
        microsoft.answer_graph(201, _json({"uploadUrl": told}), at="createuploadsession")
        error = refused(session, with_file(3_200_000))
    assert (error.code, error.stage) == ("address_refused", "address_policy")
    assert "upload" not in operations(microsoft)
    assert microsoft.graph.drafts.waiting == []
    assert len(inbox) == 0


@pytest.mark.parametrize(
    "answer", [b"", b'{"nextExpectedRanges": ["0-"]}', b'{"nextExpectedRanges": ["9999999999"]}']
)
def test_an_upload_that_does_not_go_on_ends(microsoft: Microsoft, egress_for: Rules, answer: bytes) -> None:
    with app_session(microsoft, egress_for(microsoft)) as session:
        microsoft.answer_graph(200, answer, times=3, at="upload")
        error = refused(session, with_file(3_200_000))
    assert error.code in ("unknown_reply", "graph_refused")
    assert operations(microsoft).count("upload") <= 3


def test_no_mailbox_takes_a_file_above_150_mb(microsoft: Microsoft, egress_for: Rules) -> None:
    file = Attachment("huge.bin", "application/octet-stream", bytes(LARGEST_FILE + 1))
    with app_session(microsoft, egress_for(microsoft)) as session:
        error = refused(session, letter(attachments=(file,)))
    assert (error.code, error.facts["limit"]) == ("attachment_too_large", "150 MB per file")
    assert microsoft.requests == []


def test_the_mailboxs_own_limit_is_told_and_final(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    microsoft.add_mailbox(MAILBOX).size_limit = 5_000_000
    with app_session(microsoft, egress_for(microsoft)) as session:
        error = refused(session, with_file(6_000_000))
    assert (error.code, error.transient) == ("message_too_large", False)
    assert error.facts["limit"].startswith("what the mailbox allows")
    assert microsoft.graph.drafts.waiting == []
    assert len(inbox) == 0


def test_a_text_that_is_too_long_for_any_draft_is_refused(microsoft: Microsoft, egress_for: Rules) -> None:
    with app_session(microsoft, egress_for(microsoft)) as session:
        error = refused(session, letter(text="", html="<p>" + "long " * 900_000))
    assert (error.code, microsoft.requests) == ("message_too_large", [])


def _json(content: object) -> bytes:
    return json.dumps(content).encode()
