"""A Redis of one story, which can be frozen, emptied, killed and started again at its place."""

from __future__ import annotations

import secrets
import signal
import subprocess
import time

import redis

from devtools.servers import LOOPBACK, answers, free_port, redis_binary


class RedisServer:
    """A private Redis that keeps nothing on disk."""

    def __init__(self) -> None:
        self._port, self._password = free_port(), secrets.token_hex(16)
        self.address = f"redis://:{self._password}@{LOOPBACK}:{self._port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        said = f'bind {LOOPBACK}\nport {self._port}\nrequirepass {self._password}\nsave ""\nappendonly no\n'
        command = [str(redis_binary()), "-"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)  # noqa: S603
        assert self._process.stdin is not None
        self._process.stdin.write(said.encode())
        self._process.stdin.close()
        deadline = time.monotonic() + 20
        while not answers(self.address):
            assert time.monotonic() < deadline, "Redis did not start."
            time.sleep(0.02)

    def freeze(self) -> None:
        """Let it take connections and say nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def flush(self) -> None:
        """Take every hint away."""
        with redis.Redis.from_url(self.address) as wire:
            wire.flushall()

    def kill(self) -> None:
        """End it without a word."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
