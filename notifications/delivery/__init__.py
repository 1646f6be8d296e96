"""The life of a notification after enqueue: claim, deliver, settle, recover. Status changes only in here."""

from notifications.delivery.by_hand import (
    TransitionRefused,
    cancel,
    confirm_arrived,
    retry,
    retry_failed,
    send_again,
)
from notifications.delivery.claiming import Batch, claim, release
from notifications.delivery.one_batch import deliver
from notifications.delivery.recovery import expire, recover
from notifications.delivery.settling import settle
from notifications.delivery.trial import run_test
from notifications.delivery.trial_claims import claim_test

__all__ = [
    "Batch",
    "TransitionRefused",
    "cancel",
    "claim",
    "claim_test",
    "confirm_arrived",
    "deliver",
    "expire",
    "recover",
    "release",
    "retry",
    "retry_failed",
    "run_test",
    "send_again",
    "settle",
]
