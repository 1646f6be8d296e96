"""When to try again: doubling pauses with jitter, never sooner than the provider asked for."""

from __future__ import annotations

import random
from datetime import timedelta

MESSAGE_BASE = timedelta(minutes=1)
MESSAGE_LONGEST = timedelta(hours=4)
LANE_BASE = timedelta(seconds=10)
LANE_LONGEST = timedelta(minutes=5)

# How long a message waits that a backup may not send, before it is seen whether its own way is well again.
SENDER_PAUSE = timedelta(minutes=1)

_random = random.SystemRandom()


def _pause(*, base: timedelta, longest: timedelta, failures: int, retry_after: float | None) -> timedelta:
    # 2**30 minutes is far beyond the longest pause; the bound keeps the power small.
    doubled = base * int(2 ** min(max(failures - 1, 0), 30))
    pause = min(longest, doubled) * _random.uniform(0.5, 1.5)
    if retry_after is None:
        return pause
    # Everybody was told the same moment, so nobody comes exactly then.
    asked = timedelta(seconds=min(max(retry_after, 0.0), 86_400.0) * _random.uniform(1.0, 1.1))
    return max(pause, asked)


def message_pause(*, attempts: int, retry_after: float | None = None) -> timedelta:
    """Give the pause of one message after its `attempts`-th failed attempt."""
    return _pause(base=MESSAGE_BASE, longest=MESSAGE_LONGEST, failures=attempts, retry_after=retry_after)


def lane_pause(*, failures: int, retry_after: float | None = None) -> timedelta:
    """Give the pause of a whole lane whose server did not want to talk."""
    return _pause(base=LANE_BASE, longest=LANE_LONGEST, failures=failures, retry_after=retry_after)


def sender_pause() -> timedelta:
    """Give the pause of a message whose sender only the first way may use."""
    return SENDER_PAUSE * _random.uniform(0.5, 1.0)
