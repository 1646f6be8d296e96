"""Delivery on a real wire: what the mail server sees, and what the outbox keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from mailsettings.models import Connection
from notifications.delivery import claim, deliver
from notifications.delivery.line import Pace
from notifications.drain import drain
from notifications.models import Lane, Notification, Status
from orgs.models import Organization
from orgs.tenancy import tenant
from providers import Attachment
from sandbox.inbox import Inbox
from sandbox.smtp import SmtpServer
from tests.notifications.stories import (
    attempts,
    change,
    connect_to,
    look,
    make_due,
    queue,
    way,
)

pytestmark = pytest.mark.django_db


def lane(organization: Organization) -> Lane:
    with tenant(organization):
        return Lane.objects.of(organization).get()


@pytest.mark.feature("CIR-23", "COG-42", "COG-43", "COG-45")
def test_a_queued_message_arrives_as_it_was_given(ready: Organization, inbox: Inbox) -> None:
    row = queue(
        ready,
        to="Ann Reader <ann@example.com>",
        cc="copy@example.com",
        bcc="hidden@example.com",
        reply_to="answers@contoso.example",
        subject="Überraschung",
        text="Hallo",
        html="<p>Hallo</p>",
        priority="high",
        headers={"X-Case": "42"},
        attachments=[Attachment(name="a.txt", content_type="text/plain", content=b"abc")],
    )
    drain(ready.pk)
    (mail,) = inbox
    assert mail.header("From") == "Contoso <notify@contoso.example>"
    assert mail.envelope_from == "notify@contoso.example"
    assert mail.envelope_to == ("ann@example.com", "copy@example.com", "hidden@example.com")
    assert "hidden" not in mail.raw.decode()
    assert (mail.header("Cc"), mail.header("Reply-To")) == ("copy@example.com", "answers@contoso.example")
    assert (mail.subject, mail.header("X-Case")) == ("Überraschung", "42")
    assert mail.header("X-Priority").startswith("1")
    assert (mail.text.strip(), mail.html.strip()) == ("Hallo", "<p>Hallo</p>")
    assert [part.get_filename() for part in mail.attachments] == ["a.txt"]
    stored = look(row)
    assert stored.status == Status.ACCEPTED
    assert mail.message_id == stored.message_id
    assert not stored.via_default_mailer
    assert len(attempts(row)) == 1


def test_one_session_carries_the_batch(ready: Organization, server: SmtpServer, inbox: Inbox) -> None:
    for number in range(5):
        queue(ready, subject=f"Mail {number}")
    drain(ready.pk)
    assert [mail.subject for mail in inbox] == [f"Mail {number}" for number in range(5)]
    assert len(server.sessions) == 1


@pytest.mark.django_db(transaction=True)
def test_the_marker_is_committed_before_data(ready: Organization, server: SmtpServer) -> None:
    """At the moment DATA arrives, another connection already reads `transmitting`."""
    row, seen = queue(ready), []
    original = server.command

    def spy(session: Any, line: str) -> None:
        if line.upper().startswith("DATA"):
            seen.append(status_now(row))
        original(session, line)

    server.command = spy  # type: ignore[method-assign]
    drain(ready.pk)
    assert seen == [Status.TRANSMITTING]


def status_now(row: Notification) -> str:
    """Read the state on this thread's own connection, as another process would."""
    try:
        return look(row).status
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_server_thinks(ready: Organization, server: SmtpServer) -> None:
    queue(ready)
    busy: list[int] = []
    original = server.command

    def spy(session: Any, line: str) -> None:
        try:
            with connections["system"].cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND state LIKE 'idle in transaction%%' AND pid <> pg_backend_pid()"
                )
                busy.append(cursor.fetchone()[0])
        finally:
            connections.close_all()
        original(session, line)

    server.command = spy  # type: ignore[method-assign]
    drain(ready.pk)
    assert busy
    assert set(busy) == {0}


