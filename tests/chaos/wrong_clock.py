"""A worker whose clock is two hours ahead (`-A tests.chaos.wrong_clock`): the database's must decide."""

from __future__ import annotations

import time

import time_machine

time_machine.travel(time.time() + 2 * 3600, tick=True).start()

from config.celery import app  # noqa: E402  # after the clock is wrong

__all__ = ["app"]
