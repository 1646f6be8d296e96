"""Why a message is not queued, besides what is wrong with itself (`providers.MessageInvalid`)."""

from __future__ import annotations


class OrganizationSuspended(Exception):
    """The organization is suspended; nothing is queued for it."""


class IdempotencyConflict(Exception):
    """The idempotency key was used for another message (409)."""
