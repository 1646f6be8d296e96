"""Mail servers of a storm: they lose replies, put mail off, go away and come back at their place."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from itertools import count
from pathlib import Path

from devtools.environment import ROOT
from devtools.servers import free_port

_seeds = count(1)


class Sink:
    """One mail server with a log of what reached it."""

    def __init__(self, log: Path, *, rtt: float) -> None:
        self.log, self.port, self._rtt = log, free_port(), rtt
        self._process: subprocess.Popen[str] | None = None
        log.touch()

    def start(self) -> None:
        """Listen; its faults fall otherwise each time."""
        options = ["--port", str(self.port), "--log", str(self.log), "--seed", str(next(_seeds))]
        faults = ["--lost", "0.03", "--later", "0.05", "--rtt", str(self._rtt)]
        self._process = subprocess.Popen(  # noqa: S603  # our own command
            [sys.executable, "-m", "benchmarks.sink", *options, *faults],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline()

    def go_away(self, seconds: float) -> None:
        """Die with every conversation, and come back after a while."""
        self.end()
        time.sleep(seconds)
        self.start()

    def end(self) -> None:
        """Be gone."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


class Arrivals:
    """What the logs say: copies of each message, lost replies among them, and what was put off."""

    def __init__(self, *logs: Path) -> None:
        self.copies: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.put_off = 0
        self.moments: list[float] = []
        for log in logs:
            for line in log.read_text(encoding="ascii", errors="replace").splitlines():
                self._read(line)

    def _read(self, line: str) -> None:
        moment, fate, message_id = line.split(" ", 2)
        if fate == "later":
            self.put_off += 1
            return
        self.copies[message_id] += 1
        self.lost[message_id] += fate == "lost"
        self.moments.append(float(moment))

    def first_after(self, moment: float) -> float | None:
        """Give the seconds from a moment to the next arrival."""
        return min((one - moment for one in self.moments if one > moment), default=None)
