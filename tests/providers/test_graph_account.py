"""A connected account sends by Graph as itself, and as others it may speak for (microsoft.md §7.1)."""

from __future__ import annotations

from typing import Any

import pytest

from providers import Address, Message, ProviderError, Session, Trace
from sandbox.inbox import Inbox
from sandbox.microsoft import Microsoft
from tests.providers.conftest import MAILBOX, Rules, letter
from tests.providers.graph_ways import account_session, app_session

SHARED = "team@contoso.com"


def paths(microsoft: Microsoft) -> list[str]:
    return [one.path for one in microsoft.requests]


def refused(session: Session, message: Message | None = None) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        session.send(message or letter())
    return caught.value


@pytest.mark.feature("HIR-21")
def test_an_account_sends_as_me(microsoft: Microsoft, egress_for: Rules, inbox: Inbox) -> None:
    trace = Trace()
    with account_session(microsoft, egress_for(microsoft), trace) as session:
        session.send(letter())
    assert paths(microsoft) == ["/v1.0/me/sendMail"]
    assert inbox.wait_for(1)[0].signed_in_as == MAILBOX
    assert trace.results[-1].text == f"Accepted by Microsoft 365 as {MAILBOX}"


@pytest.mark.feature("WPM-32")
@pytest.mark.parametrize("html", ["", "<p>rich</p>"])
def test_the_accounts_own_name_is_used(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox, html: str
) -> None:
    microsoft.add_mailbox(MAILBOX, display_name="Contoso Notifications")
    with account_session(microsoft, egress_for(microsoft)) as session:
        session.send(letter(sender=Address(MAILBOX, "A Name of Ours"), html=html))
    assert "A Name of Ours" not in inbox.wait_for(1)[0].header("From")


@pytest.mark.feature("WPM-51")
@pytest.mark.parametrize("html", ["", "<p>rich</p>"])
def test_an_account_sends_as_a_shared_address(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox, html: str
) -> None:
    with account_session(microsoft, egress_for(microsoft), shared_sender=True) as session:
        microsoft.add_mailbox(MAILBOX, send_as=[SHARED])
        session.send(letter(sender=Address(SHARED), html=html))
    assert paths(microsoft) == ["/v1.0/me/sendMail"]
    assert inbox.wait_for(1)[0].envelope_from == SHARED


