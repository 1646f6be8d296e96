"""A stored secret reaches no other destination: each provider, each field, each way in (C-CRY-3, NEW-16)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from mailsettings.models import Connection, ConnectionVersion
from notifications.drain import run_tests
from orgs.models import Organization, User
from orgs.tenancy import tenant
from providers import provider
from sandbox.microsoft import Microsoft
from tests.egress.stored import (
    BY_FORM,
    CASES,
    PAST_THE_FORM,
    SECRETS,
    Case,
    Values,
    World,
    make_case,
    send,
    store,
)
from tests.egress.traps import Trap
from tests.plugin_sandbox import ACCOUNT, Sandbox

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow,
    pytest.mark.control("C-CRY-3"),
    pytest.mark.feature("NEW-16"),
]


@pytest.fixture
def world(
    contoso: Organization, owner: User, client_of: Callable[[User], Client], sandbox: Sandbox
) -> Iterator[World]:
    with Trap(sandbox.authority, "starttls") as mail, Trap(sandbox.authority, "https") as web:
        sandbox.settings.EGRESS_ALLOW_PORTS = (mail.port,)
        sandbox.refresh()
        yield World(sandbox, contoso, owner, client_of(owner), mail, web)


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, world: World) -> Case:
    made = make_case(world, request.param)
    store(world, made)
    return made


def secrets_of(case: Case) -> list[str]:
    return [str(case.values[name]) for name in SECRETS if case.values.get(name)]


def nothing_heard(world: World, case: Case, where: str = "") -> None:
    for trap in (world.mail_trap, world.web_trap):
        assert trap.callers == 0, (where, bytes(trap.heard[:300]))
        for secret in secrets_of(case):
            assert secret.encode() not in trap.heard


def test_every_destination_field_of_every_provider_is_tried(world: World) -> None:
    for name in CASES:
        made = make_case(world, name)
        fields = set(provider(made.key).destination_fields)
        # Microsoft Graph has no mail server of its own.
        if name == "microsoft_account by graph":
            fields -= {"host", "port", "certificate"}
        assert set(made.changes) == fields


def test_a_form_that_moves_a_stored_secret_is_refused(world: World, case: Case) -> None:
    """Each field by each button: the page comes back, nobody is spoken to, the secret stays."""
    before = world.contacts
    for field, value in case.changes.items():
        changed = case.without_secrets(**{field: value}, plain_confirmed="on")
        for enter in BY_FORM:
            answer = enter(world, case, changed)
            run_tests(world.organization.pk)
            assert answer.status_code == 422, (field, enter.__name__, answer.status_code)
            assert world.contacts == before, (field, enter.__name__)
    nothing_heard(world, case)
    send(world)
    assert len(world.sandbox.inbox) == 2


def test_values_written_past_the_forms_carry_no_secret_along(world: World, case: Case) -> None:
    for field, value in case.changes.items():
        for enter in PAST_THE_FORM:
            row = world.connection(case)
            enter(world, case, case.without_secrets(**{field: value}))
            run_tests(world.organization.pk)
            right = world.contacts[0]
            send(world)
            if enter.__name__ == "by_edited_row":
                # Not even the right server is spoken to: the secret does not open for another destination.
                assert world.contacts[0] == right, field
            with tenant(world.organization):
                Connection.objects.of(world.organization).filter(pk=row.pk).update(
                    settings=row.settings, held_code="", held_since=None, probe_at=None
                )
            nothing_heard(world, case, f"{field} {enter.__name__}")


def test_an_earlier_destination_comes_back_without_todays_secret(world: World) -> None:
    made = make_case(world, "smtp")
    store(world, made)
    trapped = {**made.values, "port": str(world.mail_trap.port), "password": "typed for the trap only"}
    for values in (trapped, made.values):
        assert world.post("mailsettings:emails", made, values, action="save_unverified").status_code == 302
    row = world.connection(made)
    with tenant(world.organization):
        versions = ConnectionVersion.objects.of(world.organization).filter(connection=row)
        wanted = next(each for each in versions if each.settings["port"] == world.mail_trap.port)
    answer = world.browser.post(world.url("mailsettings:restore_version", row.pk, wanted.number), follow=True)
    assert "Enter the Password again" in answer.content.decode()
    send(world)
    nothing_heard(world, made)
    assert world.connection(made).settings["port"] == row.settings["port"]


def test_a_consent_begun_for_one_destination_does_not_end_at_another(world: World) -> None:
    for name in ("microsoft_account by smtp", "microsoft_account by graph"):
        with tenant(world.organization):
            Connection.objects.of(world.organization).delete()
        made = make_case(world, name)
        microsoft = next(server for server in reversed(world.servers) if isinstance(server, Microsoft))
        for field, value in made.changes.items():
            answer = leave(world, made)
            row = world.connection(made)
            with tenant(world.organization):
                kept = {**row.settings, field: int(str(value)) if field == "port" else value}
                Connection.objects.of(world.organization).filter(pk=row.pk).update(settings=kept)
            parts = urlsplit(microsoft.accept(str(answer["HX-Redirect"]), ACCOUNT))
            world.browser.get(f"{parts.path}?{parts.query}")
            send(world)
            nothing_heard(world, made)
            with tenant(world.organization):
                Connection.objects.of(world.organization).delete()


def leave(world: World, case: Case) -> Any:
    """Press Connect; gives the answer that names the consent page."""
    return world.browser.post(
        world.url("mailsettings:emails"),
        {**page(world, case), **case.values, "action": "connect"},
        headers={"HX-Request": "true"},
    )


def page(world: World, case: Case) -> Values:
    answer = world.browser.get(world.url("mailsettings:emails")).content.decode()
    version = answer.split('name="version" value="')[1].split('"')[0]
    return {"provider": case.key, "shown": case.key, "version": version, "smtp_enabled": "on"}


def test_a_trap_hears_what_is_typed_for_it(world: World) -> None:
    """The traps work: a secret that is typed for one arrives there."""
    made = make_case(world, "smtp")
    typed = {**made.values, "port": str(world.mail_trap.port), "password": "typed for the trap only"}
    world.post("notifications:test", made, typed, test_to=world.owner.email)
    run_tests(world.organization.pk)
    assert world.mail_trap.callers == 1
    assert b"AUTH" in world.mail_trap.heard
    other = make_case(world, "oauth_smtp")
    world.post(
        "notifications:test",
        other,
        {**other.values, "access_url": other.changes["access_url"]},
        test_to=world.owner.email,
    )
    run_tests(world.organization.pk)
    assert str(other.values["client_secret"]).encode() in world.web_trap.heard
