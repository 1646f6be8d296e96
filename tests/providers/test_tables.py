"""The tables that turn other people's refusals into our codes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from providers.claims import roles_of
from providers.entra import CODES as ENTRA
from providers.entra import refused_token
from providers.errors import TRAITS, ProviderError, Stage, failure
from providers.network import HttpReply
from providers.retry_after import retry_after
from providers.transports.graph_errors import CODES as GRAPH
from providers.transports.graph_errors import refused_send
from providers.transports.smtp_replies import Reply, refused
from providers.transports.smtp_verdicts import all_refused, refusal
from providers.words import cleaned, sentence

CODES = """
settings_incomplete secret_unreadable address_refused dns_not_found dns_unavailable connect_refused connect_timeout
connection_lost tls_certificate tls_mode tls_version starttls_missing greeting_refused auth_unsupported auth_failed
auth_app_password auth_temporary auth_blocked_by_policy basic_auth_retired auth_required sender_refused send_as_denied
sender_blocked recipient_refused recipient_temporary message_refused message_too_large smtputf8_missing
too_many_connections rate_limited quota_exceeded server_busy server_refused outcome_unknown token_secret_wrong
token_secret_expired token_client_unknown token_tenant_unknown token_consent_missing token_wrong_cloud
token_scope_wrong token_application_disabled token_blocked_by_policy token_refused token_unavailable
token_endpoint_wrong token_throttled graph_unauthorized graph_access_denied graph_mailbox_unknown
graph_mailbox_unsupported graph_throttled graph_unavailable graph_refused timeout unknown_reply
""".split()


def test_every_agreed_code_has_its_traits():
    assert set(TRAITS) == set(CODES)
    for code in CODES:
        error = failure(code)
        assert isinstance(error, ProviderError)
        assert error.category in "dns connect timeout tls auth sender recipient message quota server".split()
        assert str(error) == code
        assert error.outcome_unknown is (code == "outcome_unknown")
        assert "{" not in sentence(code, {})


@pytest.mark.parametrize(
    ("stage", "said", "code", "transient", "connection"),
    [
        ("greeting", "554 5.7.1 no service for you", "greeting_refused", False, True),
        ("greeting", "421 4.3.2 Too many concurrent connections", "too_many_connections", True, True),
        ("greeting", "421 try later", "server_busy", True, True),
        ("tls", "454 TLS not available due to temporary reason", "server_busy", True, True),
        ("tls", "502 unknown", "starttls_missing", False, True),
        ("sign_in", "535 5.7.8 bad credentials", "auth_failed", False, True),
        ("sign_in", "535 5.7.3 Authentication unsuccessful", "auth_failed", False, True),
        ("sign_in", "535 5.7.139 the user credentials were incorrect", "auth_failed", False, True),
        (
            "sign_in",
            "535 5.7.139 SmtpClientAuthentication is disabled",
            "auth_blocked_by_policy",
            False,
            True,
        ),
        ("sign_in", "535 5.7.139 security defaults policy", "auth_blocked_by_policy", False, True),
        ("sign_in", "535 5.7.139 basic authentication is disabled.", "basic_auth_retired", False, True),
        ("sign_in", "550 5.7.30 Basic authentication is not supported", "basic_auth_retired", False, True),
        ("sign_in", "534 5.7.9 Application-specific password required", "auth_app_password", False, True),
        ("sign_in", "534 5.7.14 log in via your browser", "auth_app_password", False, True),
        ("sign_in", "454 4.7.0 Temporary authentication failure", "auth_temporary", True, True),
        ("sign_in", "432 4.7.12 password transition needed", "auth_failed", False, True),
        ("sign_in", "432 4.3.2 Concurrent connections limit exceeded", "too_many_connections", True, True),
        ("sign_in", "504 5.5.4 unrecognized mechanism", "auth_unsupported", False, True),
        ("sign_in", "538 5.7.11 encryption required", "auth_unsupported", False, True),
        ("sign_in", "525 5.7.13 account disabled", "auth_blocked_by_policy", False, True),
        ("sender", "530 5.7.0 Must issue STARTTLS or log in", "auth_required", False, True),
        ("sender", "530 5.7.57 Client not authenticated", "auth_required", False, True),
        ("sender", "550 5.7.60 no permissions to send as this sender", "send_as_denied", False, True),
        ("sender", "553 5.7.1 sender not owned", "sender_refused", False, True),
        ("sender", "550 5.1.8 Access denied, bad outbound sender", "sender_blocked", False, True),
        ("sender", "552 5.3.4 message size exceeds limit", "message_too_large", False, False),
        ("sender", "452 4.3.1 insufficient storage", "server_busy", True, True),
        ("sender", "451 4.7.28 unusual rate", "rate_limited", True, True),
        ("sender", "550 5.4.5 Daily sending quota exceeded", "quota_exceeded", True, True),
        ("message", "451 4.7.1 greylisted", "server_busy", True, False),
        ("message", "421 4.7.0 closing", "server_busy", True, True),
        ("accepted", "554 5.7.1 looks like spam", "message_refused", False, False),
        ("accepted", "550 5.7.26 unauthenticated mail", "sender_refused", False, False),
        ("accepted", "550 5.7.509 fails DMARC", "sender_refused", False, False),
        ("accepted", "554 5.2.252 SendAsDenied", "send_as_denied", False, True),
        ("accepted", "554 5.2.0 STOREDRV SendAsDeniedException", "send_as_denied", False, True),
        ("accepted", "552 5.2.3 too large", "message_too_large", False, False),
        ("accepted", "450 4.2.0 busy", "server_busy", True, False),
        ("accepted", "550 5.1.1 no such user", "recipient_refused", False, False),
        ("accepted", "550 5.7.708 access denied, traffic not accepted", "sender_blocked", False, True),
        ("accepted", "550 5.7.233 limit", "quota_exceeded", True, True),
        (
            "accepted",
            "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
            "too_many_connections",
            True,
            True,
        ),
    ],
)
def test_smtp_reply_gets_its_meaning(stage, said, code, transient, connection):
    reply = Reply(int(said[:3]), said[4:])
    error = refused(Stage(stage), reply, host="smtp.example.com", facts={"port": "587"})
    assert (error.code, error.transient, error.connection_fault) == (code, transient, connection)
    assert error.reply == said
    assert error.facts["port"] == "587"


@pytest.mark.parametrize(
    ("said", "code", "transient"),
    [
        ("550 5.1.1 no such user", "recipient_refused", False),
        ("550 5.1.10 null MX", "recipient_refused", False),
        ("450 4.2.0 greylisted", "recipient_temporary", True),
        ("451 4.7.1 later", "recipient_temporary", True),
        ("452 4.5.3 too many recipients", "recipient_temporary", True),
        ("552 too many recipients", "recipient_temporary", True),
        ("552 5.2.2 mailbox full", "recipient_refused", False),
        ("550 5.7.1 relaying denied", "recipient_refused", False),
        ("530 5.7.57 not authenticated", "auth_required", False),
        ("550 5.4.5 daily limit", "quota_exceeded", True),
    ],
)
def test_recipient_gets_its_own_verdict(said, code, transient):
    verdict = refusal(Reply(int(said[:3]), said[4:]))
    assert (verdict.code, verdict.transient, verdict.reply) == (code, transient, said)


def test_when_all_are_refused_what_may_pass_later_decides():
    verdicts = {
        "a@x.com": refusal(Reply(550, "5.1.1 unknown")),
        "b@x.com": refusal(Reply(451, "4.7.1 later")),
    }
    error = all_refused(verdicts, {"host": "h"})
    assert (error.code, error.transient, error.refusals) == ("recipient_temporary", True, verdicts)
    assert all_refused({"a@x.com": verdicts["a@x.com"]}, {}).transient is False


@pytest.mark.parametrize(("number", "code"), sorted(ENTRA.items()))
def test_every_aadsts_number_leads_to_its_code(number, code):
    body = {
        "error": "invalid_request",
        "error_description": f"AADSTS{number}: Words.\r\nTrace ID: t-1\r\nCorrelation ID: c-1",
        "error_codes": [number],
        "trace_id": "t-1",
        "correlation_id": "c-1",
    }
    error = refused_token(body, status=400, retry_after=None, host="login", facts={"tenant": "t"}, hide=())
    assert (error.code, error.provider_code, error.request_id) == (code, f"AADSTS{number}", "t-1")
    assert error.reply == f"AADSTS{number}: Words."
    assert error.facts == {"tenant": "t", "correlation_id": "c-1"}
    del body["error_codes"]
    assert refused_token(body, status=400, retry_after=None, host="", facts={}, hide=()).code == code


@pytest.mark.feature("CIR-17")
def test_the_numbers_of_the_guide_mean_what_the_guide_says():
    expected = {
        7000215: "token_secret_wrong",
        7000222: "token_secret_expired",
        700016: "token_client_unknown",
        90002: "token_tenant_unknown",
        65001: "token_consent_missing",
        900382: "token_wrong_cloud",
        500011: "token_scope_wrong",
        7000112: "token_application_disabled",
        53003: "token_blocked_by_policy",
        50196: "token_throttled",
        90033: "token_unavailable",
    }
    assert {number: ENTRA[number] for number in expected} == expected


@pytest.mark.parametrize(
    ("body", "status", "code", "transient"),
    [
        ({"error": "invalid_client"}, 401, "token_secret_wrong", False),
        ({"error": "unauthorized_client"}, 400, "token_client_unknown", False),
        ({"error": "temporarily_unavailable"}, 400, "token_unavailable", True),
        (
            {"error": "something_new", "error_description": "AADSTS123456789: new"},
            400,
            "token_refused",
            False,
        ),
        ({}, 503, "token_unavailable", True),
        (None, 302, "token_endpoint_wrong", False),
        (None, 404, "token_endpoint_wrong", False),
        (None, 200, "unknown_reply", False),
        ([1], 400, "unknown_reply", False),
        ("text", 500, "token_unavailable", True),
        ({"error": "x"}, 429, "token_throttled", True),
        (
            {"error": {"a": 1}, "error_description": ["x"], "error_codes": ["x"], "trace_id": 7},
            400,
            "token_refused",
            False,
        ),
    ],
)
def test_answer_without_a_known_number_is_judged_by_error_and_status(body, status, code, transient):
    error = refused_token(body, status=status, retry_after=7.0, host="", facts={}, hide=())
    assert (error.code, error.transient, error.retry_after) == (code, transient, 7.0)


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
        (graph_reply(507, "ErrorQuotaExceeded"), "quota_exceeded", "accepted", True),
        (graph_reply(429, "ErrorExceededMessageLimit"), "quota_exceeded", "accepted", True),
        (graph_reply(403, "ErrorExceededMessageLimit"), "quota_exceeded", "accepted", True),
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
def test_graph_refusal_gets_its_meaning(reply, code, stage, transient):
    error = refused_send(reply, host="graph.microsoft.com", facts={"roles": "none"}, hide=())
    assert (error.code, error.stage, error.transient) == (code, stage, transient)
    assert error.provider_code


def test_graph_keeps_retry_after_and_the_request_id():
    error = refused_send(
        graph_reply(429, "ApplicationThrottled", retry_after="12", request_id="abc"),
        host="",
        facts={},
        hide=(),
    )
    assert (error.retry_after, error.request_id) == (12.0, "abc")


def test_every_code_of_the_graph_table_is_known_here():
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
def test_retry_after_in_seconds(header, seconds):
    assert retry_after({"retry-after": header}) == seconds


def test_retry_after_as_a_date():
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    later = format_datetime(now + timedelta(seconds=90), usegmt=True)
    assert retry_after({"retry-after": later}, now=now) == 90.0
    assert retry_after({"retry-after": "Sat, 21 Nov 2020 11:00:00 GMT"}, now=now) == 0.0


@pytest.mark.parametrize(
    ("token", "roles"),
    [
        ("opaque", None),
        ("a.b.c", None),
        ("a..c", None),
        ("a.e30.c", ()),
        ("a.eyJyb2xlcyI6WyJNYWlsLlNlbmQiXX0.c", ("Mail.Send",)),
        ("a.eyJyb2xlcyI6Ik1haWwuU2VuZCJ9.c", None),
        ("a.WzFd.c", None),
        ("a.\u00fc.c", None),
        ("a." + "W" * 100000 + ".c", None),
    ],
)
def test_roles_are_read_best_effort(token, roles):
    assert roles_of(token) == roles


@pytest.mark.parametrize(
    ("said", "clean"),
    [
        ("550 no\r\nBcc: x", "550 no Bcc: x"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("a\u202eb\u200b", "a b"),
        ("x" * 10_000_000, "x" * 500),
        ("secret123 here", "••• here"),
    ],
)
def test_other_peoples_words_are_made_harmless(said, clean):
    assert cleaned(said, hide=("secret123",)) == clean
