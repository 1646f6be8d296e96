"""The Graph wire and its tokens against a stand-in that is as strict as Microsoft."""

from __future__ import annotations

import json
import logging
import time

import pytest

from providers import Address, Attachment, MemoryTokenStore, ProviderError, SecretText, Token, Trace, provider
from providers.transports.graph_body import json_body
from tests.providers.conftest import CLIENT, MAILBOX, SECRET, TENANT, context_of, graph_settings, letter

OTHER = "7d1f0c52-93ab-4c1e-b0a7-000000000001"


def opened(microsoft, egress_for, trace=None, tokens=None, **changes):
    egress = egress_for(microsoft)
    context = context_of(egress, trace or Trace(), tokens=tokens or MemoryTokenStore())
    return provider("graph").open(graph_settings(microsoft, egress, **changes), context)


def failed(microsoft, egress_for, trace=None, message=None, **changes) -> ProviderError:
    with pytest.raises(ProviderError) as caught, opened(microsoft, egress_for, trace, **changes) as session:
        session.send(message or letter())
    seen = f"{caught.value!r} {caught.value} {vars(caught.value)} {trace.results if trace else ''}"
    assert SECRET not in seen
    assert "Bearer" not in seen
    return caught.value


@pytest.mark.feature("CIR-6")
@pytest.mark.feature("CIR-19")
def test_one_token_and_one_post_carry_a_message(microsoft, egress_for, inbox):
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
        (stage, "ok") for stage in "name_lookup connect tls token sender message accepted".split()
    ]
    texts = {row.stage.value: row.text for row in trace.results}
    assert texts["token"] == "Access token received for app 7d1f0c52…1d44, valid 60 minutes"
    assert texts["accepted"] == f"Accepted by Microsoft 365 as {MAILBOX}"


def test_many_messages_need_one_token_and_one_connection(microsoft, egress_for, inbox):
    tokens = MemoryTokenStore()
    for _ in range(2):
        with opened(microsoft, egress_for, tokens=tokens) as session:
            for _ in range(10):
                session.send(letter())
    assert len(inbox.wait_for(20)) == 20
    assert len(microsoft.token_requests) == 1


def test_token_near_its_end_is_fetched_anew(microsoft, egress_for):
    tokens = MemoryTokenStore()
    tokens.put("key", Token(SecretText("stale"), time.time() + 200, ("Mail.Send",)))
    with opened(microsoft, egress_for, tokens=tokens) as session:
        session.send(letter())
    assert len(microsoft.token_requests) == 1


def test_refused_token_is_dropped_and_fetched_once_more(microsoft, egress_for, inbox):
    tokens = MemoryTokenStore()
    tokens.put("key", Token(SecretText("revoked.by.somebody"), time.time() + 3000, None))
    asked = []
    with opened(microsoft, egress_for, tokens=tokens) as session:
        session.send(letter(), before_transmit=lambda: asked.append(1))
    assert len(inbox.wait_for(1)) == 1
    assert (len(microsoft.token_requests), len(asked)) == (1, 1)
    stored = tokens.get("key")
    assert stored is not None
    assert stored.roles == ("Mail.Send",)


def test_token_refused_twice_is_an_error(microsoft, egress_for):
    microsoft.refuse(401, "InvalidAuthenticationToken", times=2)
    error = failed(microsoft, egress_for)
    assert (error.code, error.stage, error.connection_fault) == ("graph_unauthorized", "token", True)
    assert len(microsoft.token_requests) == 2


def test_marker_stands_before_the_post_and_may_stop_it(microsoft, egress_for, inbox):
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


@pytest.mark.feature("CIR-17")
@pytest.mark.parametrize(
    ("changes", "code", "number"),
    [
        ({"client_secret": "wrong~value"}, "token_secret_wrong", "AADSTS7000215"),
        ({"client_id": "7d1f0c52-93ab-4c1e-b0a7-00000000ffff"}, "token_client_unknown", "AADSTS700016"),
    ],
)
def test_wrong_credentials_are_named(microsoft, egress_for, changes, code, number):
    trace = Trace()
    error = failed(microsoft, egress_for, trace, **changes)
    assert (error.code, error.provider_code, error.stage) == (code, number, "token")
    assert not error.transient
    assert error.connection_fault
    assert error.request_id
    assert error.facts["tenant"] == TENANT
    assert trace.results[-1].verdict == "failed"
    assert microsoft.requests == []


def test_unknown_tenant_is_named_though_msal_hides_the_reason(microsoft, egress_for):
    url = microsoft.access_url("11111111-6a3e-47d9-9f10-c2d4e6a8b013")
    error = failed(microsoft, egress_for, access_url=url)
    assert (error.code, error.provider_code) == ("token_tenant_unknown", "AADSTS90002")


