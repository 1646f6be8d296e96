"""Print every organization's queue."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import asdict
from json import dumps
from typing import Any

from django.core.management.base import BaseCommand

from notifications.sweep import QueueLine, oldest_due_seconds, queue_lines

ROW = "{slug:<30} {queued:>9} {due:>9} {in_hand:>9} {uncertain:>9} {oldest:>12} {finishes:>12}  {held}"


class Command(BaseCommand):
    """Shows what waits, for whom, how long and why."""

    help = "Show the queue of every organization that has one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer JSON for machines."""
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the table."""
        lines = queue_lines()
        if options["json"]:
            document = {
                "oldest_due_seconds": oldest_due_seconds(),
                "organizations": [asdict(line) for line in lines],
            }
            self.stdout.write(dumps(document))
            return
        head = {
            name: name.replace("_", " ") for name in ("slug", "queued", "due", "in_hand", "uncertain", "held")
        }
        self.stdout.write(ROW.format(**head, oldest="oldest", finishes="finishes in"))
        for line in lines:
            self.stdout.write(self._row(line))
        if not lines:
            self.stdout.write("Nothing waits.")

    def _row(self, line: QueueLine) -> str:
        left = line.finishes_in
        return ROW.format(
            **asdict(line),
            oldest=f"{line.oldest_seconds:.0f} s",
            finishes="?" if left is None else f"{left:.0f} s",
            held=line.held_code or "-",
        )
