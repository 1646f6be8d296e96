"""A storm: `python -m tests.chaos --messages 20000 --kills 120 --stops 6`; prints a report as JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks import stage
from devtools.processes import Children
from tests.chaos.cast import make_senders
from tests.chaos.ground import Ground
from tests.chaos.sinks import Sink
from tests.chaos.storm import Storm
from tests.chaos.verdict import judge


def main() -> None:
    """Let it storm, and print what came of it."""
    options = read_options()
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailroom-chaos-")))
        sinks = [Sink(data / name, rtt=options.rtt) for name in ("primary.log", "backup.log")]
        for sink in sinks:
            stack.callback(sink.end)
            sink.start()
        children = stack.enter_context(Children())
        variables = stage.environment(children, data=data, smtp_port=sinks[0].port)
        variables["EGRESS_ALLOW_PORTS"] = ",".join(str(sink.port) for sink in sinks)
        stage.set_up(variables)
        senders = make_senders(port=sinks[0].port, backup_port=sinks[1].port)
        ground = Ground(children, variables, data, sinks=sinks, seed=options.seed)
        try:
            report = Storm(options, ground, senders).rage()
        finally:
            ground.end()
        report |= judge(sinks, senders, messages=options.messages)
    print(json.dumps(report))  # noqa: T201  # the point
    sys.exit(1 if any(dict(report["wrong"]).values()) else 0)  # type: ignore[call-overload]  # counts by name


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=120, help="workers killed by SIGKILL")
    parser.add_argument("--stops", type=int, default=6, help="immediate stops of PostgreSQL")
    parser.add_argument("--flushes", type=int, default=5, help="Redis emptied")
    parser.add_argument("--freezes", type=int, default=5, help="Redis stopped and continued")
    parser.add_argument("--restarts", type=int, default=5, help="Redis killed and started empty")
    parser.add_argument("--away", type=int, default=5, help="the primary mail server gone for a while")
    parser.add_argument("--rtt", type=float, default=40.0, help="milliseconds before each answer of a sink")
    parser.add_argument("--seconds", type=float, default=1800.0, help="give up after this long")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
