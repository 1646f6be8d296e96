"""`bin/manage`: a management command on the Mailroom that `bin/run` runs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from devtools.data_folder import ENVIRONMENT
from devtools.processes import ROOT


def main(arguments: Sequence[str]) -> None:
    """Become `manage.py` with the environment of the running product."""
    folder, rest = ROOT / "var", list(arguments)
    if rest[:1] == ["--data"] and len(rest) > 1:
        folder, rest = Path(os.environ.get("CALLED_FROM", "."), rest[1]).resolve(), rest[2:]
    file = folder / ENVIRONMENT
    if not file.exists():
        sys.exit(f"Mailroom does not run with the data folder {folder}. Start it with bin/run first.")
    environment = json.loads(file.read_text(encoding="utf-8"))
    os.execve(sys.executable, [sys.executable, "manage.py", *rest], environment)  # noqa: S606  # no shell wanted


if __name__ == "__main__":
    main(sys.argv[1:])
