"""One module makes every outgoing connection: read from the source of the product (threat model §4)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOMS = ("config", "console", "notifications", "mailsettings", "orgs", "providers")
# What can reach another machine.
REACHING = frozenset(
    {
        *("socket", "ssl", "http.client", "http.server", "urllib.request", "urllib3", "requests", "httpx"),
        *("aiohttp", "smtplib", "imaplib", "poplib", "ftplib", "telnetlib", "asyncio", "socketserver"),
        *("xmlrpc", "dns", "msal", "requests_oauthlib", "websockets", "paramiko", "redis"),
        *("subprocess", "multiprocessing.connection", "ctypes", "pycurl", "django.core.mail.backends.smtp"),
    }
)
# Who may name one of them, and why.
ALLOWED = {
    "console/health.py": {"redis": "asks the operator's broker whether it answers"},
    "mailsettings/domain/lookups.py": {"dns": "asks the operator's name servers about senders' domains"},
    "notifications/process.py": {"socket": "gethostname"},
    "providers/network/certificate.py": {"ssl": "reads certificates an admin pasted"},
    "providers/network/connect.py": {"socket": "the one place that connects"},
    "providers/network/http.py": {
        "http.client": "speaks over a connection that stands; dials by itself never"
    },
    "providers/network/lookup.py": {"socket": "the one place that looks up a name to connect to"},
    "providers/network/timed.py": {"socket": "sockets with an end time", "ssl": "as before"},
    "providers/network/tls.py": {"ssl": "the one place that encrypts"},
    "providers/transports/smtp_lines.py": {"smtplib": "reads and writes lines on a connection that stands"},
    "providers/tokens/microsoft_client.py": {"msal": "with our own client for its requests"},
}
DIALS = frozenset(
    {"create_connection", "open_connection", "urlopen", "getaddrinfo", "gethostbyname", "connect_ex"}
)


def files() -> list[Path]:
    found = [path for room in ROOMS for path in (settings.BASE_DIR / room).rglob("*.py")]
    assert len(found) > 150
    return found


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reaching(tree: ast.AST) -> set[str]:
    names = set(imported(tree))
    return {module for module in REACHING if any(n == module or n.startswith(f"{module}.") for n in names)}


@pytest.mark.control("C-EGR-1", "C-EGR-2", "C-EGR-4")
def test_only_these_files_can_reach_another_machine() -> None:
    found: dict[str, set[str]] = {}
    for path in files():
        modules = reaching(ast.parse(path.read_text(encoding="utf-8")))
        name = path.relative_to(settings.BASE_DIR).as_posix()
        unexpected = modules - set(ALLOWED.get(name, {}))
        if unexpected:
            found[name] = unexpected
    assert found == {}


@pytest.mark.control("C-EGR-2")
def test_names_are_looked_up_and_dialled_in_one_place() -> None:
    found: set[tuple[str, str]] = set()
    for path in files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func
                word = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                if word in DIALS:
                    found.add((path.relative_to(settings.BASE_DIR).as_posix(), word))
    assert found == {("providers/network/lookup.py", "getaddrinfo")}


@pytest.mark.control("C-EGR-5")
def test_environment_proxies_are_read_by_nobody() -> None:
    words = ("getproxies", "http_proxy", '"HTTPS_PROXY"', "trust_env", "ProxyHandler")
    found = [path.name for path in files() if any(word in path.read_text(encoding="utf-8") for word in words)]
    assert found == []


def test_the_list_of_exceptions_is_no_longer_than_needed() -> None:
    for name, reasons in ALLOWED.items():
        path = settings.BASE_DIR / name
        used = reaching(ast.parse(path.read_text(encoding="utf-8"))) if path.exists() else set()
        assert used == set(reasons), name
