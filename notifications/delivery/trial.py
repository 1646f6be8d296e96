"""A test or a verification: one try through the wire real mail takes, told step by step, settled at once."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from uuid import UUID

from django.utils import timezone

from mailsettings.holds import note_success
from mailsettings.models import Doubtful
from mailsettings.ways import NoWayOut, Way, connection_way, draft_way, open_session, way_out
from notifications.content import ContentRemoved
from notifications.delivery.activation import settle_verification
from notifications.delivery.claiming import Batch
from notifications.delivery.letter import envelope, sender_facts, write_letter
from notifications.delivery.marking import Withdrawn, marker
from notifications.delivery.outcome import TOKEN, Outcome, from_error, from_receipt, unsent
from notifications.delivery.recovery import give_back
from notifications.delivery.settling import settle
from notifications.delivery.trial_claims import claim_test, way_columns
from notifications.models import AttemptOutcome, DeliveryAttempt, Kind, Notification, Status
from orgs.sealing import SealBroken
from orgs.tenancy import tenant
from providers import MessageInvalid, ProviderError, Stage, StageResult, Trace

logger = logging.getLogger(__name__)

# A person waits for the answer (C-EGR-8).
TEST_SECONDS = 30.0


def run_test(organization_id: UUID) -> bool:
    """Run one waiting test or verification of the organization; False when there is none."""
    batch = claim_test(organization_id)
    if batch is None:
        return False
    row = batch.rows[0]
    try:
        outcome, way = _try(row, batch)
        if outcome is None:
            return True
        if row.kind == Kind.VERIFICATION:
            settle_verification(row, batch.token, outcome)
            return True
        # Nobody waits for a test's second try: an unknown outcome is a failed test, said as such.
        status = settle(row, batch.token, outcome, doubtful=Doubtful.RESEND)
    except Exception:
        logger.exception("Test %s broke off.", row.pk)
        give_back(row, batch.token, doubtful=Doubtful.RESEND)
        raise
    if status == Status.ACCEPTED and way is not None:
        note_success(way)
    return True


def _try(row: Notification, batch: Batch) -> tuple[Outcome | None, Way | None]:
    started_at = timezone.now()
    attempt = begin(row)
    trace = Trace(lambda stages: write_stages(attempt, stages))
    way = None
    try:
        way = choose_way(row)
        _record_way(row, batch, way)
        outcome = _prove(row, way, trace) if row.kind == Kind.VERIFICATION else _send(row, batch, way, trace)
    except NoWayOut as closed:
        outcome, way = unsent(closed.code, closed.reason, started_at), None
    except MessageInvalid as invalid:
        outcome, way = unsent("message_invalid", invalid.text, started_at), None
    except (ContentRemoved, SealBroken):
        outcome, way = unsent("content_unreadable", "", started_at), None
    except Withdrawn:
        return None, None
    except ProviderError as error:
        outcome, way = from_error(error, started_at), None
    # What the token says of itself is shown after the test, whatever came of it (NEW-4).
    token = {f"{TOKEN}{name}": value for name, value in trace.facts.items()}
    return replace(outcome, started_at=started_at, facts={**outcome.facts, **token}), way


def _send(row: Notification, batch: Batch, way: Way, trace: Trace) -> Outcome:
    message = write_letter(row, way)
    try:
        with open_session(way, trace, seconds=TEST_SECONDS) as session:
            receipt = session.send(message, before_transmit=marker(row, batch, way=None))
    except ProviderError as error:
        error.facts.update(sender_facts(message, way))
        raise
    return from_receipt(receipt, row.created_at)


def _prove(row: Notification, way: Way, trace: Trace) -> Outcome:
    """Do all a test does but the mail (HIR-18)."""
    recipient = envelope(row)[0]
    with open_session(way, trace, seconds=TEST_SECONDS) as session:
        try:
            session.verify(way.settings.sender_email or recipient, recipient)
        except ProviderError as error:
            # Whether this one address takes mail says nothing about the settings.
            if error.stage != Stage.RECIPIENT or error.connection_fault:
                raise
    return Outcome(result=AttemptOutcome.ACCEPTED, started_at=row.created_at, accepted=(recipient,))


def choose_way(row: Notification) -> Way:
    """Give the way under test: the values of a draft, one connection, or the way real mail takes.

    Raises:
        NoWayOut: it is gone, or not set up.
    """
    if row.draft_id is not None:
        return draft_way(row.organization_id, row.draft_id)
    if row.connection_id is not None:
        return connection_way(row.organization_id, row.connection_id)
    return way_out(row.organization_id)


def _record_way(row: Notification, batch: Batch, way: Way) -> None:
    """Write the way on the row, and read back the Message-ID that goes with it."""
    changed = way_columns(way)
    if row.connection_id is not None or way.connection_id is None:
        del changed["connection_id"]
    with tenant(row.organization_id):
        Notification.objects.of(row.organization_id).filter(pk=row.pk, lease_token=batch.token).update(
            **changed
        )
        row.refresh_from_db(fields=["message_id", "connection", "way_name", "provider", "via_default_mailer"])


def begin(row: Notification) -> DeliveryAttempt:
    """Open the attempt's row, so that the page sees the steps while they happen."""
    with tenant(row.organization_id):
        attempt, _ = DeliveryAttempt.objects.of(row.organization_id).get_or_create(
            organization_id=row.organization_id,
            notification=row,
            number=row.attempts + 1,
            defaults={"started_at": timezone.now(), "outcome": AttemptOutcome.RUNNING},
        )
    return attempt


def write_stages(attempt: DeliveryAttempt, stages: tuple[StageResult, ...]) -> None:
    """Show the steps so far, in a short block of its own: the network waits for nobody's transaction."""
    with tenant(attempt.organization_id):
        DeliveryAttempt.objects.of(attempt.organization_id).filter(pk=attempt.pk).update(
            stages=[asdict(stage) for stage in stages]
        )
