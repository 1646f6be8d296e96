"""`bin/test`: every check and every test; with arguments, the tests they name."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devtools.browser import ensure_chromium
from devtools.environment import say
from devtools.names import product_names
from devtools.processes import STOP_SIGNALS, Children, Program, StopRequested
from devtools.refusal import Refusal
from devtools.servers import DATABASE_NAMES, start_servers

# The test vector of the threat model; it seals nothing but test data.
TEST_KEYRING = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
TEST_ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "SECRETS_KEYRING": TEST_KEYRING,
    "BASE_URL": "http://127.0.0.1:8000",
    "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
    "EGRESS_ALLOW_CIDRS": "127.0.0.0/8",
}
DEPLOYED = {"BASE_URL": "https://mailroom.example", "ALLOWED_HOSTS": "mailroom.example"}
IMPORT_LINTER = "from importlinter.cli import lint_imports_command; lint_imports_command()"

# Much of the suite is waiting for browsers and servers, so a second process pays even on 2 busy cores.
WHOLE_SUITE = ("--numprocesses=2", "--dist=worksteal")
TENANT_ROOMS = ("tests/orgs", "tests/mailsettings", "tests/notifications")


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check: what follows `python` on its command line."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


CHECKS = (
    Check(name="format (ruff format)", arguments=("-m", "ruff", "format", "--check", ".")),
    Check(name="lint (ruff check)", arguments=("-m", "ruff", "check", "--output-format=concise", ".")),
    Check(name="types (mypy)", arguments=("-m", "mypy", ".")),
    Check(name="arrows (import-linter)", arguments=("-c", IMPORT_LINTER)),
    Check(name="template format (djlint)", arguments=("-m", "djlint", "templates", "--check")),
    Check(name="template lint (djlint)", arguments=("-m", "djlint", "templates", "--lint", "--quiet")),
    Check(
        name="migrations (makemigrations)", arguments=("manage.py", "makemigrations", "--check", "--dry-run")
    ),
    Check(name="static files (collectstatic)", arguments=("manage.py", "collectstatic", "--no-input")),
    Check(
        name="deployment (manage.py check --deploy)",
        arguments=("manage.py", "check", "--deploy", "--fail-level", "WARNING"),
        environment=DEPLOYED,
    ),
    # The second wall alone: the queries no longer name their organization, PostgreSQL still must (C-TEN-1).
    Check(
        name="row security alone (pytest --without-code-filter)",
        arguments=("-m", "pytest", *WHOLE_SUITE, "--quiet", "--without-code-filter", *TENANT_ROOMS),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Runs programs for one `bin/test`, with its servers' addresses and its temporary folder."""

    children: Children
    folder: Path
    environment: Mapping[str, str]

    def run(
        self, command: Sequence[str], *, attached: bool = False, more: Mapping[str, str] | None = None
    ) -> int:
        """Run a program to its end; what it prints is kept unless it shares the terminal."""
        self.log.unlink(missing_ok=True)
        program = Program(
            name=command[0],
            command=command,
            log=self.log,
            environment={**self.environment, **(more or {})},
            stop_signal=signal.SIGINT,
            attached=attached,
        )
        return self.children.run(program)

    def passes(self, check: Check) -> bool:
        """Run a check and tell whether it passed; a failed one shows what it printed."""
        began = time.monotonic()
        good = self.run([sys.executable, *check.arguments], more=check.environment) == 0
        say(f"{'ok    ' if good else 'FAILED'}  {check.name}, {time.monotonic() - began:.1f} s")
        if not good:
            say(self.log.read_text(errors="replace"))
        return good

    @property
    def log(self) -> Path:
        """Where the output of the program that runs now is kept."""
        return self.folder / "log" / "check.log"


def main(arguments: Sequence[str]) -> int:
    """Run the checks and the tests; give the exit code."""
    with tempfile.TemporaryDirectory(prefix="mailroom-test-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        children = Children(remove=folder)
        for number in STOP_SIGNALS:
            signal.signal(number, children.request_stop)
        try:
            with children:
                return check_all(children, folder=folder, arguments=arguments)
        except StopRequested:
            return 130
        except Refusal as refusal:
            print(refusal, file=sys.stderr)
            return 1


def check_all(children: Children, *, folder: Path, arguments: Sequence[str]) -> int:
    """Run the checks unless tests are named, then pytest, whose closing line comes last."""
    servers = start_servers(children, data=folder, for_tests=True)
    bench = Bench(children=children, folder=folder, environment=environment(servers.environment, folder))
    chromium = ensure_chromium(bench.run)
    failed = [] if arguments else [check.name for check in CHECKS if not bench.passes(check)]
    code = bench.run(
        [sys.executable, "-m", "pytest", *(arguments or WHOLE_SUITE)],
        attached=True,
        more={"FAILED_CHECKS": "\n".join(failed)} | ({"CHROMIUM": chromium} if chromium else {}),
    )
    return code or (1 if failed else 0)


def environment(addresses: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Give the tests an environment of their own: nothing of the person's product settings leaks in."""
    foreign = product_names() - {*DATABASE_NAMES, "REDIS_URL"}
    own = {name: value for name, value in os.environ.items() if name not in foreign}
    if not own.get("HOME"):
        own["HOME"] = str(folder)
    static = folder / "static"
    static.mkdir()
    fresh = {"SECRET_KEY": secrets.token_urlsafe(50), "STATIC_ROOT": str(static)}
    return own | TEST_ENVIRONMENT | fresh | dict(addresses)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
