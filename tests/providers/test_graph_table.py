"""What Graph's refusals become, and how long it asks to wait."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from providers.errors import TRAITS
from providers.network import HttpReply
from providers.retry_after import retry_after
from providers.transports.graph_errors import CODES as GRAPH
from providers.transports.graph_errors import refused_send


def graph_reply(status: int, *codes: str, text: str = "Words.", **headers: str) -> HttpReply:
    body: dict[str, object] = {}
    for code in reversed(codes):
        body = {"code": code, "message": text, **({"innerError": body} if body else {})}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpReply(status, named, json.dumps({"error": body}) if codes else "")


@pytest.mark.parametrize(
    ("reply", "code", "stage", "transient"),
    [
        (graph_reply(401, "InvalidAuthenticationToken"), "graph_unauthorized", "token", False),
        (graph_reply(401), "graph_access_denied", "sender", False),
        (graph_reply(403, "ErrorAccessDenied"), "graph_access_denied", "sender", False),
        (graph_reply(403, "Authorization_RequestDenied"), "graph_access_denied", "sender", False),
        (graph_reply(403, "SomethingNew"), "graph_access_denied", "sender", False),
        (graph_reply(403, "ErrorSendAsDenied"), "send_as_denied", "sender", False),
        (
            graph_reply(403, "forbidden", "MailboxNotEnabledForRESTAPI"),
            "graph_mailbox_unsupported",
            "sender",
            False,
        ),
        (graph_reply(404, "ErrorInvalidUser"), "graph_mailbox_unknown", "sender", False),
        (graph_reply(404, "MailboxNotFound"), "graph_mailbox_unknown", "sender", False),
        (graph_reply(404, "MailboxNotEnabledForRESTAPI"), "graph_mailbox_unsupported", "sender", False),
        (graph_reply(404), "graph_mailbox_unknown", "sender", False),
        (graph_reply(400, "ErrorInvalidRecipients"), "recipient_refused", "recipient", False),
        (graph_reply(400, "ErrorMimeContentInvalidBase64String"), "graph_refused", "message", False),
        (
            graph_reply(400, "BadRequest", text="Maximum request length exceeded."),
            "message_too_large",
            "message",
            False,
        ),
        (graph_reply(413), "message_too_large", "message", False),
        (graph_reply(400, "ErrorMessageSizeExceeded"), "message_too_large", "message", False),
        (graph_reply(507, "ErrorQuotaExceeded"), "graph_mailbox_full", "accepted", True),
        (graph_reply(429, "ErrorExceededMessageLimit"), "graph_sending_limit", "accepted", True),
        (graph_reply(403, "ErrorExceededMessageLimit"), "graph_sending_limit", "accepted", True),
        (graph_reply(429, "ApplicationThrottled", retry_after="12"), "graph_throttled", "accepted", True),
        (graph_reply(429), "graph_throttled", "accepted", True),
        (graph_reply(500, "ErrorInternalServerTransientError"), "graph_unavailable", "accepted", True),
        (graph_reply(503), "graph_unavailable", "accepted", True),
        (graph_reply(502), "graph_unavailable", "accepted", True),
        (graph_reply(504), "outcome_unknown", "accepted", True),
        (graph_reply(423), "graph_unavailable", "accepted", True),
        (graph_reply(418, "Teapot"), "graph_refused", "message", False),
        (HttpReply(403, {}, "<html>proxy</html>"), "graph_access_denied", "sender", False),
        (HttpReply(400, {}, "[" * 9000), "graph_refused", "message", False),
        (HttpReply(500, {}, '{"error": "text"}'), "graph_unavailable", "accepted", True),
        (HttpReply(302, {"location": "https://evil.example"}, ""), "graph_refused", "message", False),
    ],
)
def test_graph_refusal_gets_its_meaning(reply: HttpReply, code: str, stage: Any, *, transient: bool) -> None:
    error = refused_send(reply, host="graph.microsoft.com", facts={"roles": "none"}, hide=())
    assert (error.code, error.stage, error.transient) == (code, stage, transient)
    assert error.provider_code


def test_graph_keeps_retry_after_and_the_request_id() -> None:
    error = refused_send(
        graph_reply(429, "ApplicationThrottled", retry_after="12", request_id="abc"),
        host="",
        facts={},
        hide=(),
    )
    assert (error.retry_after, error.request_id) == (12.0, "abc")


def test_every_code_of_the_graph_table_is_known_here() -> None:
    assert {meaning.code for meaning in GRAPH.values()} <= set(TRAITS)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("12", 12.0),
        ("0", 0.0),
        ("999999", 86400.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
    ],
)
def test_retry_after_in_seconds(header: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": header}) == seconds


def test_retry_after_as_a_date() -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    later = format_datetime(now + timedelta(seconds=90), usegmt=True)
    assert retry_after({"retry-after": later}, now=now) == 90.0
    assert retry_after({"retry-after": "Sat, 21 Nov 2020 11:00:00 GMT"}, now=now) == 0.0