def test_refused_recipient_fails_that_message_only(ready: Organization, inbox: Inbox) -> None:
    bad, good = queue(ready, to="unknown@example.com"), queue(ready)
    drain(ready.pk)
    assert (look(bad).status, look(bad).last_code) == (Status.FAILED, "recipient_refused")
    assert "5.1.1" in look(bad).last_reply
    assert look(good).status == Status.ACCEPTED
    assert len(inbox) == 1


def test_temporary_refusal_steps_aside_and_is_tried_again(ready: Organization, inbox: Inbox) -> None:
    row = queue(ready, to="greylisted@example.com")
    other = queue(ready)
    drain(ready.pk)
    assert (look(row).status, look(row).attempts) == (Status.QUEUED, 1)
    assert look(other).status == Status.ACCEPTED
    make_due(ready)
    drain(ready.pk)
    assert (look(row).status, look(row).attempts) == (Status.ACCEPTED, 2)
    assert len({mail.message_id for mail in inbox}) == 2


def test_only_open_recipients_are_tried_again(ready: Organization, server: SmtpServer, inbox: Inbox) -> None:
    row = queue(ready, to="a@example.com, busy@example.com, unknown@example.com")
    drain(ready.pk)
    assert look(row).status == Status.QUEUED
    assert inbox[0].envelope_to == ("a@example.com",)
    server.rules.recipients.pop("busy")
    make_due(ready)
    drain(ready.pk)
    assert inbox[1].envelope_to == ("busy@example.com",)
    assert inbox[1].message_id == inbox[0].message_id
    assert inbox[1].header("To") == inbox[0].header("To")
    assert inbox[1].header("Date") == inbox[0].header("Date")
    done = look(row)
    assert done.status == Status.ACCEPTED
    assert {email: fate["outcome"] for email, fate in done.recipient_outcomes.items()} == {
        "a@example.com": "accepted",
        "busy@example.com": "accepted",
        "unknown@example.com": "refused",
    }


def test_a_wrong_password_holds_the_connection_and_burns_nothing(
    contoso: Organization, server: SmtpServer, inbox: Inbox
) -> None:
    connect_to(contoso, server, password="wrong")
    rows = [queue(contoso) for _ in range(30)]
    for _ in range(5):
        drain(contoso.pk)
    assert sum(session.sign_ins_tried for session in server.sessions) == 1
    for row in rows:
        stored = look(row)
        assert (stored.status, stored.attempts, stored.claims) == (Status.QUEUED, 0, 0)
    with tenant(contoso):
        held = Connection.objects.of(contoso).get()
    assert held.held_code == "auth_failed"
    assert lane(contoso).held_code == "auth_failed"
    connect_to(contoso, server)
    drain(contoso.pk)
    assert len(inbox) == 30
    assert lane(contoso).held_code == ""


def test_a_server_that_is_away_pauses_the_lane_without_attempts(
    ready: Organization, server: SmtpServer, inbox: Inbox
) -> None:
    row = queue(ready)
    port = server.port
    server.stop()
    drain(ready.pk)
    assert (look(row).status, look(row).attempts) == (Status.QUEUED, 0)
    assert lane(ready).failures == 1
    assert lane(ready).held_code == "connect_refused"
    assert claim(way(ready)) is None
    again = SmtpServer(inbox, mode="starttls", context=server.context, users=server.users, port=port)
    again.start()
    try:
        with tenant(ready):
            Lane.objects.of(ready).update(resume_at=None)
        drain(ready.pk)
    finally:
        again.stop()
    assert look(row).status == Status.ACCEPTED
    assert lane(ready).failures == 0


@pytest.mark.feature("NEW-7")
@pytest.mark.parametrize(("doubtful", "status"), [("resend", Status.QUEUED), ("hold", Status.UNCERTAIN)])
def test_a_lost_answer_is_never_called_sent_or_failed(
    contoso: Organization, server: SmtpServer, inbox: Inbox, doubtful: str, status: Status
) -> None:
    connect_to(contoso, server, doubtful=doubtful)
    server.rules.drop_after_dot(times=1)
    row = queue(contoso)
    drain(contoso.pk)
    assert (look(row).status, look(row).last_code) == (status, "outcome_unknown")
    assert len(inbox) == 1
    make_due(contoso)
    with tenant(contoso):
        Lane.objects.of(contoso).update(resume_at=None)
    drain(contoso.pk)
    copies = 2 if doubtful == "resend" else 1
    assert len(inbox) == copies
    assert len({mail.message_id for mail in inbox}) == 1
    assert len({mail.raw for mail in inbox}) == 1