@pytest.mark.parametrize(
    ("number", "code", "transient"),
    [
        (7000222, "token_secret_expired", False),
        (65001, "token_consent_missing", False),
        (900382, "token_wrong_cloud", False),
        (7000112, "token_application_disabled", False),
        (53003, "token_blocked_by_policy", False),
        (90033, "token_unavailable", True),
    ],
)
def test_refusals_of_entra_keep_their_number(microsoft, egress_for, number, code, transient):
    microsoft.fail_tokens(number)
    error = failed(microsoft, egress_for)
    assert (error.code, error.transient, error.provider_code) == (code, transient, f"AADSTS{number}")


@pytest.mark.control("C-EGR-5")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("body", [b"", b"{}", b"<html>moved</html>"])
def test_redirect_of_the_token_endpoint_is_not_followed(microsoft, egress_for, status, body):
    before = len(microsoft.token_requests)
    microsoft.answer_tokens(
        status, body, {"Location": f"{microsoft.base_url}/{TENANT}/oauth2/v2.0/elsewhere"}
    )
    error = failed(microsoft, egress_for)
    assert error.code == "token_endpoint_wrong"
    assert len(microsoft.token_requests) - before <= 1
    assert microsoft.requests == []


@pytest.mark.control("C-EGR-5")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_of_graph_is_not_followed(microsoft, egress_for, status, inbox):
    microsoft.answer_graph(status, b"", {"Location": f"{microsoft.base_url}/v1.0/users/x/sendMail"})
    error = failed(microsoft, egress_for)
    assert (error.code, error.transient) == ("graph_refused", False)
    assert len(microsoft.requests) == 1
    assert len(inbox) == 0


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b"<html>login</html>", "unknown_reply"),
        (200, b"", "unknown_reply"),
        (200, b'{"access_token": "half', "unknown_reply"),
        (200, b'{"token_type": "Bearer"}', "token_refused"),
        (200, b'{"access_token": "a b", "token_type": "Bearer"}', "unknown_reply"),
        (200, b'{"access_token": "line\\nbreak", "token_type": "Bearer"}', "unknown_reply"),
        (200, b'{"access_token": "abc", "token_type": "mac"}', "unknown_reply"),
        (200, b'{"access_token": 7}', "token_refused"),
        (200, b"[1,2]", "unknown_reply"),
        (200, b"[" * 900, "unknown_reply"),
        (200, b"x" * 300_000, "unknown_reply"),
        (500, b"<html>", "token_unavailable"),
        (503, b"{}", "token_unavailable"),
        (429, b"{}", "token_throttled"),
        (404, b"nothing here", "token_endpoint_wrong"),
    ],
)
def test_odd_answers_of_the_token_endpoint_become_ours(microsoft, egress_for, caplog, status, body, code):
    microsoft.answer_tokens(status, body)
    with caplog.at_level(logging.DEBUG):
        error = failed(microsoft, egress_for)
    assert (error.code, error.stage) == (code, "token")
    assert SECRET not in caplog.text
    assert "half" not in caplog.text


def test_token_without_the_role_is_a_warning_and_the_refusal_says_so(microsoft, egress_for):
    microsoft.add_app(TENANT, OTHER, "norole~secret", roles=())
    trace = Trace()
    with opened(microsoft, egress_for, trace, client_id=OTHER, client_secret="norole~secret") as session:
        warned = trace.results[-1]
        assert (warned.stage, warned.verdict) == ("sender", "warning")
        assert warned.text == "The token carries no Mail.Send permission"
        with pytest.raises(ProviderError) as caught:
            session.send(letter())
    error = caught.value
    assert (error.code, error.stage) == ("graph_access_denied", "sender")
    assert (error.facts["roles"], error.facts["missing_role"]) == ("none", "Mail.Send")
    assert [row.verdict for row in trace.results if row.stage == "sender"] == ["failed"]


@pytest.mark.feature("CIR-16")
def test_unknown_mailbox_is_the_senders_fault(microsoft, egress_for):
    error = failed(microsoft, egress_for, sender_email="nobody@contoso.com")
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
        (429, "ErrorExceededMessageLimit", "quota_exceeded", True),
        (500, "ErrorInternalServerError", "graph_unavailable", True),
        (504, "GatewayTimeout", "outcome_unknown", False),
    ],
)
def test_refusals_of_graph_become_ours(microsoft, egress_for, status, code, ours, connection):
    microsoft.refuse(status, code)
    error = failed(microsoft, egress_for)
    assert (error.code, error.connection_fault) == (ours, connection)
    assert error.outcome_unknown is (ours == "outcome_unknown")


