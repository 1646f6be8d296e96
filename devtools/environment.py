"""Makes the virtual environment, then starts a command in it (standard library only)."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devtools.refusal import Refusal

ROOT = Path(__file__).resolve().parent.parent
# Relative on purpose: a path with a space or a moved checkout then needs no second thought.
VENV = Path(".venv")
PYTHON = VENV / "bin" / "python"
RUN = ("requirements.txt", "requirements-local.txt")
COMMANDS = {
    "run": ("devtools.run", RUN),
    "manage": ("devtools.manage", RUN),
    "test": ("devtools.checks", (*RUN, "requirements-dev.txt")),
    "lock": ("devtools.lock", ()),
}


def main(arguments: list[str]) -> None:
    """Make ready what the command needs, then become that command."""
    command, *rest = arguments
    module, requirements = COMMANDS[command]
    os.chdir(ROOT)
    try:
        with one_at_a_time():
            make_venv()
            install([name for name in requirements if not is_installed(name)])
    except Refusal as refusal:
        sys.exit(str(refusal))
    except KeyboardInterrupt:
        sys.exit(130)
    os.execv(PYTHON, [str(PYTHON), "-m", module, *rest])  # noqa: S606  # no shell is what is wanted


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let a second command wait until the first one has finished installing."""
    with Path("requirements.txt").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make_venv() -> None:
    """Make `.venv` unless a working one of this Python's minor version, or a newer one, stands there."""
    if PYTHON.exists() and succeeds([PYTHON, "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"]):
        return
    say("Making the virtual environment .venv")
    try:
        venv.create(VENV, clear=True, symlinks=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Refusal(
            f"The virtual environment {ROOT / VENV} cannot be made ({type(error).__name__}): is the folder "
            "writable, and is Python's venv module there (Debian, Ubuntu: apt install python3-venv)?"
        ) from None


def install(names: list[str]) -> None:
    """Install the named requirement files by their hashes; write the stamps last."""
    if not names:
        return
    say("Installing the pinned requirements (about a minute, once)")
    files = [argument for name in names for argument in ("-r", name)]
    options = ["--quiet", "--quiet", "--no-input", "--disable-pip-version-check", "--root-user-action=ignore"]
    if not succeeds([PYTHON, "-m", "pip", "install", *options, "--require-hashes", *files], quiet=False):
        raise Refusal(
            "The requirements could not be installed: pip says why above. "
            "A network that reaches the package registry is needed the first time."
        )
    for name in names:
        stamp(name).write_text(fingerprint(name))


def stamp(name: str) -> Path:
    """Give the file that remembers what was installed from requirement file `name`."""
    return VENV / f"installed-{name}"


def is_installed(name: str) -> bool:
    """Tell whether exactly this requirement file was installed for this Python."""
    return stamp(name).exists() and stamp(name).read_text() == fingerprint(name)


def fingerprint(name: str) -> str:
    """Give a digest of a requirement file and of the Python that runs in `.venv`."""
    python = (VENV / "pyvenv.cfg").read_bytes()
    version = [line for line in python.splitlines() if line.startswith(b"version")]
    return hashlib.sha256(Path(name).read_bytes() + b"".join(version)).hexdigest()


def succeeds(command: list[str | Path], *, quiet: bool = True) -> bool:
    """Run a program and tell whether it ended well."""
    output = subprocess.DEVNULL if quiet else None
    try:
        return subprocess.run(command, stdout=output, stderr=output, check=False).returncode == 0
    except OSError:
        return False


def say(sentence: str) -> None:
    """Print one line at once, also into a pipe."""
    print(sentence, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
