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
from notifications.delivery import TransitionRefused, cancel, claim, recover
from notifications.delivery.marking import SettingsChanged, guards, margin, mark
from notifications.delivery.outcome import Outcome
from notifications.delivery.settling import HELD, Result, settle_all
from notifications.delivery.window import hand_back
from notifications.models import ENDED, AttemptOutcome, Notification, Status
from orgs.models import Organization
from orgs.tenancy import tenant
from tests.notifications.stories import attempts, change, look, make_due, queue, way

PLACES = st.integers(0, 1)
TO = "reader@example.com"
POSSIBLE = {
    "idle": ["claim"],
    "holding": ["mark"] * 4 + ["crash", "give_back"],
    "marked": ["transmit"] * 5 + ["mark", "settle temporary", "settle refused", "crash", "give_back"],
    "sent": ["settle accepted"] * 2 + ["settle unknown"] * 2 + ["crash"],
}


class Delivery(RuleBasedStateMachine):
    """What may happen to one message, in any order."""

    organization: ClassVar[Organization]
    doubtful: ClassVar[str] = "resend"
    without: ClassVar[str] = ""

    @initialize()
    def begin(self) -> None:
        """Queue the message; nobody holds anything."""
        with tenant(self.organization):
            Notification.objects.of(self.organization).exclude(status__in=ENDED).delete()
        self.row = queue(self.organization, to=TO)
        self.held: list[Any] = [None, None]
        self.ways: list[Any] = [None, None]
        self.steps, self.stale = ["idle", "idle"], [False, False]
        self.copies = self.faults = 0
        self.answered, self.final = False, ""

    def teardown(self) -> None:
        """Free what is still held."""
        for place in (0, 1):
            self.drop(place)

    def now(self) -> Any:
        """Read the row."""
        return look(self.row)

    def batch(self, place: int) -> Any:
        """Give what a worker holds."""
        return self.held[place]

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
        if self.now().status in {*ENDED, Status.UNCERTAIN} and self.steps == ["idle", "idle"]:
            self.all_hold()
            self.begin()
        make_due(self.organization)
        before, chosen = self.now(), way(self.organization)
        batch = claim(chosen, limit=1)
        assert (batch is not None) == (before.status == Status.QUEUED)
        if batch is not None:
            self.held[place], self.ways[place], self.steps[place] = batch, chosen, "holding"

    def mark(self, place: int) -> None:
        """Guard 3, with the guard under test left out."""
        chosen: Any = self.ways[place]
        batch, before = self.batch(place), self.now()
        conditions = guards(batch, chosen)
        conditions.pop(self.without.removeprefix("mark."), None)
        try:
            with tenant(self.organization):
                passed = mark(batch.rows, batch, chosen, when=conditions)
        except SettingsChanged:
            passed = set()
        if not passed:
            if self.steps[place] == "holding":
                self.drop(place)
            return
        assert before.lease_token == batch.token, "marked without the lease"
        assert before.status == Status.LEASED, "marked twice"
        assert before.lease_until > timezone.now() + margin() / 2, "marked under a lease that ran out"
        assert chosen.settings_version == way(self.organization).settings_version, "old settings"
        assert not self.answered, "marked after an acceptance was recorded"
        self.steps[place], self.stale[place] = "marked", False

    def transmit(self, place: int) -> None:
        """The content leaves, and the other side takes it."""
        assert self.stale[place] or self.now().status != Status.CANCELLED, "I10"
        self.copies += 1
        self.steps[place] = "sent"

    def settle(self, place: int, result: str) -> None:
        """Guards 4, 5, 6 and 8."""
        batch, before = self.batch(place), self.now()
        took = {"accepted": (TO,)} if result == "accepted" else {}
        outcome = Outcome(result=AttemptOutcome(result), started_at=timezone.now(), **took)  # type: ignore[arg-type]
        self.faults += result == "unknown"
        held = "n.attempts = v.attempts" if self.without == "settle.token" else HELD
        with tenant(self.organization):
            results = [Result(row=batch.rows[0], outcome=outcome)]
            went = settle_all(results, batch.token, doubtful=self.doubtful, held=held)[self.row.pk]
        assert went is None or before.lease_token == batch.token, "settled without the lease"
        if result == "accepted" and before.status not in ENDED:
            assert self.now().status == Status.ACCEPTED, "guard 4"
            self.answered = True
        self.drop(place)

    def give_back(self, place: int) -> None:
        """Nothing left: the row goes back."""
        with tenant(self.organization):
            hand_back(self.batch(place), self.batch(place).rows)
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
    def cancel(self) -> None:
        """Guard 10."""
        before = self.now().status
        with suppress(TransitionRefused):
            cancel(self.organization.pk, self.row.pk)
            assert before != Status.TRANSMITTING, "cancelled while it left"

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
        assert self.copies - 1 <= self.faults, "I3"
        assert self.doubtful == "resend" or self.copies <= 1, "I4"
        assert not self.final or row.status == self.final, "I6"
        self.final = row.status if row.status in ENDED else ""
        assert row.attempts == len(attempts(row)), "I8"
