"""Where the sandbox's servers listen: written for others to read, and remembered for the next start."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

FILE = "endpoints.json"
PORTS_FILE = "ports.json"
# Tried at the first start; when one of them is taken, the system chooses. Stored settings hold the ports,
# so later starts insist on the ones of the first.
FIRST_PORTS = {
    "smtp_starttls": 2587,
    "smtp_tls": 2465,
    "smtp_plain": 2525,
    "microsoft": 9443,
    "oauth": 9444,
    "dns": 9053,
}


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """The content of endpoints.json: four addresses, three ports on 127.0.0.1, two files."""

    page: str
    smtp_starttls: int
    smtp_tls: int
    smtp_plain: int
    microsoft: str
    oauth: str
    dns: str
    ca_file: str
    clouds_file: str

    def write(self, folder: Path) -> None:
        """Write endpoints.json in one step."""
        write(folder / FILE, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read endpoints.json; it exists only while the sandbox listens."""
        return cls(**json.loads((folder / FILE).read_text(encoding="utf-8")))


def remembered_ports(folder: Path) -> dict[str, int]:
    """The ports of an earlier start in this folder; empty at the first one."""
    file = folder / PORTS_FILE
    if not file.exists():
        return {}
    ports = json.loads(file.read_text(encoding="utf-8"))
    # A server that is newer than the folder has no port there yet.
    return {name: int(ports[name]) for name in FIRST_PORTS if name in ports}


def remember_ports(folder: Path, ports: dict[str, int]) -> None:
    """Keep the ports for the next start."""
    write(folder / PORTS_FILE, ports)


def forget(folder: Path) -> None:
    """Remove endpoints.json: nobody listens any more, or not yet."""
    (folder / FILE).unlink(missing_ok=True)


def write(file: Path, content: object) -> None:
    """Write JSON so that a reader sees all of it or nothing."""
    unfinished = file.with_suffix(".part")
    unfinished.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(file)
