"""Windows: fewer statements, and the same promises for every single message."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications.delivery import claim, deliver, recover, settle
from notifications.delivery.claiming import take
from notifications.delivery.line import RHYTHMS
from notifications.delivery.outcome import Outcome
from notifications.delivery.window import Window
from notifications.drain import drain, turn
from notifications.models import AttemptOutcome, Notification, Status
from notifications.services import cancel
from orgs.models import Organization
from orgs.tenancy import tenant
from sandbox.inbox import Inbox
from sandbox.smtp import SmtpServer
from tests.notifications.stories import attempts, change, connect_to, look, make_due, queue, way

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reachable")]
FRAME = ("BEGIN", "COMMIT", "SELECT set_config")


def statements(captured: CaptureQueriesContext) -> list[str]:
    """Give what was asked of the database, without the frame of transactions."""
    return [query["sql"] for query in captured if not query["sql"].startswith(FRAME)]


def test_a_full_drain_takes_a_fraction_of_a_statement_for_each_mail(
    ready: Organization, inbox: Inbox
) -> None:
    for _ in range(400):
        queue(ready)
    RHYTHMS.note(way(ready).connection_id, 0.0005)
    with CaptureQueriesContext(connections["default"]) as captured:
        while turn(ready.pk).more:
            pass
    assert len(inbox) == 400
    assert len(statements(captured)) / 400 <= 0.2


def test_a_single_mail_takes_six_statements(ready: Organization, inbox: Inbox) -> None:
    queue(ready)
    drain(ready.pk)
    queue(ready)
    with CaptureQueriesContext(connections["default"]) as captured:
        drain(ready.pk)
    assert len(inbox) == 2
    assert len(statements(captured)) <= 6, statements(captured)


def test_an_error_in_the_window_gives_the_rest_back_and_keeps_what_was_sent(
    ready: Organization, server: SmtpServer, inbox: Inbox
) -> None:
    rows = [queue(ready, subject=f"Mail {number}") for number in range(6)]
    server.rules.script("mail", _nothing(2))
    # Once at the end of a session's life is normal, and opened anew; twice is an answer.
    server.rules.refuse("mail", "421 4.3.2 Shutting down", times=2)
    batch = claim(way(ready))
    assert batch
    deliver(batch, way(ready))
    states = [(look(row).status, look(row).attempts, look(row).claims) for row in rows]
    assert states == [(Status.ACCEPTED, 1, 0)] * 2 + [(Status.QUEUED, 0, 0)] * 4
    assert len(inbox) == 2


def _nothing(times: int) -> Any:
    from sandbox.smtp_rules import Fault  # noqa: PLC0415

    return Fault(times=times)


def test_hold_marks_one_message_at_a_time(contoso: Organization, server: SmtpServer, inbox: Inbox) -> None:
    connect_to(contoso, server, doubtful="hold")
    for _ in range(5):
        queue(contoso)
    seen: list[int] = []
    original = server.command

    def spy(session: Any, line: str) -> None:
        if line.upper().startswith("DATA"):
            with connections["system"].cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM notifications_notification WHERE status = 'transmitting'"
                )
                seen.append(cursor.fetchone()[0])
            connections.close_all()
        original(session, line)

    server.command = spy  # type: ignore[method-assign]
    drain(contoso.pk)
    assert len(inbox) == 5
    assert seen == [1] * 5


def test_what_is_cancelled_before_the_window_is_marked_is_not_sent(ready: Organization, inbox: Inbox) -> None:
    rows = [queue(ready, subject=f"Mail {number}") for number in range(4)]
    batch = claim(way(ready))
    assert batch
    cancel(ready.pk, rows[1].pk)
    deliver(batch, way(ready))
    assert [mail.subject for mail in inbox] == ["Mail 0", "Mail 2", "Mail 3"]
    assert look(rows[1]).status == Status.CANCELLED


def test_a_window_records_mixed_outcomes_in_one_go(ready: Organization) -> None:
    rows = [queue(ready, secret_content=True) for _ in range(4)]
    batch = claim(way(ready))
    assert batch
    window = Window(batch, way(ready))
    assert len(window.commit(batch.rows)) == 4
    late = batch.rows[3]
    change(late, lease_until=timezone.now() - timedelta(seconds=1))
    recover(ready.pk)
    for row, result in zip(batch.rows, ("accepted", "refused", "temporary", "accepted"), strict=True):
        said: dict[str, Any] = {"code": "", "reply": f"said {result}", "facts": {"host": "h"}}
        if result == "accepted":
            said |= {"accepted": ("reader@example.com",), "provider_id": "q7"}
        window.add(row, Outcome(result=AttemptOutcome(result), started_at=timezone.now(), **said))
    window.commit()
    stored = [look(row) for row in rows]
    assert [row.status for row in stored] == ["accepted", "failed", "queued", "accepted"]
    assert [row.attempts for row in stored] == [1, 1, 1, 2]
    assert [len(attempts(row)) for row in rows] == [1, 1, 1, 2]
    assert stored[0].provider_id == "q7"
    assert [row.sealed_body is None for row in stored] == [True, False, False, True]
    assert stored[2].next_at > timezone.now()
    assert attempts(rows[2])[0].next_at == stored[2].next_at
    assert attempts(rows[0])[0].facts == {"host": "h"}


def test_outcomes_survive_a_database_that_goes_away_for_a_moment(
    ready: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = queue(ready)
    batch = claim(way(ready))
    assert batch
    window = Window(batch, way(ready))
    window.commit(batch.rows)
    window.add(
        batch.rows[0],
        Outcome(result=AttemptOutcome.ACCEPTED, started_at=timezone.now(), accepted=("reader@example.com",)),
    )
    real, failures = Window._commit, [OperationalError("gone"), OperationalError("gone")]

    def shaky(self: Window, rows: Any) -> Any:
        if failures:
            raise failures.pop()
        return real(self, rows)

    monkeypatch.setattr(Window, "_commit", shaky)
    window.commit()
    assert look(row).status == Status.ACCEPTED


def test_rows_that_took_workers_down_travel_alone(ready: Organization) -> None:
    first, suspect, last = queue(ready), queue(ready), queue(ready)
    change(suspect, claims=2)
    sizes = []
    for _ in range(3):
        batch = claim(way(ready))
        assert batch
        sizes.append([row.pk for row in batch.rows])
    assert sizes == [[first.pk], [suspect.pk], [last.pk]]


def test_a_claim_is_bounded_in_bytes(ready: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifications.delivery.claiming.BATCH_BYTES", 2500)
    for _ in range(4):
        queue(ready, text="x" * 1000)
    taken = take(way(ready), token=_token(), limit=50)
    assert taken.batch
    assert len(taken.batch.rows) == 2
    assert taken.was_last is False
    taken = take(way(ready), token=_token(), limit=50)
    assert taken.batch
    assert taken.was_last is True


def _token() -> Any:
    from uuid import uuid4  # noqa: PLC0415

    return uuid4()


def test_a_lost_answer_among_many_that_came_does_not_stop_the_lane(
    ready: Organization, server: SmtpServer, inbox: Inbox
) -> None:
    rows = [queue(ready) for _ in range(6)]
    original, begun = server.command, []

    def spy(session: Any, line: str) -> None:
        if line.upper().startswith("DATA"):
            begun.append(line)
            if len(begun) == 4:
                server.rules.drop_after_dot(times=1)
        original(session, line)

    server.command = spy  # type: ignore[method-assign]
    drain(ready.pk)
    states = sorted(look(row).status for row in rows)
    assert states == [Status.ACCEPTED] * 5 + [Status.QUEUED]
    make_due(ready)
    drain(ready.pk)
    assert {look(row).status for row in rows} == {Status.ACCEPTED}
    assert len(inbox) == 7


def test_a_slow_server_gets_small_windows(ready: Organization) -> None:
    connection_id = way(ready).connection_id
    assert RHYTHMS.window(connection_id, most=50) == 37
    RHYTHMS.note(connection_id, 5.0)
    RHYTHMS.note(connection_id, 5.0)
    assert RHYTHMS.window(connection_id, most=50) == 1
    assert RHYTHMS.batch(connection_id, seconds=4.0) == 10
    for _ in range(30):
        RHYTHMS.note(connection_id, 0.0001)
    assert RHYTHMS.window(connection_id, most=50) == 50
    assert RHYTHMS.batch(connection_id, seconds=4.0) == 500


def test_rows_of_another_token_are_settled_by_nobody_else(ready: Organization) -> None:
    row = queue(ready)
    batch = claim(way(ready))
    assert batch
    said = Outcome(result=AttemptOutcome.REFUSED, started_at=timezone.now())
    assert settle(batch.rows[0], _token(), said, doubtful="resend") is None
    assert look(row).status == Status.LEASED
    with tenant(ready):
        assert Notification.objects.of(ready).get(pk=row.pk).attempts == 1
