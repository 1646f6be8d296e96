"""`migrate`, run as the owner of the tables unless told otherwise."""

from __future__ import annotations

from django.core.management.base import CommandParser
from django.core.management.commands.migrate import Command as Migrate

from orgs.setup import OWNER


class Command(Migrate):
    """Apply migrations as the owner's role; web and worker roles own nothing."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Make the owner's alias the default."""
        super().add_arguments(parser)
        parser.set_defaults(database=OWNER)
