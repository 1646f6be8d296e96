"""The words of the outbox: states, kinds, urgency, and what one try came to."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    """The nine states; *held* is said of a lane, never of a row (architecture §5)."""

    QUEUED = "queued", _("Queued")
    LEASED = "leased", _("Sending")
    TRANSMITTING = "transmitting", _("Sending")
    UNCERTAIN = "uncertain", _("Uncertain")
    ACCEPTED = "accepted", _("Sent")
    FAILED = "failed", _("Failed")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")
    SUPPRESSED = "suppressed", _("Suppressed")


IN_HAND = (Status.LEASED, Status.TRANSMITTING)
ENDED = (Status.ACCEPTED, Status.FAILED, Status.EXPIRED, Status.CANCELLED, Status.SUPPRESSED)
OPEN = (Status.QUEUED, *IN_HAND, Status.UNCERTAIN)


class Kind(models.TextChoices):
    """Tests and verifications are settled at once; a notification is kept until it is out."""

    NOTIFICATION = "notification", _("Notification")
    TEST = "test", _("Test")
    # Everything a test does but the mail: what Save runs before it activates settings.
    VERIFICATION = "verification", _("Verification")


# Somebody waits in front of the screen for these: one try, at once, whatever holds the lane.
TRIALS = (Kind.TEST, Kind.VERIFICATION)


class Purpose(models.TextChoices):
    """What a verification is for, in place of a type."""

    SAVE = "verification", _("Save")
    # Tries a connection's next secret, and saves nothing (NEW-5).
    NEXT_SECRET = "next_secret", _("Next secret")


class Urgency(models.IntegerChoices):
    """Order of the queue inside one organization; smaller goes first (COG-45)."""

    HIGH = 0, _("High")
    NORMAL = 1, _("Normal")
    LOW = 2, _("Low")


class AttemptOutcome(models.TextChoices):
    """What one try came to."""

    RUNNING = "running", _("Running")
    ACCEPTED = "accepted", _("Accepted")
    PARTIAL = "partial", _("Accepted for some")
    TEMPORARY = "temporary", _("Try again later")
    REFUSED = "refused", _("Refused")
    CONNECTION = "connection", _("Connection at fault")
    UNKNOWN = "unknown", _("Outcome unknown")
