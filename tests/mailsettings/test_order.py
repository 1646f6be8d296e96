"""The order of connections: up and down, backups by consent, the very end, and who may say so (WPM-33)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from mailsettings.models import Connection, MailSettings, Rank
from mailsettings.ways import mail_settings
from orgs.models import AuditEntry, Organization, Role, User
from orgs.tenancy import tenant
from tests import factories
from tests.mailsettings.admin import Admin
from tests.order_stories import GMAIL, M365, RELAY, make_connection, named, order, three_connections
from tests.plugin_sandbox import Sandbox, smtp_values

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def three(admin: Admin) -> Admin:
    """The admin of an organization with the connections of mock-up 05."""
    three_connections(admin.organization)
    return admin


def move(admin: Admin, name: str, direction: str, **more: str) -> Any:
    url = admin.url("mailsettings:move_connection", named(admin.organization, name).pk)
    return admin.browser.post(url, {"direction": direction, **more}, follow=True)


def choose(admin: Admin, name: str, rank: str) -> Any:
    url = admin.url("mailsettings:rank_connection", named(admin.organization, name).pk)
    return admin.browser.post(url, {"rank": rank}, follow=True)


def last(organization: Organization) -> AuditEntry:
    with tenant(organization):
        return AuditEntry.objects.of(organization).order_by("-seq")[0]


def settings_of(organization: Organization) -> MailSettings:
    with tenant(organization):
        return mail_settings(organization.pk)


@pytest.mark.feature("WPM-33", "WPM-35")
def test_a_connection_moves_one_place_and_keeps_its_rank(three: Admin) -> None:
    before = settings_of(three.organization).version
    html = move(three, GMAIL, "up").content.decode()
    assert order(three.organization) == [(M365, "primary"), (GMAIL, "additional"), (RELAY, "backup")]
    assert f"{GMAIL} is at place 2 now." in html
    entry = last(three.organization)
    assert (entry.action, entry.subject) == ("connection.moved", GMAIL)
    assert entry.detail == {"before": {"place": 3}, "after": {"place": 2}}
    assert settings_of(three.organization).version == before + 1, "every worker reads the order again"
    move(three, GMAIL, "down")
    assert [name for name, _rank in order(three.organization)] == [M365, RELAY, GMAIL]


@pytest.mark.feature("WPM-33", "WPM-35")
@pytest.mark.parametrize(("name", "direction"), [(RELAY, "up"), (M365, "down")])
def test_whatever_comes_first_is_the_primary_one_and_the_former_takes_its_rank(
    three: Admin, name: str, direction: str
) -> None:
    html = move(three, name, direction).content.decode()
    assert order(three.organization) == [(RELAY, "primary"), (M365, "backup"), (GMAIL, "additional")]
    assert f"{RELAY} is the primary connection now." in html
    assert "Only rules use" not in html
    entry = last(three.organization)
    assert (entry.action, entry.subject) == ("connection.made_primary", RELAY)
    assert entry.detail == {"before": {"primary": M365}, "after": {"primary": RELAY}}


@pytest.mark.feature("WPM-35")
def test_a_former_primary_that_no_longer_takes_over_is_named(three: Admin) -> None:
    with tenant(three.organization):
        Connection.objects.of(three.organization).filter(name=RELAY).update(rank="additional")
    html = move(three, RELAY, "up").content.decode()
    assert dict(order(three.organization))[M365] == "additional"
    assert f"Only rules use {M365} now. Use it as a backup if it may take over." in html


@pytest.mark.feature("WPM-33")
def test_one_whose_account_is_not_connected_comes_neither_first_nor_is_a_backup(three: Admin) -> None:
    move(three, GMAIL, "up")
    before = order(three.organization)
    for answer in (move(three, GMAIL, "up"), choose(three, GMAIL, "backup")):
        assert f"Connect the account of {GMAIL} first." in answer.content.decode()
    assert order(three.organization) == before
    page = three.browser.get(three.url("mailsettings:connections")).content.decode()
    assert f"Reconnect {GMAIL}" in page
    assert f'Use as backup<span class="sr"> {GMAIL}' not in page


def test_ends_stale_pages_and_nonsense_change_nothing(three: Admin) -> None:
    before = order(three.organization)
    for name, direction in ((M365, "up"), (GMAIL, "down")):
        assert "cannot move further" in move(three, name, direction).content.decode()
    for seen in ("3", "0", "-1", "²", "9" * 30, "x", "\x00"):
        html = move(three, RELAY, "down", place=seen).content.decode()
        assert "The order changed since you opened this page." in html, seen
    for direction in ("", "sideways", "\x00", "up" * 500):
        assert "A connection moves up or down." in move(three, RELAY, direction).content.decode()
    for rank in ("", "primary", "owner", "\x00"):
        assert (
            "A connection is a backup, or only rules use it." in choose(three, RELAY, rank).content.decode()
        )
    assert order(three.organization) == before
    with tenant(three.organization):
        assert not AuditEntry.objects.of(three.organization).exists()
    assert move(three, RELAY, "down", place="2").status_code == 200
    assert order(three.organization) != before


@pytest.mark.feature("WPM-33")
def test_a_backup_is_one_by_consent_that_was_explained(three: Admin) -> None:
    choose(three, RELAY, "additional")
    assert last(three.organization).action == "connection.made_routing_only"
    assert dict(order(three.organization))[RELAY] == "additional"
    url = three.url("mailsettings:rank_connection", named(three.organization, RELAY).pk)
    for headers in ({}, HTMX):
        asked = three.browser.get(url, headers=headers).content.decode()
        assert "mail of Contoso may leave through Contoso relay" in asked
        assert "It is then sent from contoso.relay@contoso.com." in asked
        assert dict(order(three.organization))[RELAY] == "additional", "asking is not agreeing"
    choose(three, RELAY, "backup")
    entry = last(three.organization)
    assert (entry.action, entry.detail) == (
        "connection.made_backup",
        {"sends_as": "contoso.relay@contoso.com"},
    )
    choose(three, RELAY, "backup")
    assert last(three.organization).seq == entry.seq, "nothing changed, nothing is recorded"
    assert "Make another one primary first." in choose(three, M365, "additional").content.decode()


@pytest.mark.feature("WPM-33")
def test_the_default_mailer_comes_last_only_when_somebody_says_so(three: Admin, settings: Any) -> None:
    url = three.url("mailsettings:default_mailer_last")
    page = three.browser.get(three.url("mailsettings:connections")).content.decode()
    assert "No system default mailer is set up on this platform yet" in page
    settings.DEFAULT_MAILER_URL = "smtp://user:secret@127.0.0.1:2525?from=no-reply@mail.example.com"
    page = three.browser.get(three.url("mailsettings:connections")).content.decode()
    assert "Sends as no-reply@mail.example.com if every connection above fails." in page
    assert not settings_of(three.organization).default_mailer_last
    part = three.browser.post(url, {"wanted": "on"}, headers=HTMX).content.decode()
    assert "checked" in part
    assert "<html" not in part
    assert settings_of(three.organization).default_mailer_last
    assert last(three.organization).action == "order.default_mailer_added"
    before = last(three.organization).seq
    three.browser.post(url, {"wanted": "on"})
    assert last(three.organization).seq == before
    three.browser.post(url, {})
    assert not settings_of(three.organization).default_mailer_last
    assert last(three.organization).action == "order.default_mailer_left_out"


@pytest.mark.feature("WPM-35")
def test_new_connections_come_last_and_a_saved_one_that_sends_trades_its_place(
    three: Admin, owner: User, sandbox: Sandbox
) -> None:
    server = sandbox.smtp()
    three.add("smtp", smtp_values(server), name="Fourth", action="save_unverified")
    assert order(three.organization)[-1] == ("Fourth", "additional")
    assert named(three.organization, "Fourth").place == 4
    factories.connection(three.organization, "smtp", smtp_values(server), by=owner)
    assert order(three.organization)[0][1] == "primary"
    assert [rank for _name, rank in order(three.organization)].count("primary") == 1
    assert sorted(named(three.organization, name).place for name, _rank in order(three.organization)) == [
        1,
        2,
        3,
        4,
    ]


@pytest.mark.feature("WPM-35")
def test_a_list_without_a_primary_one_gets_it_by_the_arrow(three: Admin) -> None:
    with tenant(three.organization):
        Connection.objects.of(three.organization).filter(name=M365).delete()
    assert order(three.organization)[0] == (RELAY, "backup")
    move(three, RELAY, "up", place="1")
    assert order(three.organization) == [(RELAY, "primary"), (GMAIL, "additional")]


@pytest.mark.feature("WPM-35")
def test_chips_say_how_each_connection_fares(three: Admin) -> None:
    now = timezone.now()
    with tenant(three.organization):
        rows = Connection.objects.of(three.organization)
        rows.filter(name=M365).update(held_code="auth_failed", held_since=now)
        rows.filter(name=RELAY).update(held_code="sender_refused", held_since=now)
        make_connection(three.organization, "Off", 4, enabled=False)
        make_connection(three.organization, "New", 5, verified_at=None, last_success_at=None)
        make_connection(three.organization, "Well", 6)
    page = three.browser.get(three.url("mailsettings:connections"))
    found = {line.connection.name: line.standing.word for line in page.context["lines"]}
    assert found == {
        M365: "Sign-in failed",
        RELAY: "Paused",
        GMAIL: "Sign-in failed",
        "Off": "Disabled",
        "New": "Not verified",
        "Well": "Healthy",
    }
    html = page.content.decode()
    assert "The sign-in was refused" in html
    assert "Enable Off" in html
    assert "Consent ended" in html


@pytest.mark.feature("CIR-14")
def test_people_without_the_right_see_no_buttons_and_strangers_nothing(
    three: Admin, fabrikam: Organization, stranger: User, client_of: Callable[[User], Client]
) -> None:
    reader = factories.user("reader@contoso.example")
    factories.membership(reader, three.organization, Role.READ_ONLY)
    key = named(three.organization, RELAY).pk
    urls = [three.url(f"mailsettings:{name}", key) for name in ("move_connection", "rank_connection")]
    urls += [three.url("mailsettings:default_mailer_last"), three.url("notifications:limits", key)]
    before = order(three.organization)
    for person, status in ((reader, 403), (stranger, 404)):
        for url in urls:
            answer = client_of(person).post(url, {"direction": "up", "rank": "backup", "wanted": "on"})
            assert answer.status_code == status, url
    foreign = [url.replace("/contoso/", "/fabrikam/") for url in urls if str(key) in url]
    assert {client_of(stranger).post(url, {"direction": "up"}).status_code for url in foreign} == {404}
    assert order(three.organization) == before
    assert not settings_of(three.organization).default_mailer_last


def test_without_the_add_on_the_order_is_shown_and_cannot_be_changed(
    owner: User, client_of: Callable[[User], Client]
) -> None:
    plain = factories.organization("Plain", slug="plain", custom_mail=False)
    factories.membership(owner, plain, Role.OWNER)
    three_connections(plain)
    admin = Admin(plain, client_of(owner))
    page = admin.browser.get(admin.url("mailsettings:connections")).content.decode()
    assert M365 in page
    assert "Move " not in page
    assert 'id="id_default_mailer_last"' in page
    assert "disabled" in page[page.index('id="id_default_mailer_last"') :][:300]
    for answer in (
        move(admin, RELAY, "up"),
        choose(admin, RELAY, "additional"),
        admin.browser.post(admin.url("mailsettings:default_mailer_last"), {"wanted": "on"}),
    ):
        assert answer.status_code == 403
    assert order(plain)[1] == (RELAY, Rank.BACKUP)


def test_a_move_by_script_swaps_the_list_alone_and_says_what_happened(three: Admin) -> None:
    url = three.url("mailsettings:move_connection", named(three.organization, GMAIL).pk)
    part = three.browser.post(url, {"direction": "up", "place": "3"}, headers=HTMX)
    html = part.content.decode()
    assert part.status_code == 200
    assert "<html" not in html
    assert 'id="order"' in html
    assert 'id="toasts"' in html
    assert html.index(GMAIL) < html.index(RELAY)
    assert "data-follow" in html
