"""The Graph wire and its tokens against a stand-in that is as strict as Microsoft."""

from __future__ import annotations

import json
from typing import Any

import pytest

from providers import (
    Address,
    Attachment,
    MemoryTokenStore,
    Message,
    ProviderError,
    Trace,
    provider,
)
from providers.transports.graph_body import json_body
from sandbox.inbox import Inbox
from sandbox.microsoft import Microsoft
from tests.providers.conftest import (
    CLIENT,
    MAILBOX,
    SECRET,
    TENANT,
    Rules,
    context_of,
    graph_settings,
    letter,
    words,
)

OTHER = "7d1f0c52-93ab-4c1e-b0a7-000000000001"


def opened(
    microsoft: Microsoft,
    egress_for: Rules,
    trace: Trace | None = None,
    tokens: MemoryTokenStore | None = None,
    **changes: Any,
) -> Any:
    egress = egress_for(microsoft)
    context = context_of(egress, trace or Trace(), tokens=tokens or MemoryTokenStore())
    return provider("graph").open(graph_settings(microsoft, egress, **changes), context)


def failed(
    microsoft: Microsoft,
    egress_for: Rules,
    trace: Trace | None = None,
    message: Message | None = None,
    **changes: Any,
) -> ProviderError:
    with pytest.raises(ProviderError) as caught, opened(microsoft, egress_for, trace, **changes) as session:
        session.send(message or letter())
    seen = f"{caught.value!r} {caught.value} {vars(caught.value)} {trace.results if trace else ''}"
    assert SECRET not in seen
    assert "Bearer" not in seen
    return caught.value


@pytest.mark.feature("CIR-6")
@pytest.mark.feature("CIR-19")
def test_one_token_and_one_post_carry_a_message(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    trace = Trace()
    with opened(microsoft, egress_for, trace) as session:
        receipt = session.send(letter("a@x.com, b@x.com", bcc=(Address("c@x.com"),)))
    assert receipt.accepted == ("a@x.com", "b@x.com", "c@x.com")
    assert receipt.provider_id
    asked, posted = microsoft.token_requests, microsoft.requests
    assert [(one.tenant, one.client_id, one.grant_type) for one in asked] == [
        (TENANT, CLIENT, "client_credentials")
    ]
    assert asked[0].scope.split()[0] == f"https://{microsoft.host}/.default"
    assert [(one.method, one.path) for one in posted] == [("POST", f"/v1.0/users/{MAILBOX}/sendMail")]
    mail = inbox.wait_for(1)[0]
    assert (mail.via, set(mail.envelope_to)) == ("graph", {"a@x.com", "b@x.com", "c@x.com"})
    assert [(row.stage.value, row.verdict) for row in trace.results] == [
        (stage, "ok") for stage in words("name_lookup connect tls token sender message accepted")
    ]
    texts = {row.stage.value: row.text for row in trace.results}
    assert texts["token"] == "Access token received for app 7d1f0c52…1d44, valid 60 minutes"
    assert texts["accepted"] == f"Accepted by Microsoft 365 as {MAILBOX}"


def test_marker_stands_before_the_post_and_may_stop_it(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    class Withdrawn(Exception):
        pass

    def marker() -> None:
        assert microsoft.requests == []
        raise Withdrawn

    with opened(microsoft, egress_for) as session:
        with pytest.raises(Withdrawn):
            session.send(letter(), before_transmit=marker)
        assert microsoft.requests == []
        session.send(letter())
    assert len(inbox.wait_for(1)) == 1


def test_text_beside_html_and_list_headers_travel_as_mime(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    unsubscribe = (("List-Unsubscribe", "<https://x.example/u>"), ("X-Tag", "a"))
    with opened(microsoft, egress_for) as session:
        session.send(letter(text="plain", html="<p>rich</p>", headers=unsubscribe, bcc=(Address("c@x.com"),)))
    mail = inbox.wait_for(1)[0]
    assert (mail.text.strip(), mail.html.strip()) == ("plain", "<p>rich</p>")
    assert mail.header("List-Unsubscribe") == "<https://x.example/u>"
    assert set(mail.envelope_to) == {"orgadmin@contoso.com", "c@x.com"}
    assert mail.header("Bcc") == ""


def test_plain_message_travels_as_json_with_its_files(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    message = letter(
        text="",
        html='<img src="cid:logo">',
        priority="high",
        headers=(("X-Tag", "a"),),
        reply_to=(Address("reply@x.com", "Reply"),),
        attachments=(
            Attachment("logo.png", "image/png", b"png", content_id="logo"),
            Attachment("ü.pdf", "application/pdf", b"pdf"),
        ),
    )
    with opened(microsoft, egress_for) as session:
        session.send(message)
    mail = inbox.wait_for(1)[0]
    assert {part.get_filename(): part.get_payload(decode=True) for part in mail.attachments} == {
        "logo.png": b"png",
        "ü.pdf": b"pdf",
    }
    assert mail.header("Reply-To")
    assert mail.header("X-Tag") == "a"


@pytest.mark.parametrize(
    ("size", "headers", "call"),
    [
        (2_150_000, (), "sendMail"),
        (2_900_000, (), "sendMail"),
        (3_100_000, (), "send"),
        (2_100_000, (("List-Id", "<a.example>"),), "sendMail"),
        (2_500_000, (("List-Id", "<a.example>"),), "send"),
    ],
)
def test_finished_body_decides_the_way(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox, size: int, headers: Any, call: str
) -> None:
    microsoft.add_app(TENANT, CLIENT, SECRET, roles=("Mail.Send", "Mail.ReadWrite"))
    file = Attachment("a.bin", "application/octet-stream", b"x" * size)
    message = letter(text="plain", html="<p>rich</p>", attachments=(file,), headers=headers)
    with opened(microsoft, egress_for) as session:
        session.send(message)
    assert microsoft.requests[-1].path.rpartition("/")[2] == call
    assert max(one.size for one in microsoft.requests) <= 4 * 1024 * 1024
    assert len(inbox.wait_for(1)) == 1


def test_address_beyond_ascii_is_refused_aloud(microsoft: Microsoft, egress_for: Rules) -> None:
    assert failed(microsoft, egress_for, message=letter("jörg@x.com")).code == "smtputf8_missing"


def test_json_form_leaves_out_what_graph_refuses() -> None:
    body = json.loads(json_body(letter()))["message"]
    assert sorted(body) == ["body", "from", "importance", "subject", "toRecipients"]
    assert body["importance"] == "normal"
    assert CLIENT not in json.dumps(body)
