"""The ground of a storm: servers, workers and a sink, and the ways to break each of them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import redis

from benchmarks import stage
from devtools import postgres
from devtools.processes import Children, Program
from devtools.servers import answers, redis_binary
from tests.chaos.sinks import Sink

APPS = ("config", "config", "config", "tests.chaos.wrong_clock")
OFTEN_SECONDS = "4"


class Ground:
    """What can be broken."""

    def __init__(
        self,
        children: Children,
        variables: Mapping[str, str],
        data: Path,
        *,
        sinks: Sequence[Sink],
        seed: int,
    ) -> None:
        self._children, self._variables, self._data = children, variables, data
        self.sinks = sinks
        self._random = random.Random(seed)  # noqa: S311  # a storm wants to be repeatable
        self._workers: list[subprocess.Popen[bytes]] = []
        self.kills_in_hand = 0
        for place in range(len(APPS)):
            self._workers.append(self._start(place))

    def _start(self, place: int) -> subprocess.Popen[bytes]:
        return stage.start_worker(
            self._variables,
            log=self._data / f"worker-{place}.log",
            extra={"DELIVERY_LEASE_SECONDS": OFTEN_SECONDS},
            app=APPS[place],
        )

    def kill_a_worker(self) -> None:
        """Kill one worker without a word, rather one that holds mail, and start it anew."""
        places = list(range(len(APPS)))
        busy = [place for place in places if holds_mail(self._workers[place].pid)]
        self.kills_in_hand += bool(busy)
        place = self._random.choice(busy or places)
        self._workers[place].kill()
        self._workers[place].wait(10)
        self._workers[place] = self._start(place)

    def stop_postgres(self) -> None:
        """Stop the database as a power cut would, and start it again."""
        pid = int((self._data / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGQUIT)
        time.sleep(1.0)
        self._forget_ended()
        postgres.start(self._children, data=self._data)

    def flush_redis(self) -> None:
        """Take every hint away."""
        redis.Redis.from_url(self._variables["REDIS_URL"]).flushall()

    def freeze_redis(self, seconds: float) -> None:
        """Let the broker take connections and say nothing for a while."""
        pid = self._redis_pid()
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)

    def restart_redis(self) -> None:
        """Kill the broker and start an empty one at the same place."""
        address = self._variables["REDIS_URL"]
        os.kill(self._redis_pid(), signal.SIGKILL)
        parts = urlsplit(address)
        configuration = f'bind 127.0.0.1\nport {parts.port}\nrequirepass {parts.password}\nsave ""\n'
        program = Program(
            name="Redis",
            command=[redis_binary(), "-"],
            stdin=configuration,
            log=self._data / "log" / "redis.log",
        )
        time.sleep(0.3)
        self._forget_ended()
        child = self._children.start(program)
        deadline = time.monotonic() + 20
        while not answers(address) and time.monotonic() < deadline and not child.has_ended():
            time.sleep(0.05)

    def _forget_ended(self) -> None:
        """Let the parent forget what we ended ourselves."""
        for child in self._children.running():
            if child.has_ended():
                self._children.stop(child)

    def _redis_pid(self) -> int:
        return int(redis.Redis.from_url(self._variables["REDIS_URL"]).info("server")["process_id"])

    def end(self) -> None:
        """Stop the workers politely."""
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            try:
                worker.wait(30)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait(10)


def holds_mail(pid: int) -> bool:
    """Tell whether a worker process has leased rows now."""
    from django.db import DatabaseError, InterfaceError, connections  # noqa: PLC0415  # after django.setup

    from notifications.models import IN_HAND, Notification  # noqa: PLC0415

    try:
        rows = Notification.objects.using("system").filter(status__in=IN_HAND)
        return rows.filter(leased_by__contains=f":{pid}:").exists()
    except (DatabaseError, InterfaceError):
        connections.close_all()
        return False
