"""`bin/run` from nothing to a sign-in, and to nothing again."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psutil
import pytest
import requests

from devtools.demo import FABRIKAM, SIGN_INS
from devtools.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@pytest.fixture
def running(bare_environment: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Start the whole product in a new folder whose path has a space."""
    command = [
        sys.executable,
        "-m",
        "devtools.run",
        f"--port={free_port()}",
        f"--data={tmp_path / 'a folder'}",
    ]
    process = subprocess.Popen(  # noqa: S603  # our own module
        command, cwd=ROOT, env=bare_environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    yield process
    process.terminate()
    process.wait(timeout=PATIENCE)
    assert process.stdout is not None
    process.stdout.close()


def read_until(stream: IO[str] | None, words: str) -> list[str]:
    """Read lines up to the one with these words, or to the end."""
    lines: list[str] = []
    for line in stream or ():
        lines.append(line.rstrip("\n"))
        if words in line:
            break
    return lines


def sign_in(browser: requests.Session, base: str, email: str, password: str) -> requests.Response:
    page = browser.get(f"{base}/accounts/login/", timeout=20)
    token = TOKEN.search(page.text)
    assert token is not None
    form = {"login": email, "password": password, "csrfmiddlewaretoken": token[1]}
    return browser.post(f"{base}/accounts/login/", data=form, headers={"Referer": base}, timeout=20)


def mail_arrived(page: str, subject: str) -> bool:
    """Wait until the sandbox shows a mail."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if subject in requests.get(page, timeout=20).text:
            return True
        time.sleep(0.2)
    return False


def runs(process: psutil.Process) -> bool:
    """Say whether a process does anything; one that ended may wait for the machine to take note of it."""
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.slow
def test_product_runs_and_leaves_nothing_behind(
    running: subprocess.Popen[str], bare_environment: dict[str, str], tmp_path: Path
) -> None:
    told = read_until(running.stdout, "Ctrl-C stops everything.")
    text = "\n".join(told)
    assert all(one.email in text and one.password in text for one in SIGN_INS)
    base, sandbox = re.findall(r"http://127\.0\.0\.1:\d+", text)

    with requests.Session() as browser:
        entered = sign_in(browser, base, FABRIKAM.email, FABRIKAM.password)
        assert entered.status_code == 200
        assert "Fabrikam" in entered.text
    assert mail_arrived(sandbox, "Your order has been sent")

    asked = subprocess.run(  # noqa: S603  # our own module
        [sys.executable, "-m", "devtools.manage", "--data", str(tmp_path / "a folder"), "check"],
        cwd=ROOT,
        env=bare_environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr

    family = psutil.Process(running.pid).children(recursive=True)
    assert len(family) >= 7
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=PATIENCE) == 0
    assert not [process for process in family if runs(process)]
