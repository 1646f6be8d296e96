"""What Graph refuses, and what nobody can know."""

from __future__ import annotations

from typing import Any

import pytest

from providers import Address, ProviderError, Trace
from sandbox.inbox import Inbox
from sandbox.microsoft import Microsoft
from tests.providers.conftest import (
    TENANT,
    Rules,
    letter,
)
from tests.providers.test_graph import OTHER, failed, opened


@pytest.mark.control("C-EGR-5")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_of_graph_is_not_followed(
    microsoft: Microsoft, egress_for: Rules, status: int, inbox: Inbox
) -> None:
    microsoft.answer_graph(status, b"", {"Location": f"{microsoft.base_url}/v1.0/users/x/sendMail"})
    error = failed(microsoft, egress_for)
    assert (error.code, error.transient) == ("graph_refused", False)
    assert len(microsoft.requests) == 1
    assert len(inbox) == 0


def test_token_without_the_role_is_a_warning_and_the_refusal_says_so(
    microsoft: Microsoft, egress_for: Rules
) -> None:
    microsoft.add_app(TENANT, OTHER, "norole~secret", roles=())
    trace = Trace()
    with opened(microsoft, egress_for, trace, client_id=OTHER, client_secret="norole~secret") as session:
        warned = trace.results[-1]
        assert (warned.stage, warned.verdict) == ("sender", "warning")
        assert warned.text == "The token carries no Mail.Send permission"
        with pytest.raises(ProviderError) as caught:
            session.send(letter())
    error = caught.value
    assert (error.code, error.stage) == ("permission_missing", "sender")
    assert (error.facts["roles"], error.facts["missing"]) == ("none", "Mail.Send")
    assert [row.verdict for row in trace.results if row.stage == "sender"] == ["failed"]


@pytest.mark.feature("CIR-16")
def test_unknown_mailbox_is_the_senders_fault(microsoft: Microsoft, egress_for: Rules) -> None:
    nobody = "nobody@contoso.com"
    error = failed(microsoft, egress_for, message=letter(sender=Address(nobody)), sender_email=nobody)
    assert (error.code, error.stage, error.facts["sender"]) == (
        "graph_mailbox_unknown",
        "sender",
        "nobody@contoso.com",
    )


@pytest.mark.parametrize(
    ("status", "code", "ours", "connection"),
    [
        (403, "ErrorSendAsDenied", "send_as_denied", True),
        (404, "MailboxNotEnabledForRESTAPI", "graph_mailbox_unsupported", True),
        (400, "ErrorInvalidRecipients", "recipient_refused", False),
        (413, "BadRequest", "graph_refused", False),
        (429, "ErrorExceededMessageLimit", "graph_sending_limit", True),
        (500, "ErrorInternalServerError", "graph_unavailable", True),
        (504, "GatewayTimeout", "outcome_unknown", False),
    ],
)
def test_refusals_of_graph_become_ours(
    microsoft: Microsoft, egress_for: Rules, status: int, code: str, ours: str, *, connection: bool
) -> None:
    microsoft.refuse(status, code)
    error = failed(microsoft, egress_for)
    assert (error.code, error.connection_fault) == (ours, connection)
    assert error.outcome_unknown is (ours == "outcome_unknown")


@pytest.mark.parametrize(("wait", "expected"), [(7, 7.0), (None, None)])
def test_throttling_keeps_the_wait_microsoft_asked_for(
    microsoft: Microsoft, egress_for: Rules, wait: Any, expected: Any
) -> None:
    microsoft.throttle(1, wait)
    error = failed(microsoft, egress_for)
    assert (error.code, error.transient, error.retry_after) == ("graph_throttled", True, expected)
    assert error.request_id


@pytest.mark.parametrize("status", [200, 201, 204])
def test_only_202_is_acceptance(microsoft: Microsoft, egress_for: Rules, status: int) -> None:
    microsoft.answer_graph(status)
    error = failed(microsoft, egress_for)
    assert error.code == "graph_refused"
    assert "instead of 202" in error.reply


def test_202_with_retry_after_is_acceptance(microsoft: Microsoft, egress_for: Rules) -> None:
    microsoft.answer_graph(202, b"", {"Retry-After": "5"})
    with opened(microsoft, egress_for) as session:
        assert session.send(letter()).accepted


def test_lost_answer_is_an_unknown_outcome(microsoft: Microsoft, egress_for: Rules, inbox: Inbox) -> None:
    microsoft.drop_after_accept()
    trace = Trace()
    error = failed(microsoft, egress_for, trace)
    assert (error.code, error.outcome_unknown, error.connection_fault) == ("outcome_unknown", True, False)
    assert trace.results[-1].text
    assert len(inbox.wait_for(1)) == 1


def test_session_goes_on_after_a_refusal_and_after_a_lost_answer(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    with opened(microsoft, egress_for) as session:
        for _ in range(2):
            microsoft.drop_after_accept()
            with pytest.raises(ProviderError):
                session.send(letter())
            microsoft.throttle(1, 1)
            with pytest.raises(ProviderError):
                session.send(letter())
            session.send(letter())
    assert len(inbox.wait_for(4)) == 4
