"""Us beside django-post-office, django-mailer and a Celery task a mail: `python -m benchmarks.compare`.

One run: the same sink, PostgreSQL, Redis and machine for all, one after the other. Prints one JSON object.
The others are installed into an environment of their own, kept under `var/`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from benchmarks import delivery, sinks, stage
from devtools.environment import ROOT
from devtools.processes import Children

HOME = ROOT / "var" / "benchmarks-venv"
WANTED = Path(__file__).parent / "requirements.txt"
# A slow sender gets fewer mails, so that a run stays short; its rate does not depend on it.
SHARES = {"post_office": 1.0, "mailer": 0.3, "celery": 0.2}


def main() -> None:
    """Measure and print."""
    options = read_options()
    python = environment_of_others()
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailroom-bench-")))
        port, name = stack.enter_context(sinks.best_sink(options.rtt))
        children = stack.enter_context(Children())
        variables = stage.environment(children, data=data, smtp_port=port)
        stage.set_up(variables)
        others = {sender: other(sender, options, python, variables, port) for sender in options.others}
        # As many connections as the others.
        threads = {"DELIVERY_THREADS": str(max(options.connections // options.workers, 8))}
        ours = delivery.measure(options, variables | threads, data, "127.0.0.1", port)
    rate = float(str(ours["mails_per_second"]))
    ratios = {
        sender: round(rate / float(figures["mails_per_second"]), 2) for sender, figures in others.items()
    }
    print(json.dumps({"sink": name, "ours": ours, "others": others, "ratios": ratios}))  # noqa: T201  # the point


def other(
    sender: str, options: argparse.Namespace, python: Path, variables: Mapping[str, str], port: int
) -> dict[str, float]:
    """Let one of the others drain a queue in a schema of its own."""
    from django.db import connections  # noqa: PLC0415  # after `set_up`

    with connections["owner"].cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS others CASCADE")
        cursor.execute("CREATE SCHEMA others")
    own = {
        "BENCH_DATABASE": variables["DATABASE_OWNER_URL"],
        "BENCH_REDIS": variables["REDIS_URL"],
        "BENCH_SMTP": str(port),
        "BENCH_SIZE": str(delivery.SIZES[options.size]),
        "BENCH_PROCESSES": str(options.workers),
        "BENCH_THREADS": str(max(options.connections // options.workers, 1)),
        "PYTHONPATH": str(ROOT),
    }
    count = max(int(options.count * SHARES[sender]), 50)
    command = [str(python), "-m", "benchmarks.others", sender, "--count", str(count)]
    told = subprocess.run(command, env=os.environ | own, cwd=ROOT, check=True, stdout=subprocess.PIPE)  # noqa: S603
    figures: dict[str, float] = json.loads(told.stdout.decode().strip().splitlines()[-1])
    return {"count": count, **figures}


def environment_of_others() -> Path:
    """Give the interpreter that has them; made when it is missing or its list changed."""
    python, installed = HOME / "bin" / "python", HOME / "installed.txt"
    if not installed.exists() or installed.read_text() != WANTED.read_text():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(HOME)], check=True)  # noqa: S603
        install = [str(python), "-m", "pip", "install", "--quiet", "-r", str(WANTED)]
        subprocess.run(install, check=True)  # noqa: S603
        installed.write_text(WANTED.read_text())
    return python


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--size", choices=sorted(delivery.SIZES), default="2k")
    parser.add_argument("--organizations", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--connections", type=int, default=2, help="how many the others may open in all")
    parser.add_argument("--rtt", type=float, default=0.0, help="milliseconds to the sink")
    parser.add_argument("--others", nargs="*", choices=sorted(SHARES), default=sorted(SHARES))
    return parser.parse_args()


if __name__ == "__main__":
    main()
