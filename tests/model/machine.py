"""One message and two workers on the real tables; every rule is one step of the product's own code."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any, ClassVar

from django.db.models import F
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mailsettings.models import MailSettings
from notifications import slots
from notifications.delivery import TransitionRefused, cancel, claim, confirm_arrived, expire, recover, retry
from notifications.delivery.by_hand import send_again
from notifications.delivery.marking import SettingsChanged, margin, mark
from notifications.delivery.outcome import Outcome
from notifications.delivery.settling import Result, settle_all
from notifications.delivery.window import hand_back
from notifications.models import ENDED, AttemptOutcome, Notification, Status
from orgs.models import Organization
from orgs.tenancy import tenant
from tests.notifications.stories import attempts, change, look, make_due, queue, way

PLACES = st.integers(0, 1)
TO = "reader@example.com"
POSSIBLE = {
    "idle": ["claim"],
    "holding": ["mark"] * 4 + ["settle refused", "settle temporary", "crash", "give_back"],
    "marked": ["transmit"] * 5 + ["mark", "settle temporary", "settle refused", "crash", "give_back"],
    "sent": ["settle accepted"] * 2 + ["settle unknown"] * 2 + ["crash"],
}
PEOPLE = {"cancel": cancel, "arrived": confirm_arrived, "again": send_again, "retry": retry}
OVER = (*ENDED, Status.UNCERTAIN)
RETRIED = (Status.FAILED, Status.EXPIRED)


class Delivery(RuleBasedStateMachine):
    """What may happen to one message, in any order."""

    organization: ClassVar[Organization]
    doubtful: ClassVar[str] = "resend"

    @initialize()
    def begin(self) -> None:
        """Queue the message; nobody holds anything."""
        with tenant(self.organization):
            Notification.objects.of(self.organization).exclude(status__in=ENDED).delete()
        self.row = queue(self.organization, to=TO)
        self.held: list[Any] = [None, None]
        self.ways: list[Any] = [None, None]
        self.steps, self.stale = ["idle", "idle"], [False, False]
        self.copies, self.faults, self.asked = 0, 0, 0
        self.answered, self.final, self.identity = False, "", ""

    def teardown(self) -> None:
        """Free what is still held."""
        for place in (0, 1):
            self.drop(place)

    def now(self) -> Any:
        """Read the row."""
        return look(self.row)

    def drop(self, place: int) -> None:
        """Let a worker forget everything; its slot is free once somebody notices."""
        batch = self.held[place]
        if batch is not None:
            with tenant(self.organization):
                slots.free(batch.token)
        self.held[place], self.steps[place], self.stale[place] = None, "idle", False

    @rule(place=PLACES, choice=st.integers(0, 100))
    def work(self, place: int, choice: int) -> None:
        """Let a worker do one of the things it may do now."""
        possible = POSSIBLE[self.steps[place]]
        name, *given = possible[choice % len(possible)].split()
        getattr(self, name)(place, *given)

    @rule(place=PLACES)
    def overtake(self, place: int) -> None:
        """One worker stalls before the marker; the other one takes over, and both go on."""
        if self.steps[place] == "holding" and self.steps[1 - place] == "idle":
            self.lease_runs_out()
            self.recover()
            self.claim(1 - place)
            self.mark(place)

    def claim(self, place: int) -> None:
        """Guard 2; when everything is over, the next message."""
        if self.now().status in OVER and self.steps == ["idle", "idle"]:
            self.all_hold()
            self.begin()
        make_due(self.organization)
        before, chosen = self.now(), way(self.organization)
        batch = claim(chosen, limit=1)
        assert (batch is not None) == (before.status == Status.QUEUED), "guard 2"
        if batch is not None:
            self.held[place], self.ways[place], self.steps[place] = batch, chosen, "holding"

    def mark(self, place: int) -> None:
        """Guard 3."""
        batch, chosen, before = self.held[place], self.ways[place], self.now()
        try:
            with tenant(self.organization):
                passed = mark(batch.rows, batch, chosen)
        except SettingsChanged:
            passed = set()
        if not passed:
            if self.steps[place] == "holding":
                self.drop(place)
            return
        assert before.lease_token == batch.token, "marked without the lease"
        assert before.status == Status.LEASED, "marked twice"
        assert before.lease_until > timezone.now() + margin() / 2, "marked under a lease that ran out"
        assert chosen.settings_version == way(self.organization).settings_version, "I11"
        assert not self.answered, "marked after an acceptance was recorded"
        self.steps[place], self.stale[place] = "marked", False

    def transmit(self, place: int) -> None:
        """The content leaves, and the other side takes it."""
        gone = self.now().status in {Status.CANCELLED, Status.EXPIRED}
        assert self.stale[place] or not gone, "I10"
        (row,) = self.held[place].rows
        said = f"{row.message_id} {row.message_date} {bytes(row.sealed_body).hex()}"
        assert self.identity in {"", said}, "I9"
        self.copies, self.identity = self.copies + 1, said
        self.steps[place] = "sent"

    def settle(self, place: int, result: str) -> None:
        """Guards 4, 5, 6 and 8."""
        batch, before = self.held[place], self.now()
        took = {"accepted": (TO,)} if result == "accepted" else {}
        outcome = Outcome(result=AttemptOutcome(result), started_at=timezone.now(), **took)  # type: ignore[arg-type]
        self.faults += result == "unknown"
        with tenant(self.organization):
            results = [Result(row=batch.rows[0], outcome=outcome)]
            went = settle_all(results, batch.token, doubtful=self.doubtful)[self.row.pk]
        assert went is None or before.lease_token == batch.token, "settled without the lease"
        if result == "accepted" and before.status not in ENDED:
            assert self.now().status == Status.ACCEPTED, "guard 4"
            self.answered = True
        self.drop(place)

    def give_back(self, place: int) -> None:
        """Nothing left: the row goes back."""
        batch, before = self.held[place], self.now()
        with tenant(self.organization):
            hand_back(batch, batch.rows)
        assert before.lease_token == batch.token or self.now().status == before.status, "gave back another's"
        self.drop(place)

    def crash(self, place: int) -> None:
        """The worker is gone, with all it knew."""
        self.faults += self.steps[place] in {"marked", "sent"}
        self.drop(place)

    @precondition(lambda self: self.now().status in {Status.LEASED, Status.TRANSMITTING})
    @rule()
    def lease_runs_out(self) -> None:
        """Time passes."""
        before = self.now()
        for place, batch in enumerate(self.held):
            if batch is not None and batch.token == before.lease_token:
                self.stale[place] = True
                self.faults += before.status == Status.TRANSMITTING
        change(self.row, lease_until=timezone.now() - timedelta(seconds=1))

    @rule()
    def recover(self) -> None:
        """Guards 7, 8 and 12."""
        recover(self.organization.pk)

    @precondition(lambda self: self.steps != ["idle", "idle"])
    @rule()
    def grow_old(self) -> None:
        """Guard 10: its time is over, wherever it is."""
        before = self.now()
        change(self.row, expires_at=timezone.now() - timedelta(seconds=1))
        expire(self.organization.pk)
        assert (self.now().status == Status.EXPIRED) == (before.status in {Status.QUEUED, Status.EXPIRED})
        change(self.row, expires_at=before.expires_at)

    @precondition(lambda self: self.steps != ["idle", "idle"] or self.now().status in OVER)
    @rule(name=st.sampled_from(sorted(PEOPLE)))
    def decide(self, name: str) -> None:
        """Guards 10, 11 and 11': a person presses a button."""
        before = self.now().status
        if name == "arrived" and not self.copies:
            return
        with suppress(TransitionRefused):
            PEOPLE[name](self.organization.pk, self.row.pk)
            assert before != Status.TRANSMITTING, "moved by hand while it left"
            if name != "cancel" and before in {*RETRIED, Status.UNCERTAIN}:
                again = self.now().status == Status.QUEUED
                self.asked, self.final = self.asked + again, "" if again else self.final
                self.answered = self.answered and not again

    @precondition(lambda self: "holding" in self.steps)
    @rule()
    def save_settings(self) -> None:
        """An admin saves."""
        with tenant(self.organization):
            MailSettings.objects.of(self.organization).update(version=F("version") + 1)

    @invariant()
    def all_hold(self) -> None:
        """I2, I3, I4, I6 and I8."""
        row = self.now()
        assert row.status != Status.ACCEPTED or self.copies, "I2"
        assert self.copies - 1 <= self.faults + self.asked, "I3"
        assert self.doubtful == "resend" or self.copies <= 1 + self.asked, "I4"
        assert not self.final or row.status == self.final, "I6"
        self.final = row.status if row.status in ENDED else ""
        assert row.attempts == len(attempts(row)), "I8"
