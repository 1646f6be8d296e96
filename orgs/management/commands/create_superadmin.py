"""`create_superadmin`: the first person who may enter, and every later super admin."""

from __future__ import annotations

import sys
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from orgs.addresses import person_address
from orgs.models import User
from orgs.services import make_super_admin


class Command(BaseCommand):
    """Create a super admin, or make a person who has an account one."""

    help = "Create a super admin; what is not given is asked for."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take everything but the password, which no process list should show."""
        parser.add_argument("--email", help="address to sign in with")
        parser.add_argument("--name", help="name shown to others")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )
        parser.add_argument("--existing", action="store_true", help="raise a person who has an account")

    def handle(self, *_args: Any, **options: Any) -> None:  # Django's signature
        """Create or raise the person, with an entry in the platform's audit trail."""
        try:
            self._make(options)
        except EOFError as error:
            raise CommandError(
                "Nobody is here to answer. Give --email and --name, and the password with --password-stdin."
            ) from error

    def _make(self, options: dict[str, Any]) -> None:
        try:
            email = person_address(options["email"] or input("Email address: "))
        except ValidationError as error:
            raise CommandError("The email address is not one. Write it like name@example.com.") from error
        user = User.objects.filter(email=email).first()
        if user and not options["existing"]:
            raise CommandError(f"{email} has an account. Add --existing to make this person a super admin.")
        if options["existing"] and not user:
            raise CommandError(f"{email} has no account. Leave --existing out to create one.")
        person = user or self._new(email, options)
        make_super_admin(person)
        self.stdout.write(f"{email} is a super admin.")

    def _new(self, email: str, options: dict[str, Any]) -> User:
        """Put a new person together, with a password that is good enough."""
        name = options["name"] if options["name"] is not None else input("Name: ")
        person = User(email=email, name=name.strip())
        password = sys.stdin.readline().rstrip("\n") if options["password_stdin"] else self._asked()
        try:
            validate_password(password, person)
        except ValidationError as error:
            raise CommandError("The password does not do: " + " ".join(error.messages)) from error
        person.set_password(password)
        return person

    def _asked(self) -> str:
        password = getpass("Password: ")
        if password != getpass("Password again: "):
            raise CommandError("The two passwords differ. Run the command again.")
        return password
