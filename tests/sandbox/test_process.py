"""`python -m sandbox` starts, tells where it is, and ends cleanly."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sandbox.endpoints import Endpoints

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Starts the process; whatever is left at the end is killed."""
    with ExitStack() as ending:

        def start(folder: str = "folder", port: int = 0) -> subprocess.Popen[str]:
            process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "sandbox", "--folder", str(tmp_path / folder), "--port", str(port)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            ending.enter_context(process)
            ending.callback(process.kill)
            return process

        yield start


def ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_on_a_signal(run: Run, tmp_path: Path, number: signal.Signals) -> None:
    process = run()
    line = ready(process)
    places = Endpoints.load(tmp_path / "folder")
    assert line == f"Sandbox ready: {places.page}\n"
    for port in (places.smtp_starttls, places.smtp_plain):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            assert client.recv(4) == b"220 "
    assert Path(places.ca_file).exists()
    (cloud,) = json.loads(Path(places.clouds_file).read_text())
    assert f"https://{cloud['login_hosts'][0]}" == places.microsoft
    process.send_signal(number)
    output, errors = process.communicate(timeout=10)
    assert (process.returncode, output, errors) == (0, "", "")
    assert not (tmp_path / "folder" / "endpoints.json").exists()


def test_the_ports_are_the_same_at_the_next_start_even_after_a_kill(run: Run, tmp_path: Path) -> None:
    found = []
    for _ in range(2):
        process = run()
        ready(process)
        found.append({**vars(Endpoints.load(tmp_path / "folder")), "page": ""})
        process.kill()
        process.wait(timeout=10)
    assert found[0] == found[1]


def test_two_sandboxes_stand_side_by_side(run: Run, tmp_path: Path) -> None:
    assert ready(run("one")).startswith("Sandbox ready: ")
    assert ready(run("two")).startswith("Sandbox ready: ")
    ports = [Endpoints.load(tmp_path / name).smtp_tls for name in ("one", "two")]
    assert ports[0] != ports[1]


@pytest.mark.parametrize("taken", ["page", "stored"])
def test_a_taken_port_is_told_in_one_sentence(run: Run, tmp_path: Path, taken: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        if taken == "stored":
            (tmp_path / "folder").mkdir()
            ports = {"microsoft": port, "smtp_starttls": 1, "smtp_tls": 2, "smtp_plain": 3}
            (tmp_path / "folder" / "ports.json").write_text(json.dumps(ports))
        process = run(port=port if taken == "page" else 0)
        output, errors = process.communicate(timeout=10)
    assert (process.returncode, output) == (1, "")
    assert errors == (
        f"The sandbox cannot start. Port {port} on 127.0.0.1 is taken by another program: "
        "end that program or choose another port.\n"
    )
