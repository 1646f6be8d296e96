"""A property: whatever a primary connection does, nothing is lost, and nothing doubles without doubt."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter

import pytest

from mailsettings.models import Rank
from notifications.drain import turn
from notifications.models import AttemptOutcome, DeliveryAttempt, Notification, Status
from orgs.models import Organization
from orgs.tenancy import tenant
from sandbox.smtp_rules import Fault, Rules
from tests.notifications.backups import Post, events_of, join, let_rests_pass
from tests.notifications.stories import at_once, make_due, queue
from tests.plugin_sandbox import Sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

MESSAGES, THREADS, ODDS = 120, 4, 0.05
MOODS: dict[str, tuple[Fault, ...]] = {
    "greeting": (
        Fault(reply="554 5.3.2 No service here"),
        Fault(drop=True),
        Fault(reply="421 4.3.2 Too busy"),
    ),
    "auth": (Fault(reply="535 5.7.8 Wrong password"), Fault(reply="454 4.7.0 Temporary failure")),
    "mail": (Fault(drop=True), Fault(reply="451 4.3.0 Try later"), Fault(reply="421 4.4.5 Shutting down")),
    "rcpt": (Fault(drop=True), Fault(reply="451 4.3.0 Try later")),
    "data": (Fault(drop=True), Fault(reply="451 4.3.0 Try later")),
    "dot": (Fault(drop=True), Fault(reply="451 4.3.0 Try later")),
    # The mail is kept, and the answer is lost.
    "kept": (Fault(drop=True),),
}


class Moody(Rules):
    """Misbehaves now and then, at any stage."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random, self._turn = random.Random(seed), threading.Lock()  # noqa: S311  # the same every time

    def fault(self, stage: str) -> Fault | None:
        """Choose whether, and how."""
        with self._turn:
            if stage not in MOODS or self._random.random() > ODDS:
                return None
            return self._random.choice(MOODS[stage])


def is_done(organization: Organization) -> bool:
    with tenant(organization):
        return not Notification.objects.of(organization).exclude(status=Status.ACCEPTED).exists()


def work(organization: Organization) -> None:
    """Be one of several workers."""
    deadline = time.monotonic() + 60
    while not is_done(organization) and time.monotonic() < deadline:
        turn(organization.pk)


def clock(organization: Organization) -> None:
    """Let time pass: every pause is over soon."""
    deadline = time.monotonic() + 60
    while not is_done(organization) and time.monotonic() < deadline:
        threading.Event().wait(0.05)
        let_rests_pass(organization)
        make_due(organization)


@pytest.mark.control("C-DEL-1", "C-DEL-3", "C-DEL-8")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_moody_primary_loses_no_message_and_doubles_only_what_was_in_doubt(
    contoso: Organization, sandbox: Sandbox, seed: int
) -> None:
    primary = join(contoso, sandbox, "Primary", Rank.PRIMARY)
    backup = join(contoso, sandbox, "Backup", Rank.BACKUP)
    primary.server.rules = Moody(seed)
    # So that it does not send all before the first one is tried again.
    backup.server.rules.delay("dot", 0.03)
    rows = [queue(contoso, subject=f"Mail {number}") for number in range(MESSAGES)]
    at_once(lambda: clock(contoso), *[lambda: work(contoso)] * THREADS)
    with tenant(contoso):
        stored = {row.pk: row for row in Notification.objects.of(contoso)}
        tried = list(DeliveryAttempt.objects.of(contoso))
    copies = arrived(primary) + arrived(backup)
    doubts = Counter(one.notification_id for one in tried if one.outcome == AttemptOutcome.UNKNOWN)
    assert {row.status for row in stored.values()} == {Status.ACCEPTED}
    for row in rows:
        assert 1 <= copies[stored[row.pk].message_id] <= 1 + doubts[row.pk]
        assert stored[row.pk].attempts == sum(one.notification_id == row.pk for one in tried)
    # Otherwise it would prove nothing.
    assert len(primary.inbox) > 2
    assert len(backup.inbox) > 2
    told = [kind for kind in events_of(contoso) if kind.startswith("backup.in_use")]
    assert told[::2] == ["backup.in_use"] * len(told[::2])
    assert told[1::2] == ["backup.in_use.ended"] * len(told[1::2])


def arrived(post: Post) -> Counter[str]:
    """Count the copies of each message."""
    return Counter(mail.message_id for mail in post.inbox)
