"""Reads the environment; whatever is wrong there stops the start with one sentence that names it."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()
NAME_SERVER = re.compile(r"(?:(?P<v4>[0-9.]+)|\[(?P<v6>[0-9a-fA-F:.]+)\])(?::(?P<port>[0-9]{1,5}))?")


def required(name: str) -> str:
    """Give the value of the environment variable `name`; stop the start when it is missing."""
    value: str = env.str(name, default="").strip()
    if not value:
        message = f"{name} is not set. See .env.example for what belongs there."
        raise ImproperlyConfigured(message)
    return value


def database(name: str, *, mirror: bool) -> dict[str, Any]:
    """Read one PostgreSQL address; `mirror` joins the owner's test database under its own role."""
    required(name)
    try:
        parsed: dict[str, Any] = dict(env.db_url(name))
    except (ValueError, environ.ImproperlyConfigured, ImproperlyConfigured):
        parsed = {"ENGINE": "", "NAME": ""}
    if parsed.get("ENGINE") != "django.db.backends.postgresql" or not parsed.get("NAME"):
        message = f"{name} is not a PostgreSQL address like postgres://role:password@host:5432/mailroom."
        raise ImproperlyConfigured(message)
    options = dict(parsed.get("OPTIONS", {}))
    parsed["HOST"] = options.pop("host", parsed["HOST"])
    options.setdefault("connect_timeout", 5)
    more: dict[str, Any] = {
        "OPTIONS": options,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "TEST": {"MIRROR": "owner"} if mirror else {"DEPENDENCIES": []},
    }
    return parsed | more


def networks(name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Read a comma-separated list of networks such as `127.0.0.0/8,10.1.0.0/16`."""
    try:
        return tuple(ip_network(item.strip()) for item in env.list(name, default=[]) if item.strip())
    except ValueError as error:
        message = f"{name} holds something that is not a network: {error}."
        raise ImproperlyConfigured(message) from None


def number(name: str, *, default: int, least: int = 1, most: int | None = None) -> int:
    """Read a whole number from `least` on, up to `most`."""
    value = env.str(name, default="").strip() or str(default)
    if not value.isascii() or not value.isdigit() or int(value) < least:
        message = f"{name} is not a whole number from {least} on."
        raise ImproperlyConfigured(message)
    if most is not None and int(value) > most:
        message = f"{name} is not a whole number from {least} to {most}."
        raise ImproperlyConfigured(message)
    return int(value)


def ports(name: str) -> tuple[int, ...]:
    """Read a comma-separated list of ports such as `2525,10025`."""
    items = [item.strip() for item in env.list(name, default=[]) if item.strip()]
    if any(not item.isascii() or not item.isdigit() or not 1 <= int(item) <= 65535 for item in items):  # noqa: PLR2004  # the last port
        message = f"{name} holds something that is not a port from 1 to 65535."
        raise ImproperlyConfigured(message)
    return tuple(int(item) for item in items)


def name_servers(name: str) -> tuple[tuple[str, int], ...]:
    """Read a comma-separated list of name servers such as `10.0.0.2,10.0.0.3:5353,[::1]:53`."""
    found = []
    for item in filter(None, (item.strip() for item in env.list(name, default=[]))):
        match = NAME_SERVER.fullmatch(item)
        try:
            address = ip_address((match["v4"] or match["v6"]) if match else item)
            port = int((match["port"] if match else None) or 53)
        except ValueError:
            port = 0
        if not 1 <= port <= 65535:  # noqa: PLR2004  # the last port
            message = f"{name} holds something that is not an address like 10.0.0.2:53."
            raise ImproperlyConfigured(message)
        found.append((str(address), port))
    return tuple(found)


def one_of(name: str, *choices: str) -> str:
    """Read one of a few words; the first is the default."""
    value: str = env.str(name, default="").strip().lower() or choices[0]
    if value not in choices:
        message = f"{name} is not one of {', '.join(choices)}."
        raise ImproperlyConfigured(message)
    return value


def log_level(name: str) -> str:
    """Read how much is logged."""
    value: str = env.str(name, default="").strip().upper() or "INFO"
    if value not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        message = f"{name} is not one of DEBUG, INFO, WARNING, ERROR."
        raise ImproperlyConfigured(message)
    return value


def public_url(name: str) -> str:
    """Read the public address; plain http is for loopback only (architecture §6)."""
    value = required(name).rstrip("/")
    parts = urlsplit(value)
    loopback = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if (parts.scheme == "https" and parts.hostname) or (parts.scheme == "http" and loopback):
        return value
    message = f"{name} must start with https:// (http:// is allowed for 127.0.0.1 and localhost only)."
    raise ImproperlyConfigured(message)
