"""A wrong environment is answered with one sentence that names the variable, never with a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "SECRET_KEY": "a-key-of-the-tests-0123456789abcdef-0123456789abcdef-012345",
    "SECRETS_KEYRING": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    "BASE_URL": "http://127.0.0.1:8000",
    "DATABASE_URL": "postgres://app_web@/mailroom?host=%2Fnowhere",
    "DATABASE_SYSTEM_URL": "postgres://app_system@/mailroom?host=%2Fnowhere",
    "DATABASE_OWNER_URL": "postgres://app_owner@/mailroom?host=%2Fnowhere",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}
WRONG = [
    *[(name, "") for name in GOOD if name != "SECRETS_KEYRING"],
    ("DATABASE_URL", "mysql://web@127.0.0.1/mailroom"),
    ("DATABASE_OWNER_URL", "postgres://app_owner@127.0.0.1:many/mailroom"),
    ("BASE_URL", "http://mailroom.example"),
    ("BASE_URL", "mailroom.example"),
    ("EGRESS_ALLOW_CIDRS", "10.0.0.0/33"),
    ("EGRESS_ALLOW_PORTS", "25,smtp"),
    ("EGRESS_ALLOW_PORTS", "70000"),
    ("DELIVERY_LEASE_SECONDS", "soon"),
    ("RECIPIENTS_LIMIT", "0"),
    ("LOG_LEVEL", "LOUD"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_wrong_setting_is_named_in_one_sentence(
    bare_environment: dict[str, str], name: str, value: str
) -> None:
    finished = subprocess.run(  # our own command
        [sys.executable, "manage.py", "diffsettings"],
        cwd=ROOT,
        env=bare_environment | GOOD | {name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 1
    assert len(finished.stderr.strip().splitlines()) == 1, finished.stderr
    assert finished.stderr.startswith("Mailroom cannot start: ")
    assert name in finished.stderr
