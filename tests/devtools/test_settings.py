"""A wrong environment is answered with one sentence that names the variable, never with a traceback."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from devtools.names import product_names

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ROOT / "config" / "settings.py"
GOOD = {
    "SECRET_KEY": "a-key-of-the-tests-0123456789abcdef-0123456789abcdef-012345",
    "BASE_URL": "http://127.0.0.1:8000",
    "DATABASE_URL": "postgres://app_web@/mailroom?host=%2Fnowhere",
    "DATABASE_SYSTEM_URL": "postgres://app_system@/mailroom?host=%2Fnowhere",
    "DATABASE_OWNER_URL": "postgres://app_owner@/mailroom?host=%2Fnowhere",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}
NUMBERS = (
    "DELIVERY_LEASE_SECONDS",
    "DELIVERY_EXPIRES_HOURS",
    "DELIVERY_WINDOW",
    "DELIVERY_SESSIONS",
    "DELIVERY_THREADS",
    "CONTENT_RETENTION_DAYS",
    "RECIPIENTS_LIMIT",
    "MAX_MESSAGE_MB",
)
WRONG = [
    *[(name, value) for name in GOOD for value in ("", "  ")],
    *[(name, value) for name in NUMBERS for value in ("soon", "0", "-5", "1.5", "٣")],
    ("MAX_MESSAGE_MB", "151"),
    ("DATABASE_URL", "mysql://web@127.0.0.1/mailroom"),
    ("DATABASE_URL", "postgres://app_web@127.0.0.1/"),
    ("DATABASE_OWNER_URL", "postgres://app_owner@127.0.0.1:many/mailroom"),
    ("BASE_URL", "http://mailroom.example"),
    ("BASE_URL", "mailroom.example"),
    ("BASE_URL", "https://"),
    ("EGRESS_ALLOW_CIDRS", "10.0.0.0/33"),
    ("EGRESS_ALLOW_CIDRS", "relay.example"),
    ("EGRESS_ALLOW_PORTS", "25,smtp"),
    ("EGRESS_ALLOW_PORTS", "70000"),
    ("LOG_LEVEL", "LOUD"),
    *[
        ("DNS_SERVERS", value)
        for value in ("resolver.example", "10.0.0.2:x", "10.0.0.2:0", "10.0.0.300", "[::1")
    ],
    ("DMARC_RULE", "sometimes"),
]


def read(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> dict[str, object]:
    """Read the settings as a process with this environment would."""
    for name in product_names():
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(SETTINGS))


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        read(monkeypatch, GOOD | {name: value})
    assert name in str(refused.value)
    assert str(refused.value).endswith(".")


def test_password_in_a_wrong_address_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        read(monkeypatch, GOOD | {"DATABASE_URL": "postgres://app_web:hidden@127.0.0.1:many/mailroom"})
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("empty", [False, True])
def test_settings_need_nothing_but_the_needed(monkeypatch: pytest.MonkeyPatch, empty: bool) -> None:  # noqa: FBT001  # a parameter
    """An empty optional value, as compose hands it over, means the default."""
    optional = set() if not empty else product_names() - set(GOOD) - {"PRODUCT_NAME", "ALLOWED_HOSTS"}
    settings = read(monkeypatch, dict.fromkeys(optional, "") | GOOD)
    assert settings["EGRESS_ALLOW_PORTS"] == ()
    assert settings["RECIPIENTS_LIMIT"] == 100
    assert settings["HTTPS"] is False


def test_command_answers_with_one_sentence(bare_environment: dict[str, str]) -> None:
    finished = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=bare_environment | GOOD | {"REDIS_URL": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 1
    assert finished.stderr.splitlines() == [
        "Mailroom cannot start: REDIS_URL is not set. See .env.example for what belongs there."
    ]
