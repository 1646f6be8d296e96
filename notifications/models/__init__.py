"""The outbox: what is to be sent, and what became of it."""

from notifications.models.alarms import Alarm, AlarmKind
from notifications.models.attempt import DeliveryAttempt
from notifications.models.limits import ConnectionGrant, ConnectionLimit, ConnectionSlot
from notifications.models.notification import Notification, NotificationQuerySet
from notifications.models.sharing import SharedResult
from notifications.models.states import (
    ENDED,
    IN_HAND,
    OPEN,
    TRIALS,
    AttemptOutcome,
    Kind,
    Purpose,
    Status,
    Urgency,
)
from notifications.models.workers import Lane, TestMark, WorkerHeartbeat

__all__ = [
    "ENDED",
    "IN_HAND",
    "OPEN",
    "TRIALS",
    "Alarm",
    "AlarmKind",
    "AttemptOutcome",
    "ConnectionGrant",
    "ConnectionLimit",
    "ConnectionSlot",
    "DeliveryAttempt",
    "Kind",
    "Lane",
    "Notification",
    "NotificationQuerySet",
    "Purpose",
    "SharedResult",
    "Status",
    "TestMark",
    "Urgency",
    "WorkerHeartbeat",
]
