"""What a PostgreSQL that nobody could stop leaves behind (power cut, a killed container)."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

import psutil

from devtools.guardian import Charge, is_gone_within, stop


def clear(cluster: Path) -> None:
    """Stop a server that still uses the cluster; drop a pid file whose number belongs to somebody else now.

    The caller holds the data folder's lock, so nobody else has a right to run a server there.
    """
    pid_file = cluster / "postmaster.pid"
    if not pid_file.exists():
        return
    words = pid_file.read_text().split()
    pid = int(words[0]) if words and words[0].isdigit() else 0
    if pid and serves(pid, cluster):
        stop(Charge(pid=pid, stop_signal=signal.SIGINT, grace=30))
        is_gone_within(pid, 5)
    pid_file.unlink(missing_ok=True)


def serves(pid: int, cluster: Path) -> bool:
    """Tell whether a process is the PostgreSQL of this cluster."""
    with suppress(psutil.Error):
        command = psutil.Process(pid).cmdline()
        return str(cluster) in command and any(Path(word).name == "postgres" for word in command)
    return False
