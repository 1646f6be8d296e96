"""The board of all organizations: states, search, order, a constant number of queries."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from console import board
from mailsettings.models import Connection, MailSettings, Rank
from orgs.models import Organization, User
from orgs.tenancy import tenant
from tests import factories

ClientOf = Callable[[User], Client]
CONSOLE = "/console/"


def furnish(organization: Organization, *, on: bool = True, held: str = "", sender: str = "") -> None:
    """Give an organization a primary connection."""
    with tenant(organization):
        MailSettings.objects.create(organization=organization, smtp_enabled=on)
        Connection.objects.create(
            organization=organization,
            name="Primary",
            provider="smtp",
            rank=Rank.PRIMARY,
            settings={"sender_email": sender},
            held_code=held,
            held_since=timezone.now() if held else None,
        )


def shown(client: Client, **asked: str) -> dict[str, board.BoardLine]:
    lines = client.get(CONSOLE, asked).context["lines"]
    return {line.organization.name: line for line in lines}


@pytest.fixture
def client(client_of: ClientOf, super_admin: User) -> Client:
    return client_of(super_admin)


# Rows of other organizations are committed and seen through the system's own connection.
pytestmark = pytest.mark.django_db(transaction=True)


def test_board_says_how_each_organization_fares(client: Client) -> None:
    states = {
        "Off": board.SYSTEM_MAILER,
        "Fine": board.HEALTHY,
        "Held": board.FAILING,
        "Empty": board.WAITING,
        "Plain": board.SYSTEM_MAILER,
        "Away": board.PAUSED,
    }
    made = {
        name: factories.organization(name, custom_mail=name != "Plain", active=name != "Away")
        for name in states
    }
    furnish(made["Off"], on=False)
    furnish(made["Fine"])
    furnish(made["Held"], held="auth_failed")
    furnish(made["Plain"])
    with tenant(made["Empty"]):
        MailSettings.objects.create(organization=made["Empty"], smtp_enabled=True)
    lines = shown(client)
    assert {name: lines[name].health.code for name in states} == states
    assert lines["Plain"].health.note == "No add-on"
    assert lines["Off"].health.note == "SMTP is off"
    assert lines["Fine"].provider == "Custom SMTP"
    assert lines["Plain"].provider == "System default"
    assert next(iter(line for line in lines if line in states)) == "Held"


def test_search_finds_name_address_and_sender(client: Client) -> None:
    furnish(factories.organization("North Wind", slug="nw", custom_mail=True), sender="mail@north.example")
    factories.organization("South Sea", slug="south")
    for words in ("north wind", "NW", "mail@north"):
        assert list(shown(client, q=words)) == ["North Wind"]
    assert list(shown(client, health=board.HEALTHY)) == ["North Wind"]
    assert shown(client)["North Wind"].sender == "mail@north.example"
    assert list(shown(client, q="s", add_on="no", health=board.SYSTEM_MAILER)) == ["South Sea"]
    assert "Nothing matches" in client.get(CONSOLE, {"q": "absent"}).content.decode()


@pytest.mark.parametrize("q", ["\x00", "%", "_", "'", "x" * 5000, "\ud83d\ude00", "<script>"])
def test_search_takes_nonsense_calmly(client: Client, q: str) -> None:
    text = q.encode("utf-16", "surrogatepass").decode("utf-16") if "\ud83d" in q else q
    answer = client.get(CONSOLE, {"q": text, "health": text, "add_on": text, "page": text})
    assert answer.status_code == 200
    assert "<script>" not in answer.content.decode().split('id="board"')[1].split("</div>")[0]


def test_board_costs_the_same_for_one_and_for_many(client: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connections["system"]) as queries:
            client.get(CONSOLE)
        return len(queries)

    factories.organization("One")
    few = cost()
    for number in range(20):
        furnish(factories.organization(f"Many {number}", custom_mail=True))
    assert cost() == few


def test_board_pages(client: Client) -> None:
    for number in range(30):
        factories.organization(f"Branch {number:02}")
    assert "1–25 of 31" in client.get(CONSOLE).content.decode()
    assert "Branch 29" in client.get(CONSOLE, {"page": "2"}).content.decode()
    part = client.get(CONSOLE, headers={"hx-request": "true", "hx-target": "board"}).content.decode()
    assert part.lstrip().startswith('<div id="board">')
    assert "<html" not in part