@pytest.mark.parametrize(("wait", "expected"), [(7, 7.0), (None, None)])
def test_throttling_keeps_the_wait_microsoft_asked_for(microsoft, egress_for, wait, expected):
    microsoft.throttle(1, wait)
    error = failed(microsoft, egress_for)
    assert (error.code, error.transient, error.retry_after) == ("graph_throttled", True, expected)
    assert error.request_id


@pytest.mark.parametrize("status", [200, 201, 204])
def test_only_202_is_acceptance(microsoft, egress_for, status):
    microsoft.answer_graph(status)
    error = failed(microsoft, egress_for)
    assert error.code == "graph_refused"
    assert "instead of 202" in error.reply


def test_202_with_retry_after_is_acceptance(microsoft, egress_for):
    microsoft.answer_graph(202, b"", {"Retry-After": "5"})
    with opened(microsoft, egress_for) as session:
        assert session.send(letter()).accepted


def test_lost_answer_is_an_unknown_outcome(microsoft, egress_for, inbox):
    microsoft.drop_after_accept()
    trace = Trace()
    error = failed(microsoft, egress_for, trace)
    assert (error.code, error.outcome_unknown, error.connection_fault) == ("outcome_unknown", True, False)
    assert trace.results[-1].text
    assert len(inbox.wait_for(1)) == 1


def test_session_goes_on_after_a_refusal_and_after_a_lost_answer(microsoft, egress_for, inbox):
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


def test_text_beside_html_and_list_headers_travel_as_mime(microsoft, egress_for, inbox):
    unsubscribe = (("List-Unsubscribe", "<https://x.example/u>"), ("X-Tag", "a"))
    with opened(microsoft, egress_for) as session:
        session.send(letter(text="plain", html="<p>rich</p>", headers=unsubscribe, bcc=(Address("c@x.com"),)))
    mail = inbox.wait_for(1)[0]
    assert (mail.text.strip(), mail.html.strip()) == ("plain", "<p>rich</p>")
    assert mail.header("List-Unsubscribe") == "<https://x.example/u>"
    assert set(mail.envelope_to) == {"orgadmin@contoso.com", "c@x.com"}
    assert mail.header("Bcc") == ""


def test_plain_message_travels_as_json_with_its_files(microsoft, egress_for, inbox):
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
    ("size", "headers", "fits"),
    [
        (2_150_000, (), True),
        (2_900_000, (), True),
        (3_100_000, (), False),
        (4_100_000, (), False),
        (2_100_000, (("List-Id", "<a.example>"),), True),
        (2_500_000, (("List-Id", "<a.example>"),), False),
    ],
)
def test_request_is_measured_before_it_is_sent(microsoft, egress_for, inbox, size, headers, fits):
    file = Attachment("a.bin", "application/octet-stream", b"x" * size)
    message = letter(text="plain", html="<p>rich</p>", attachments=(file,), headers=headers)
    if fits:
        with opened(microsoft, egress_for) as session:
            session.send(message)
        assert len(inbox.wait_for(1)) == 1
        return
    error = failed(microsoft, egress_for, message=message)
    assert (error.code, error.stage, error.connection_fault) == ("message_too_large", "message", False)
    assert error.facts["limit"].startswith("4 MB per request")
    assert microsoft.requests == []


def test_address_beyond_ascii_is_refused_aloud(microsoft, egress_for):
    assert failed(microsoft, egress_for, message=letter("jörg@x.com")).code == "smtputf8_missing"


def test_two_apps_never_share_a_token(microsoft, egress_for):
    microsoft.add_app(TENANT, OTHER, "other~secret")
    tokens = MemoryTokenStore()
    egress = egress_for(microsoft)
    for key, changes in (("one", {}), ("two", {"client_id": OTHER, "client_secret": "other~secret"})):
        context = context_of(egress, tokens=tokens, connection_key=key)
        with provider("graph").open(graph_settings(microsoft, egress, **changes), context) as session:
            session.send(letter())
    assert len(microsoft.token_requests) == 2
    assert tokens.get("one") != tokens.get("two")


def test_store_forgets_and_stays_bounded():
    tokens = MemoryTokenStore()
    for number in range(tokens.LIMIT + 5):
        tokens.put(f"k{number}", Token(SecretText("t"), 0.0))
    assert tokens.get("k0") is None
    assert tokens.get(f"k{tokens.LIMIT + 4}") is not None
    tokens.drop(f"k{tokens.LIMIT + 4}")
    tokens.drop("never there")
    assert tokens.get(f"k{tokens.LIMIT + 4}") is None


def test_json_form_leaves_out_what_graph_refuses():
    body = json.loads(json_body(letter()))["message"]
    assert sorted(body) == ["body", "from", "importance", "subject", "toRecipients"]
    assert body["importance"] == "normal"
    assert CLIENT not in json.dumps(body)
