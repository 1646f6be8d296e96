"""Every row of Microsoft's table of Graph errors (microsoft.md §9) has its cause, stage and kind here."""

from __future__ import annotations

import json

import pytest

from providers.errors import TRAITS
from providers.network import HttpReply
from providers.transports.graph_errors import CODES, refused_send

# status, Graph's code, ours, stage, tried again, the connection's fault
ROWS = """
401 InvalidAuthenticationToken graph_unauthorized token no connection
401 - graph_access_denied sender no connection
403 ErrorAccessDenied graph_access_denied sender no connection
403 Authorization_RequestDenied graph_access_denied sender no connection
403 accessDenied graph_access_denied sender no connection
403 extensionError graph_access_denied sender no connection
403 ErrorSendAsDenied send_as_denied sender no connection
403 ErrorAccountDisabled sender_blocked sender no connection
404 ErrorInvalidUser graph_mailbox_unknown sender no connection
404 ResourceNotFound graph_mailbox_unknown sender no connection
404 Request_ResourceNotFound graph_mailbox_unknown sender no connection
404 itemNotFound graph_mailbox_unknown sender no connection
404 ErrorItemNotFound graph_mailbox_unknown sender no connection
404 MailboxNotEnabledForRESTAPI graph_mailbox_unsupported sender no connection
404 MailboxNotSupportedForRESTAPI graph_mailbox_unsupported sender no connection
404 ErrorNonExistentMailbox graph_mailbox_unsupported sender no connection
404 ErrorMailRecipientNotFound graph_mailbox_unsupported sender no connection
400 ErrorInvalidRecipients recipient_refused recipient no message
400 ErrorMissingRecipients recipient_refused recipient no message
400 ErrorInvalidSmtpAddress recipient_refused recipient no message
400 ErrorMimeContentInvalidBase64String graph_refused message no message
400 ErrorMimeContentInvalid graph_refused message no message
400 InvalidInternetMessageHeader graph_refused message no message
400 InvalidInternetMessageHeaderCollection graph_refused message no message
400 UnableToDeserializePostBody graph_refused message no message
400 BadRequest graph_refused message no message
400 invalidRequest graph_refused message no message
400 ErrorInvalidIdMalformed graph_refused message no message
413 - message_too_large message no message
400 ErrorMessageSizeExceeded message_too_large message no message
413 ErrorDataSizeLimitExceeded message_too_large message no message
413 ErrorAttachmentSizeLimitExceeded message_too_large message no message
507 ErrorQuotaExceeded graph_mailbox_full accepted yes connection
403 quotaLimitReached graph_mailbox_full accepted yes connection
400 ErrorExceededMessageLimit graph_sending_limit accepted yes connection
403 ErrorSubmissionQuotaExceeded graph_sending_limit accepted yes connection
429 ErrorExceededHourlyMessageLimit graph_sending_limit accepted yes connection
429 ErrorExceededMaxRecipientLimit graph_sending_limit accepted yes connection
403 ErrorAccountSuspend graph_account_suspended sender no connection
403 ErrorMessageBlocked message_refused message no message
423 - graph_unavailable accepted yes connection
429 ApplicationThrottled graph_throttled accepted yes connection
429 TooManyRequests graph_throttled accepted yes connection
429 ErrorServerBusy graph_throttled accepted yes connection
429 activityLimitReached graph_throttled accepted yes connection
429 ErrorExceededConnectionCount graph_throttled accepted yes connection
500 ErrorInternalServerError graph_unavailable accepted yes connection
500 generalException graph_unavailable accepted yes connection
503 ErrorInternalServerTransientError graph_unavailable accepted yes connection
503 ErrorMailboxStoreUnavailable graph_unavailable accepted yes connection
503 ErrorMailboxMoveInProgress graph_unavailable accepted yes connection
503 ErrorInsufficientResources graph_unavailable accepted yes connection
500 ErrorADUnavailable graph_unavailable accepted yes connection
503 ErrorConnectionFailed graph_unavailable accepted yes connection
503 ErrorTimeoutExpired graph_unavailable accepted yes connection
503 serviceNotAvailable graph_unavailable accepted yes connection
502 - graph_unavailable accepted yes connection
503 - graph_unavailable accepted yes connection
504 - outcome_unknown accepted yes message
509 - graph_throttled accepted yes connection
408 - graph_unavailable accepted yes connection
425 - graph_unavailable accepted yes connection
418 SomethingNew graph_refused message no message
599 SomethingNew graph_unavailable accepted yes connection
"""
CASES = [row.split() for row in ROWS.strip().splitlines()]


