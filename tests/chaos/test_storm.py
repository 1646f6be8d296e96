"""A short storm over real workers and servers; the long one is `python -m tests.chaos`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from django.conf import settings


@pytest.mark.slow
@pytest.mark.control("C-DEL")
@pytest.mark.feature("NEW-7")
def test_a_short_storm_loses_nothing_and_explains_every_copy() -> None:
    asked = ["--messages", "300", "--kills", "4", "--stops", "1", "--flushes", "1", "--seconds", "90"]
    done = subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "-m", "tests.chaos", *asked],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert (report["kills"], report["postgres_stops"], report["redis_restarts"]) == (4, 1, 1)
    assert not any(report["wrong"].values())
    assert sum(report["states"].values()) == 300
    assert max(report["first_send_after_a_stop"]) <= 15
