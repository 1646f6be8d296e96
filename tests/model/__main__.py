"""The long form: `python -m tests.model --runs 2000 --steps 50`; prints a report as JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path

import django

from benchmarks import stage
from devtools.processes import Children
from tests.model.apart import notice, walk_apart
from tests.model.search import POLICIES, explore
from tests.model.table import GUARDS, Table

# Walks of one organization, so that no outbox grows long.
AT_ONCE, PROCESSES = 25, 2


def main() -> None:
    """Search the table, walk over the tables, take each guard out, and print what came of it."""
    options = read_options()
    report: dict[str, object] = {"states": {policy: len(explore(Table(policy))) for policy in POLICIES}}
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailroom-model-")))
        children = stack.enter_context(Children())
        os.environ.update(stage.environment(children, data=data, smtp_port=2525, fsync=False))
        stage.set_up(os.environ)
        begun = time.monotonic()
        told = [
            (policy, AT_ONCE, options.steps, options.seed + number)
            for number in range(-(-options.runs // (AT_ONCE * len(POLICIES))))
            for policy in POLICIES
        ]
        broken = []
        with ProcessPoolExecutor(PROCESSES, get_context("spawn"), initializer=django.setup) as pool:
            for number, word in enumerate(pool.map(walk_apart, told), start=1):
                print(f"{number * AT_ONCE} walks", word, file=sys.stderr, flush=True)  # noqa: T201  # it takes long
                broken += [word] if word else []
            guards = [] if options.walks_only else [(guard, options.seed) for guard in names()]
            gone = dict(pool.map(notice, guards))
    report |= {
        "walks": len(told) * AT_ONCE,
        "steps_of_each": options.steps,
        "seed": options.seed,
        "seconds": round(time.monotonic() - begun, 1),
        "broken": broken,
        "guards": gone,
    }
    print(json.dumps(report, indent=1))  # noqa: T201  # the point
    missed = [guard for guard, by in gone.items() if not any(by.values())]
    sys.exit(1 if broken or missed else 0)


def names() -> list[str]:
    """Name every guard."""
    return [*GUARDS, "mark.state"]


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--walks-only", action="store_true", help="do not take guards out")
    return parser.parse_args()


if __name__ == "__main__":
    main()
