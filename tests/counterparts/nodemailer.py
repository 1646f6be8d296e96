"""Nodemailer's smtp-server, run by Node.js; its pinned packages come from npm once and are kept."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sandbox.tls import Authority
from tests.counterparts.counterpart import (
    KNOWN,
    PASSWORD,
    SIZE_LIMIT,
    TOKEN,
    USER,
    Counterpart,
    NotHere,
    Received,
    fetched,
)

HERE: Final = Path(__file__).resolve().parent
PACKAGES: Final = ("package.json", "package-lock.json")
FETCH_SECONDS: Final = 120


@contextmanager
def nodemailer(authority: Authority, folder: Path) -> Iterator[Counterpart]:
    """Run smtp-server with STARTTLS on one port and TLS from the start on another.

    Raises:
        NotHere: Node.js or npm is missing, or the packages could not be fetched.
    """
    installed = install()
    certificate, key = authority.files(folder)
    given = {
        "certificate": str(certificate),
        "key": str(key),
        "size": SIZE_LIMIT,
        "user": USER,
        "password": PASSWORD,
        "token": TOKEN,
        "known": KNOWN,
        "folder": str(folder),
    }
    command = ["node", str(HERE / "smtp-server.cjs"), json.dumps(given)]
    with subprocess.Popen(  # noqa: S603 - our own script
        command, cwd=installed, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            told = process.stdout.readline() if process.stdout else ""
            if not told:
                raise NotHere("Nodemailer's smtp-server did not start.")
            starttls_port, tls_port = json.loads(told)
            yield Counterpart("nodemailer", starttls_port, tls_port, lambda: mails(folder))
        finally:
            process.terminate()


def install() -> Path:
    """Give the folder with the packages of the lock file, fetched now if they are not there yet."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise NotHere("Nodemailer's smtp-server needs Node.js and npm, which are not installed here.")
    with fetched("nodemailer") as folder:
        wanted = (HERE / "package-lock.json").read_bytes()
        done = folder / "installed"
        if not done.exists() or done.read_bytes() != wanted:
            for name in PACKAGES:
                shutil.copy(HERE / name, folder / name)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
            try:
                subprocess.run(  # noqa: S603 - a fixed command
                    command, cwd=folder, check=True, capture_output=True, timeout=FETCH_SECONDS
                )
            except (subprocess.SubprocessError, OSError):
                raise NotHere("npm could not fetch the packages of Nodemailer's smtp-server.") from None
            done.write_bytes(wanted)
        return folder


def mails(folder: Path) -> list[Received]:
    """Read what the server has written so far."""
    found = []
    for file in sorted(folder.glob("*.json"), key=lambda one: int(one.stem)):
        mail = json.loads(file.read_text())
        found.append(Received(mail["from"], tuple(mail["to"]), base64.b64decode(mail["raw"])))
    return found
