"""`bin/run`: the whole product on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from devtools import data_folder, product
from devtools.demo import SIGN_INS, Prepared
from devtools.environment import say
from devtools.processes import ROOT, STOP_SIGNALS, Children, Program, StopRequested
from devtools.refusal import Refusal
from devtools.servers import refuse_taken, start_servers
from sandbox.endpoints import Endpoints

# How often a person may mistype the first super admin.
TRIES = 3


def main(arguments: Sequence[str]) -> int:
    """Run until somebody stops it; give the exit code."""
    options = parse(arguments)
    # The person's own folder, since bin/run moved to the project's.
    folder = (
        Path(os.environ.get("CALLED_FROM", "."), options.data).resolve() if options.data else ROOT / "var"
    )
    children = Children()
    for number in STOP_SIGNALS:
        signal.signal(number, children.request_stop)
    try:
        with data_folder.opened(folder), children:
            refuse_taken(options.port)
            serve(children, data=folder, port=options.port, demo=options.demo)
    except StopRequested:
        say("Stopped.")
        return 0
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="bin/run", description="Run Mailroom on this machine.", allow_abbrev=False
    )
    parser.add_argument("--port", type=port_number, default=8000, help="of the web pages (default: 8000)")
    parser.add_argument("--no-demo", dest="demo", action="store_false", help="start empty, without demo data")
    parser.add_argument("--data", metavar="DIR", help="folder of the database, keys and logs (default: var)")
    return parser.parse_args(arguments)


def port_number(text: str) -> int:
    """Read a port."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:  # noqa: PLR2004  # the last port
        raise argparse.ArgumentTypeError(f"{text} is not a port. Use a number from 1 to 65535.")
    return int(text)


def serve(children: Children, *, data: Path, port: int, demo: bool) -> None:
    """Start everything in order, say where it is, and watch it."""
    say(f"Starting Mailroom (data and logs in {data})")
    environment = product.environment(data=data, port=port)
    servers = start_servers(children, data=data)
    environment |= servers.environment
    sandbox = product.start_sandbox(children, data=data)
    environment |= product.sandbox_environment(environment, sandbox)
    data_folder.remember_environment(data, environment)
    prepared = product.prepare(children, data=data, environment=environment, demo=demo)
    if prepared is Prepared.NO_SUPER_ADMIN:
        ask_for_super_admin(children, data=data, environment=environment)
    product.start(
        children, data=data, environment=environment, worker_url=servers.worker_database_url, port=port
    )
    say(welcome(environment, sandbox, prepared))
    while True:
        children.check()
        time.sleep(0.2)


def ask_for_super_admin(children: Children, *, data: Path, environment: Mapping[str, str]) -> None:
    """Let a person at a terminal choose the first sign-in; others are told how to."""
    say("Nobody can sign in yet. Choose the first super admin:")
    command = [sys.executable, "manage.py", "create_superadmin"]
    program = Program(
        name="create_superadmin",
        command=command,
        environment=environment,
        log=data / "log" / "prepare.log",
        stop_signal=signal.SIGINT,
        attached=True,
    )
    for _ in range(TRIES if sys.stdin.isatty() else 0):
        if children.run(program) == 0:
            return
    folder = "" if data == ROOT / "var" else f" --data {shlex.quote(str(data))}"
    say(f"Do it any time from another terminal: bin/manage{folder} create_superadmin")


def welcome(environment: Mapping[str, str], sandbox: Endpoints, prepared: Prepared) -> str:
    """Say where everything is."""
    lines = ["", f"Mailroom is running: {environment['BASE_URL']}", ""]
    if prepared is Prepared.DEMO:
        rows = [
            ("Sign in as", "Password", "To see"),
            *((one.email, one.password, one.who) for one in SIGN_INS),
        ]
        lines += [f"  {email:24}{password:21}{who}" for email, password, who in rows]
        lines.append("")
    lines += [f"Sandbox (mail that arrived, values to type): {sandbox.page}", "Ctrl-C stops everything."]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