@pytest.mark.feature("WPM-51")
def test_an_app_sends_from_the_mailbox_of_the_address(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    microsoft.add_mailbox(SHARED)
    with app_session(microsoft, egress_for(microsoft)) as session:
        session.send(letter(sender=Address(SHARED)))
    assert paths(microsoft) == [f"/v1.0/users/{SHARED}/sendMail"]
    assert inbox.wait_for(1)[0].envelope_from == SHARED


@pytest.mark.feature("WPM-51")
@pytest.mark.feature("WPM-56")
def test_an_app_sends_an_alias_from_its_mailbox_and_remembers_that(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    microsoft.add_mailbox(MAILBOX, send_as=["alias@contoso.com"])
    marked: list[int] = []
    with app_session(microsoft, egress_for(microsoft)) as session:
        for _ in range(2):
            session.send(
                letter(sender=Address("alias@contoso.com")), before_transmit=lambda: marked.append(1)
            )
    own = f"/v1.0/users/{MAILBOX}/sendMail"
    assert paths(microsoft) == ["/v1.0/users/alias@contoso.com/sendMail", own, own]
    assert [mail.envelope_from for mail in inbox.wait_for(2)] == ["alias@contoso.com"] * 2
    assert marked == [1, 1]


@pytest.mark.feature("WPM-55")
@pytest.mark.parametrize("open_way", [app_session, account_session])
def test_an_address_that_was_not_lent_is_refused(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox, open_way: Any
) -> None:
    changes = {"shared_sender": True} if open_way is account_session else {}
    with open_way(microsoft, egress_for(microsoft), **changes) as session:
        error = refused(session, letter(sender=Address("boss@fabrikam.com")))
    assert (error.code, error.stage, error.provider_code) == ("send_as_denied", "sender", "ErrorSendAsDenied")
    assert len(inbox) == 0


def test_without_the_shared_permission_another_address_is_refused(
    microsoft: Microsoft, egress_for: Rules
) -> None:
    with account_session(microsoft, egress_for(microsoft)) as session:
        microsoft.add_mailbox(MAILBOX, send_as=[SHARED])
        error = refused(session, letter(sender=Address(SHARED)))
    assert error.code == "graph_access_denied"


@pytest.mark.feature("WPM-57")
@pytest.mark.parametrize("open_way", [app_session, account_session])
def test_an_account_without_a_mailbox_of_microsoft_365(
    microsoft: Microsoft, egress_for: Rules, open_way: Any
) -> None:
    with open_way(microsoft, egress_for(microsoft)) as session:
        microsoft.add_mailbox(MAILBOX, rest_enabled=False)
        error = refused(session)
    assert (error.code, error.provider_code) == ("graph_mailbox_unsupported", "MailboxNotEnabledForRESTAPI")
    assert error.facts["sender"] == MAILBOX


def test_verifying_asks_graph_who_it_is(microsoft: Microsoft, egress_for: Rules, inbox: Inbox) -> None:
    trace = Trace()
    with account_session(microsoft, egress_for(microsoft), trace) as session:
        session.verify(MAILBOX, "ann@fabrikam.com")
        assert (trace.facts["account_name"], trace.facts["account_email"]) == (
            "Contoso Notifications",
            MAILBOX,
        )
        microsoft.answer_graph(403, at="me")
        session.verify(MAILBOX, "ann@fabrikam.com")
        microsoft.answer_graph(503, at="me")
        with pytest.raises(ProviderError, match="graph_unavailable"):
            session.verify(MAILBOX, "ann@fabrikam.com")
    assert len(inbox) == 0


@pytest.mark.parametrize("open_way", [app_session, account_session])
def test_a_revoked_access_token_is_renewed_once_and_the_call_repeated_once(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox, open_way: Any
) -> None:
    with open_way(microsoft, egress_for(microsoft)) as session:
        microsoft.directory.mint.revoke()
        asked = len(microsoft.token_requests)
        session.send(letter())
        assert [one.status for one in microsoft.requests] == [401, 202]
        assert len(microsoft.token_requests) == asked + 1
        microsoft.refuse(401, "InvalidAuthenticationToken", times=2)
        error = refused(session)
    assert (error.code, error.transient) == ("graph_unauthorized", False)
    assert len(microsoft.token_requests) == asked + 2
    assert len(inbox.wait_for(1)) == 1


@pytest.mark.feature("WPM-42")
def test_an_account_that_must_prove_more_is_asked_to_reconnect(
    microsoft: Microsoft, egress_for: Rules
) -> None:
    with account_session(microsoft, egress_for(microsoft)) as session:
        microsoft.challenge_claims()
        error = refused(session)
    assert (error.code, error.stage, error.facts["why"]) == ("token_reconnect", "token", "claims")
    assert len(microsoft.requests) == 1


def test_an_app_that_must_prove_more_is_blocked_by_a_policy(microsoft: Microsoft, egress_for: Rules) -> None:
    with app_session(microsoft, egress_for(microsoft)) as session:
        microsoft.challenge_claims(2)
        assert refused(session).code == "token_blocked_by_policy"


@pytest.mark.parametrize("open_way", [app_session, account_session])
def test_no_copy_is_kept_when_that_was_chosen(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox, open_way: Any
) -> None:
    for keeps in (True, False):
        with open_way(microsoft, egress_for(microsoft), save_to_sent_items=keeps) as session:
            session.send(letter(html="<p>rich</p>"))
    assert [mail.saved_to_sent_items for mail in inbox.wait_for(2)] == [True, False]
    assert [bool(mail.text) for mail in inbox.wait_for(2)] == [True, False]


def test_automatic_answers_are_kept_away_in_the_way_exchange_knows(
    microsoft: Microsoft, egress_for: Rules, inbox: Inbox
) -> None:
    with app_session(microsoft, egress_for(microsoft)) as session:
        session.send(letter(headers=(("Auto-Submitted", "auto-generated"),)))
    mail = inbox.wait_for(1)[0]
    assert mail.header("X-Auto-Response-Suppress") == "All"
    assert microsoft.requests[0].content_type == "application/json"
