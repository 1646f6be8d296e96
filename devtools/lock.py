"""`bin/lock`: pins the requirement files again, with hashes, by uv in a throw-away environment."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from devtools.environment import say

FILES = ("requirements", "requirements-local", "requirements-dev")
# The oldest Python we support; 3.11.7 instead of 3.11 would lose what only older patch releases need.
OPTIONS = (
    "--universal",
    "--generate-hashes",
    "--python-version=3.11",
    "--no-emit-index-url",
    "--no-header",
    "--upgrade",
)


def main() -> int:
    """Lock the files in the order in which they build on one another."""
    with tempfile.TemporaryDirectory(prefix="mailroom-lock-") as folder:
        say("Installing uv for this once")
        venv.create(folder, symlinks=True, with_pip=True)
        python = Path(folder) / "bin" / "python"
        command: list[str | Path] = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "uv",
        ]
        if subprocess.run(command, check=False).returncode != 0:
            return 1
        for name in FILES:
            say(f"Locking {name}.txt")
            files = [f"{name}.in", "--output-file", f"{name}.txt"]
            command = [python, "-m", "uv", "pip", "compile", "--quiet", *OPTIONS, *files]
            if subprocess.run(command, check=False).returncode != 0:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
