"""The data folder of one running Mailroom: opened by one command at a time, with keys made once."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from devtools.refusal import Refusal

ENVIRONMENT = "environment.json"


@contextmanager
def opened(folder: Path) -> Iterator[Path]:
    """Make the folder if need be and keep it locked; refuse when another command uses it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "log").mkdir(exist_ok=True)
        lock = (folder / "lock").open("a+")
    except OSError as error:
        raise Refusal(
            f"The data folder {folder} cannot be used ({error.strerror}). Choose another one with --data."
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refusal(already_running(lock.name)) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield folder


def already_running(lock: str) -> str:
    """Say that somebody holds the lock, or is about to let it go."""
    pid = Path(lock).read_text().strip()
    folder = Path(lock).parent
    if pid.isdigit() and not psutil.pid_exists(int(pid)):
        return f"The Mailroom of {folder} was killed and is being cleaned up; start again in a moment."
    return (
        f"Mailroom is already running with the data folder {folder} (process {pid}). "
        "Stop it first, or choose another folder with --data and another port with --port."
    )


def keys(folder: Path) -> dict[str, str]:
    """Give the keys of this folder, made on the first start; the environment's own ones come first."""
    made = {}
    if not os.environ.get("SECRET_KEY"):
        made["SECRET_KEY"] = kept(folder, "secret_key", secrets.token_urlsafe(50)).read_text().strip()
    if not os.environ.get("SECRETS_KEYRING") and not os.environ.get("SECRETS_KEYRING_FILE"):
        made["SECRETS_KEYRING_FILE"] = str(key_ring(folder))
    return made


def key_ring(folder: Path) -> Path:
    """Give the file of the key ring; never make a new one beside data that was sealed with a lost one."""
    path = folder / "keys" / "keyring"
    if (folder / "postgres").exists() and not path.exists():
        raise Refusal(
            f"The key ring {path} is missing, but the secrets in the database beside it were sealed with it. "
            f"Put it back, or remove {folder} to start empty."
        )
    return kept(folder, "keyring", f"k1:{base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip('=')}")


def kept(folder: Path, name: str, fresh: str) -> Path:
    """Give the file of a key, written on the first start."""
    path = folder / "keys" / name
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(path, fresh)
    return path


def remember_environment(folder: Path, environment: Mapping[str, str]) -> None:
    """Store what the product was started with, for `bin/manage`."""
    write_private(folder / ENVIRONMENT, json.dumps(dict(environment), indent=1))


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123  # by descriptor
        file.write(text)
    new.replace(path)
