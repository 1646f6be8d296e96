"""A short storm over real workers and servers; the long one is `python -m tests.chaos`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from django.conf import settings

ASKED = {
    "messages": 300,
    "kills": 4,
    "stops": 1,
    "flushes": 1,
    "freezes": 1,
    "restarts": 1,
    "away": 1,
    "seconds": 120,
}


@pytest.mark.slow
@pytest.mark.control("C-DEL-1", "C-DEL-2", "C-DEL-3", "C-DEL-4", "C-DEL-8", "C-DEL-14")
@pytest.mark.feature("NEW-7")
def test_a_short_storm_loses_nothing_and_explains_every_copy() -> None:
    options = [word for name, value in ASKED.items() for word in (f"--{name}", str(value))]
    done = subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "-m", "tests.chaos", *options],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert not any(report["wrong"].values()), report
    assert sum(report["states"].values()) == ASKED["messages"]
    assert report["events"] == {
        "kill": 4,
        "postgres stop": 1,
        "redis flush": 1,
        "redis freeze": 1,
        "redis restart": 1,
        "primary away": 1,
    }
    assert all(wait <= 15 for waits in report["first_send_after"].values() for wait in waits), report
