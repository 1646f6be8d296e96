"""`bin/run` answers what it cannot do with one sentence, an exit code, and nothing left running."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from devtools.product import choose_ports
from devtools.servers import DATABASE_NAMES
from sandbox.endpoints import remembered_ports

ROOT = Path(__file__).resolve().parents[2]


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "devtools.run", *arguments]
    return subprocess.run(  # noqa: S603  # our own module
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def refused(environment: dict[str, str], data: Path, *arguments: str) -> str:
    """Run until the refusal; give its one sentence."""
    finished = run(environment, "--data", str(data), *arguments)
    assert finished.returncode == 1, finished.stdout + finished.stderr
    assert len(finished.stderr.splitlines()) == 1, finished.stderr
    running = [process for process in psutil.process_iter(["cmdline"]) if str(data) in str(process.info)]
    assert running == []
    return finished.stderr


@pytest.fixture
def port() -> Iterator[str]:
    """A port that somebody else listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield str(listener.getsockname()[1])


def test_taken_port_is_named(bare_environment: dict[str, str], tmp_path: Path, port: str) -> None:
    said = refused(bare_environment, tmp_path / "data", "--port", port)
    assert f"Port {port} cannot be used (Address already in use)" in said
    assert "bin/run --port" in said


@pytest.mark.parametrize("port", ["0", "65536", "web", "-1", "٨٠٠٠"])
def test_impossible_port_is_named(bare_environment: dict[str, str], tmp_path: Path, port: str) -> None:
    finished = run(bare_environment, "--data", str(tmp_path), f"--port={port}")
    assert finished.returncode == 2
    assert "is not a port. Use a number from 1 to 65535." in finished.stderr


def test_second_start_is_told_who_runs(bare_environment: dict[str, str], tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(str(os.getpid()))
        lock.flush()
        said = run(bare_environment, "--data", str(tmp_path), "--port", "8499").stderr
    assert said.startswith("Mailroom is already running")
    assert f"(process {os.getpid()})" in said
    assert str(tmp_path) in said


def test_file_in_place_of_the_data_folder_is_named(bare_environment: dict[str, str], tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_text("")
    said = refused(bare_environment, data, "--port", "8498")
    assert f"The data folder {data} cannot be used" in said
    assert "--data" in said


def test_database_of_another_version_is_named(bare_environment: dict[str, str], tmp_path: Path) -> None:
    for name in ("postgres", "keys"):
        (tmp_path / name).mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")
    (tmp_path / "keys" / "keyring").write_text("k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
    assert "was made by PostgreSQL 16" in refused(bare_environment, tmp_path, "--port", "8497")


def test_lost_key_ring_is_never_replaced(bare_environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    assert f"The key ring {tmp_path}/keys/keyring is missing" in refused(
        bare_environment, tmp_path, "--port", "8496"
    )
    assert not (tmp_path / "keys" / "keyring").exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"DATABASE_URL": "postgres://u@127.0.0.1:1/x"},
            "DATABASE_SYSTEM_URL and DATABASE_OWNER_URL must be set",
        ),
        (
            dict.fromkeys(DATABASE_NAMES, "postgres://u:hidden@127.0.0.1:1/x"),
            "DATABASE_URL does not lead to a PostgreSQL database",
        ),
        ({"REDIS_URL": "redis://:hidden@127.0.0.1:1/0"}, "REDIS_URL does not lead to a Redis that answers"),
        (
            dict.fromkeys(DATABASE_NAMES, "postgres//u:hidden@127.0.0.1:1/x"),
            "DATABASE_URL is not an address like postgres://",
        ),
        ({"REDIS_URL": "redis://127.0.0.1:hidden/0"}, "REDIS_URL is not an address like redis://"),
        ({"REDIS_URL": "nonsense:hidden"}, "REDIS_URL is not an address like redis://"),
    ],
)
def test_servers_of_the_environment_that_do_not_answer_are_named(
    bare_environment: dict[str, str], tmp_path: Path, given: dict[str, str], words: str
) -> None:
    said = refused(bare_environment | given, tmp_path, "--port", "8495")
    assert words in said
    assert "hidden" not in said


def test_two_sandboxes_get_ports_of_their_own_and_keep_them(tmp_path: Path) -> None:
    choose_ports(tmp_path / "one")
    one = remembered_ports(tmp_path / "one")
    with ExitStack() as running:
        for port in one.values():
            running.enter_context(socket.create_server(("127.0.0.1", port)))
        choose_ports(tmp_path / "two")
        assert not {*one.values()} & {*remembered_ports(tmp_path / "two").values()}
        choose_ports(tmp_path / "one")
    assert remembered_ports(tmp_path / "one") == one