def test_a_bug_while_sending_leaves_no_row_to_its_lease(
    ready: Organization, server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, other = queue(ready), queue(ready)
    batch = claim(way(ready))
    assert batch is not None

    def broken(*_given: Any, **_named: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("notifications.delivery.sending.from_receipt", broken)
    with pytest.raises(ZeroDivisionError):
        deliver(batch, way(ready))
    # The message had left: what became of it is unknown, so the policy decides.
    assert (look(row).status, look(row).last_code) == (Status.QUEUED, "outcome_unknown")
    assert (look(other).status, look(other).claims) == (Status.QUEUED, 0)


def test_cancelled_between_claim_and_marker_is_not_sent(
    ready: Organization, server: SmtpServer, inbox: Inbox
) -> None:
    from notifications.services import cancel  # noqa: PLC0415

    gone, kept = queue(ready, subject="gone"), queue(ready, subject="kept")
    batch = claim(way(ready))
    assert batch is not None
    cancel(ready.pk, gone.pk)
    assert deliver(batch, way(ready)) is Pace.ON
    assert [mail.subject for mail in inbox] == ["kept"]
    assert look(gone).status == Status.CANCELLED
    assert look(kept).status == Status.ACCEPTED


@pytest.mark.control("C-MAIL-6")
def test_secret_content_is_removed_once_it_left(ready: Organization) -> None:
    row = queue(ready, secret_content=True)
    drain(ready.pk)
    done = look(row)
    assert done.status == Status.ACCEPTED
    assert done.sealed_body is None
    assert done.content_removed_at


def test_content_of_another_row_is_never_sent(ready: Organization, inbox: Inbox) -> None:
    mine, other = queue(ready, text="mine"), queue(ready, text="other")
    change(mine, sealed_body=look(other).sealed_body)
    drain(ready.pk)
    assert (look(mine).status, look(mine).last_code) == (Status.FAILED, "content_unreadable")
    assert [mail.text.strip() for mail in inbox] == ["other"]


@pytest.mark.feature("CIR-23")
def test_without_a_way_out_mail_is_held_with_the_reason(contoso: Organization) -> None:
    row = queue(contoso)
    drain(contoso.pk)
    assert (look(row).status, look(row).attempts) == (Status.QUEUED, 0)
    assert lane(contoso).held_code == "default_mailer_missing"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("pipelining", "most"), [(False, 1), (True, 2)])
def test_a_stopping_worker_gives_its_rows_back(
    ready: Organization, server: SmtpServer, inbox: Inbox, pipelining: Any, most: int
) -> None:
    """It finishes what the server was told of already: with PIPELINING that may be one message more."""
    from notifications.process import stopping  # noqa: PLC0415

    server.rules.pipelining = pipelining
    rows = [queue(ready, subject=f"Mail {number}") for number in range(4)]
    original: Callable[..., None] = server.command

    def spy(session: Any, line: str) -> None:
        if line.upper().startswith("DATA"):
            stopping.set()
        original(session, line)

    server.command = spy  # type: ignore[method-assign]
    drain(ready.pk)
    assert 1 <= len(inbox) <= most
    assert [mail.subject for mail in inbox] == [f"Mail {number}" for number in range(len(inbox))]
    stored = [look(row) for row in rows]
    finished, given_back = stored[: len(inbox)], stored[len(inbox) :]
    assert {(row.status, row.attempts) for row in finished} == {(Status.ACCEPTED, 1)}
    assert {(row.status, row.attempts, row.claims) for row in given_back} == {(Status.QUEUED, 0, 0)}