def reply(status: str, code: str, *, inner: str = "innerError", **headers: str) -> HttpReply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if code == "-":
        return HttpReply(int(status), named, "")
    found = {"code": "generic", "message": "Words.", inner: {"code": code, "request-id": "r", inner: {}}}
    return HttpReply(int(status), named, json.dumps({"error": found}))


def named(status: str, code: str) -> HttpReply:
    body = {"error": {"code": code, "message": "Words.", "innerError": {"date": "2026-11-21"}}}
    return HttpReply(int(status), {}, "" if code == "-" else json.dumps(body))


@pytest.mark.parametrize(("status", "code", "ours", "stage", "again", "fault"), CASES)
def test_every_row_of_the_table(
    status: str, code: str, ours: str, stage: str, again: str, fault: str
) -> None:
    error = refused_send(named(status, code), host="graph.microsoft.com", facts={"roles": "none"}, hide=())
    assert (error.code, error.stage) == (ours, stage)
    assert (error.transient, error.connection_fault) == (again == "yes", fault == "connection")
    assert error.provider_code == (code if code != "-" else f"HTTP {status}")
    assert isinstance(error, TRAITS[ours].kind)


@pytest.mark.parametrize("inner", ["innerError", "innererror"])
@pytest.mark.parametrize(
    ("status", "code", "ours"), [row[:3] for row in CASES if row[1].lower() in CODES and row[0] != "429"]
)
def test_the_most_specific_known_code_decides(status: str, code: str, ours: str, inner: str) -> None:
    assert refused_send(reply(status, code, inner=inner), host="", facts={}, hide=()).code == ours


def test_no_row_of_the_program_is_without_a_row_here() -> None:
    tested = {row[1].lower() for row in CASES}
    beyond = {"compacttoken", "mailboxnotfound", "errorsendonbehalfofdenied", "errorinvalidrequest"}
    beyond |= {
        "errorinvalidproperty",
        "errorrequiredpropertymissing",
        "requestbodyread",
        "unsupportedhttpverb",
    }
    assert set(CODES) - tested == beyond


@pytest.mark.parametrize("body", ["", "<html><body>Bad gateway</body></html>", "[]", "null", '{"error": []}'])
@pytest.mark.parametrize(("status", "ours"), [(403, "graph_access_denied"), (502, "graph_unavailable")])
def test_a_body_that_is_no_error_of_graph(body: str, status: int, ours: str) -> None:
    error = refused_send(HttpReply(status, {}, body), host="", facts={}, hide=())
    assert (error.code, error.provider_code, error.reply) == (ours, f"HTTP {status}", f"HTTP {status}")


def test_the_limit_that_throttles_is_named() -> None:
    crowded = reply("429", "ApplicationThrottled", ratelimit_exceeded="MailboxConcurrency", retry_after="9")
    error = refused_send(crowded, host="", facts={}, hide=())
    assert (error.code, error.facts["limit"], error.retry_after) == (
        "graph_throttled",
        "MailboxConcurrency",
        9.0,
    )


@pytest.mark.parametrize("status", ["401", "403"])
def test_a_claims_challenge_tells_an_account_from_an_app(status: str) -> None:
    asked = 'Bearer realm="", error="insufficient_claims", claims="eyJ9"'
    told = reply(status, "InvalidAuthenticationToken", www_authenticate=asked)
    codes = [
        refused_send(told, host="", facts={}, hide=(), delegated=delegated).code
        for delegated in (True, False)
    ]
    assert codes == ["token_reconnect", "token_blocked_by_policy"]


def test_the_request_limit_is_told_from_the_mailboxs() -> None:
    limits = [
        refused_send(named(status, code), host="", facts={}, hide=()).facts["limit"]
        for status, code in (("413", "-"), ("400", "ErrorMessageSizeExceeded"))
    ]
    assert limits[0].startswith("4 MB per request")
    assert limits[1].startswith("what the mailbox allows")
