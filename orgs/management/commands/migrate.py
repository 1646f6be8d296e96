"""`migrate`, run as the owner of the tables unless told otherwise."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as Migrate

from orgs.roles import make_roles
from orgs.setup import OWNER


class Command(Migrate):
    """Apply migrations as the owner's role; make the roles before and the cache table after."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Make the owner's alias the default."""
        super().add_arguments(parser)
        parser.set_defaults(database=OWNER)

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        """Bring the database to where the code is."""
        changes = options["database"] == OWNER and not (options["plan"] or options["check_unapplied"])
        try:
            for name in make_roles(using=OWNER) if changes else ():
                self.stdout.write(f"Made the database role {name}.")
            super().handle(*args, **options)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        if changes:
            # Its only words at verbosity 1 are that the table is there already.
            call_command("createcachetable", database=OWNER, verbosity=max(0, options["verbosity"] - 1))
