"""Who this worker process is, and whether it was asked to stop."""

from __future__ import annotations

import os
import socket
import threading
import uuid

RUN = uuid.uuid4()
stopping = threading.Event()


def worker_name() -> str:
    """Name this process for leases and heartbeats; the run tells a restarted process with the same number."""
    return f"{socket.gethostname()[:150]}:{os.getpid()}:{RUN.hex[:8]}"
