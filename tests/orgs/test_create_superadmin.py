"""The command that makes the first person who may enter."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from orgs.models import AuditEntry, User
from orgs.setup import PLATFORM_ID
from orgs.tenancy import tenant
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
COMMAND = "orgs.management.commands.create_superadmin"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Type these lines on standard input."""

    def type_lines(text: str) -> None:
        monkeypatch.setattr("sys.stdin", StringIO(text))

    return type_lines


def run(**options: Any) -> str:
    out = StringIO()
    call_command("create_superadmin", stdout=out, **options)
    return out.getvalue()


def test_a_super_admin_is_made_and_recorded(typed: Any) -> None:
    typed(factories.PASSWORD + "\n")
    said = run(email=" Boss@Platform.example ", name="Super admin", password_stdin=True)
    assert said == "boss@platform.example is a super admin.\n"
    person = User.objects.get(email="boss@platform.example")
    assert (person.is_super_admin, person.name) == (True, "Super admin")
    assert person.check_password(factories.PASSWORD)
    with tenant(PLATFORM_ID):
        entry = AuditEntry.objects.of(PLATFORM_ID).get()
    assert (entry.action, entry.subject) == ("super_admin.made", "boss@platform.example")


def test_what_is_not_given_is_asked_for(typed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    typed("boss@platform.example\nSuper admin\n")
    monkeypatch.setattr(f"{COMMAND}.getpass", lambda _question: factories.PASSWORD)
    run()
    assert User.objects.get().name == "Super admin"


@pytest.mark.parametrize(
    ("options", "text", "words"),
    [
        ({"email": "boss"}, "", "not one"),
        ({"email": "boss@platform.example", "name": ""}, "\n", "too short"),
        ({"email": "boss@platform.example", "name": ""}, "password\n", "too common"),
        ({"email": "boss@platform.example", "existing": True}, "", "has no account"),
    ],
)
def test_what_does_not_do_is_said(typed: Any, options: dict[str, Any], text: str, words: str) -> None:
    typed(text)
    with pytest.raises(CommandError, match=words):
        run(password_stdin=True, **options)
    assert not User.objects.exists()


def test_two_different_passwords_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["one", "two"])
    monkeypatch.setattr(f"{COMMAND}.getpass", lambda _question: next(answers))
    with pytest.raises(CommandError, match="differ"):
        run(email="boss@platform.example", name="")


def test_a_person_with_an_account_is_raised_on_purpose_only(owner: User) -> None:
    before = owner.password
    with pytest.raises(CommandError, match="--existing"):
        run(email=owner.email)
    run(email=owner.email, existing=True)
    owner.refresh_from_db()
    assert (owner.is_super_admin, owner.password) == (True, before)


def test_nobody_at_the_terminal_is_told_what_to_give(typed: Any) -> None:
    typed("")
    with pytest.raises(CommandError, match="--password-stdin"):
        run()
