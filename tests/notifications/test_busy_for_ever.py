"""A server that is busy again and again, and takes no message between, is at fault like one that is away."""

from __future__ import annotations

from typing import Any

import pytest

from mailsettings.models import Connection
from notifications.delivery.troubles import FAILURES_BEFORE_HOLD
from notifications.drain import drain, turn
from notifications.models import Lane, Status
from orgs.models import Organization
from orgs.tenancy import tenant
from tests.notifications.backups import Post, events_of, let_rests_pass
from tests.notifications.stories import at_once, look, queue

pytestmark = pytest.mark.django_db(transaction=True)


def sent_away(organization: Organization, post: Post, times: int, *, stage: Any = "greeting") -> None:
    """Let the server be too busy for so many tries, each after the rest of the one before."""
    for _ in range(times):
        let_rests_pass(organization)
        post.server.rules.refuse(stage, "421 4.3.2 Too busy", times=1)
        turn(organization.pk)


def standing(post: Post, organization: Organization) -> tuple[str, int]:
    """Tell what the connection is held for, and how often in a row it was too busy."""
    with tenant(organization):
        held = Connection.objects.of(organization).get(pk=post.connection.pk).held_code
        return held, Lane.objects.of(organization).get(connection_id=post.connection.pk).busy


@pytest.mark.feature("WPM-33")
@pytest.mark.parametrize("stage", ["greeting", "mail"])
def test_a_server_that_is_busy_for_ever_is_held_and_the_backup_takes_over(
    contoso: Organization, primary: Post, backup: Post, stage: Any
) -> None:
    row = queue(contoso)
    sent_away(contoso, primary, FAILURES_BEFORE_HOLD - 1, stage=stage)
    assert (look(row).status, look(row).attempts) == (Status.QUEUED, 0)
    assert (standing(primary, contoso), backup.server.sessions) == (("", FAILURES_BEFORE_HOLD - 1), [])
    sent_away(contoso, primary, 1, stage=stage)
    assert (look(row).status, look(row).took_over) == (Status.ACCEPTED, True)
    assert len(backup.inbox) == 1
    assert events_of(contoso) == ["connection.held", "backup.in_use"]
    # A probe that is sent away as well changes nothing; a good one brings mail back.
    queue(contoso)
    sent_away(contoso, primary, 1, stage=stage)
    assert len(backup.inbox) == 2
    let_rests_pass(contoso)
    queue(contoso)
    drain(contoso.pk)
    assert (len(primary.inbox), standing(primary, contoso)) == (1, ("", 0))


def test_a_message_that_was_taken_between_begins_the_count_anew(
    contoso: Organization, primary: Post, backup: Post
) -> None:
    for _ in range(2):
        row = queue(contoso)
        sent_away(contoso, primary, FAILURES_BEFORE_HOLD - 1)
        let_rests_pass(contoso)
        turn(contoso.pk)
        assert look(row).status == Status.ACCEPTED
    assert (standing(primary, contoso), backup.server.sessions) == (("", 0), [])
    assert events_of(contoso) == []


def test_sessions_that_are_sent_away_together_count_once(contoso: Organization, primary: Post) -> None:
    for _ in range(4):
        queue(contoso)
    primary.server.rules.refuse("greeting", "421 4.3.2 Too busy", times=4)
    at_once(*[lambda: turn(contoso.pk)] * 4)
    assert standing(primary, contoso) == ("", 1)
