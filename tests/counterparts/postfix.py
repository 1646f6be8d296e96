"""Postfix with SASL, unpacked from Debian's packages: no system service, and nothing stays behind."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sandbox.tls import Authority
from tests.counterparts.counterpart import (
    Counterpart,
    NotHere,
    Received,
    eventually,
    fetched,
    free_port,
    is_listening,
)
from tests.counterparts.postfix_instance import configure, run

PACKAGES: Final = ("postfix", "sasl2-bin", "libsasl2-modules", "libsasl2-modules-db")


@contextmanager
def postfix(authority: Authority) -> Iterator[Counterpart]:
    """Run Postfix with STARTTLS on one port and TLS from the start on another, in a folder that goes again.

    Raises:
        NotHere: this is not Debian, we are not root, or the packages could not be fetched.
    """
    root = unpack()
    # Short, since sockets lie in it, and not among the tests' folders, which are open to one user only.
    with TemporaryDirectory(prefix="postfix-") as name:
        folder = Path(name)
        ports = (free_port(), free_port())
        environment = configure(root, folder, authority, *ports)
        command = [str(root / "usr/lib/postfix/sbin/master"), "-c", str(folder / "config"), "-d"]
        with subprocess.Popen(  # noqa: S603 - what was just unpacked
            command, env=environment, stderr=subprocess.DEVNULL
        ) as process:
            try:
                eventually(
                    lambda: process.poll() is not None or all(map(is_listening, ports)),
                    "Postfix did not start.",
                )
                if process.poll() is not None:
                    raise NotHere("Postfix was unpacked, and does not start here.")
                yield Counterpart("postfix", *ports, lambda: mails(folder / "mail"))
            finally:
                process.terminate()


def unpack() -> Path:
    """Give the folder with the unpacked packages, fetched now if they are not there yet."""
    if os.getuid() != 0 or not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise NotHere("Postfix runs only for root on Debian, which this is not.")
    with fetched("postfix") as folder:
        root = folder / "root"
        if not (folder / "installed").exists():
            try:
                _fetch(folder)
                for package in folder.glob("*.deb"):
                    run(["dpkg-deb", "-x", str(package), str(root)], folder)
            except (subprocess.SubprocessError, OSError):
                raise NotHere("The packages of Postfix could not be fetched by apt-get.") from None
            (folder / "installed").touch()
    return root


def _fetch(folder: Path) -> None:
    download = ["apt-get", "download", "--quiet", *PACKAGES]
    try:
        run(download, folder)
    except subprocess.CalledProcessError:
        # The lists may be missing or name versions that are gone.
        run(["apt-get", "update", "--quiet"], folder)
        run(download, folder)


def mails(folder: Path) -> list[Received]:
    """Read the maildirs."""
    found = []
    for file in folder.glob("*/new/*"):
        raw = file.read_bytes()
        mail = Received("", (file.parts[-3],), raw)
        found.append(Received(str(mail.message["Return-Path"]).strip("<>"), mail.envelope_to, raw))
    return found
