"""The verbs of rules: order, bounds, whose connection, and what happens when a connection goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.db.models import RestrictedError

from mailsettings.models import Connection, MailSettings, RoutingRule
from mailsettings.routing import services
from mailsettings.routing.conditions import RuleInvalid, read_groups
from orgs.models import Organization, User
from orgs.tenancy import tenant
from tests.mailsettings.routing_stories import Stored, extra, store, when
from tests.notifications.stories import connect

pytestmark = pytest.mark.django_db

ANY: list[Stored] = [when("subject", "contains", "invoice")]


def places(organization: Organization) -> list[tuple[int, str, bool]]:
    """Read the rules as place, connection and switch."""
    with tenant(organization):
        rules = services.rules_of(organization)
    return [(rule.place, rule.connection.name, rule.enabled) for rule in rules]


@pytest.fixture
def three(contoso: Organization) -> list[RoutingRule]:
    """Three rules for three connections."""
    return [store(contoso, extra(contoso, name), ANY) for name in ("One", "Two", "Three")]


def again(rule: RoutingRule) -> RoutingRule:
    with tenant(rule.organization_id):
        return RoutingRule.objects.of(rule.organization_id).select_related("connection").get(pk=rule.pk)


@pytest.mark.feature("WPM-34")
def test_a_new_rule_stands_last_and_keeps_what_was_typed(
    contoso: Organization, three: list[RoutingRule], owner: User
) -> None:
    assert places(contoso) == [(1, "One", True), (2, "Two", True), (3, "Three", True)]
    typed = [[when("header_value", "is", " North ", "X-Region")], ANY]
    with tenant(contoso):
        added = services.add_rule(
            organization=contoso,
            connection=three[0].connection,
            groups=read_groups(typed),
            falls_back=False,
            enabled=False,
            user=owner,
        )
    stored = again(added)
    assert (stored.place, stored.falls_back, stored.enabled, stored.updated_by) == (4, False, False, owner)
    assert stored.groups == [[when("header_value", "is", "North", "X-Region")], ANY]


@pytest.mark.feature("WPM-34")
def test_rules_move_one_place_and_not_past_the_ends(contoso: Organization, three: list[RoutingRule]) -> None:
    def move(rule: RoutingRule, *, up: bool) -> list[str]:
        with tenant(contoso):
            services.move_rule(rule=rule, up=up, user=None)
        return [name for _, name, _ in places(contoso)]

    assert move(three[2], up=True) == ["One", "Three", "Two"]
    assert move(three[2], up=True) == ["Three", "One", "Two"]
    assert move(three[2], up=True) == ["Three", "One", "Two"]
    assert move(three[1], up=False) == ["Three", "One", "Two"]
    assert move(three[2], up=False) == ["One", "Three", "Two"]
    assert [place for place, _, _ in places(contoso)] == [1, 2, 3]


def test_a_removed_rule_leaves_no_gap(contoso: Organization, three: list[RoutingRule]) -> None:
    with tenant(contoso):
        services.remove_rule(rule=three[0])
        services.remove_rule(rule=three[0])
        assert services.move_rule(rule=three[0], up=True, user=None) is False
    assert places(contoso) == [(1, "Two", True), (2, "Three", True)]


def test_a_rule_is_switched_and_changed_in_its_place(contoso: Organization, three: list[RoutingRule]) -> None:
    with tenant(contoso):
        services.switch_rule(rule=three[1], enabled=False, user=None)
        services.change_rule(
            rule=three[0],
            connection=three[2].connection,
            groups=read_groups([ANY, ANY]),
            falls_back=False,
            enabled=True,
            user=None,
        )
    assert places(contoso) == [(1, "Three", True), (2, "Two", False), (3, "Three", True)]
    assert again(three[0]).groups == [ANY, ANY]


def test_what_was_removed_meanwhile_is_said(contoso: Organization, three: list[RoutingRule]) -> None:
    gone = three[0]
    with tenant(contoso):
        services.remove_rule(rule=again(gone))
        with pytest.raises(RuleInvalid, match="removed"):
            services.switch_rule(rule=gone, enabled=False, user=None)
        with pytest.raises(RuleInvalid, match="removed"):
            services.repoint([gone], three[1].connection, None)


def test_routing_is_switched_off_and_on(contoso: Organization) -> None:
    for enabled in (False, True):
        with tenant(contoso):
            services.switch_routing(organization=contoso, enabled=enabled)
            assert MailSettings.objects.of(contoso).get().routing_enabled is enabled


BAD: list[tuple[Any, str]] = [
    ([], "at least one condition"),
    ([[when("moon", "is", "x")]], "cannot be used"),
    ([[when("subject", "is", "x" * 501)]], "cannot be used"),
    ([ANY] * 11, "at most 10 groups"),
    ([ANY * 11], "at most 10 conditions"),
]


@pytest.mark.parametrize(("groups", "words"), BAD)
def test_a_rule_that_could_not_be_read_is_not_stored(
    contoso: Organization, three: list[RoutingRule], groups: Any, words: str
) -> None:
    with tenant(contoso):
        common: Any = {"connection": three[0].connection, "groups": read_groups(groups), "user": None}
        with pytest.raises(RuleInvalid, match=words):
            services.add_rule(organization=contoso, **common)
        with pytest.raises(RuleInvalid, match=words):
            services.change_rule(rule=three[0], falls_back=True, enabled=True, **common)
        assert [rule.groups for rule in services.rules_of(contoso)] == [[ANY]] * 3


def test_rules_and_their_conditions_have_a_number(contoso: Organization) -> None:
    relay = extra(contoso, "Relay")
    most = [ANY * 10] * 10
    for _ in range(5):
        store(contoso, relay, *most)
    with pytest.raises(RuleInvalid, match="at most 500 conditions"):
        store(contoso, relay, ANY)
    with tenant(contoso):
        RoutingRule.objects.of(contoso).delete()
        for place in range(50):
            RoutingRule.objects.create(organization=contoso, place=place + 1, connection=relay, groups=[ANY])
    with pytest.raises(RuleInvalid, match="at most 50 rules"):
        store(contoso, relay, ANY)


@pytest.fixture
def foreign(fabrikam: Organization) -> Connection:
    """A connection of another organization."""
    return extra(fabrikam, "Theirs")


def point_rule(rule: RoutingRule, connection: Connection) -> None:
    RoutingRule.objects.of(rule.organization_id).filter(pk=rule.pk).update(connection=connection)
    with connections["default"].cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.feature("WPM-34")
@pytest.mark.control("C-TEN-6")
def test_no_rule_names_another_organizations_connection(
    contoso: Organization, three: list[RoutingRule], foreign: Connection
) -> None:
    common: Any = {"connection": foreign, "groups": read_groups([ANY]), "user": None}
    verbs: list[Callable[[], object]] = [
        lambda: services.add_rule(organization=contoso, **common),
        lambda: services.change_rule(rule=three[0], falls_back=True, enabled=True, **common),
        lambda: services.repoint(three, foreign, None),
    ]
    with tenant(contoso):
        for verb in verbs:
            with pytest.raises(RuleInvalid, match="one of the connections"):
                verb()
        with pytest.raises(IntegrityError), transaction.atomic():
            point_rule(three[0], foreign)
    assert [name for _, name, _ in places(contoso)] == ["One", "Two", "Three"]


def in_force(organization: Organization) -> list[Any]:
    """Ask the database's function for rules, whoever is asking."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT mailsettings_rules_in_force(%s)", [organization.pk])
        return list(cursor.fetchone()[0])


@pytest.mark.control("C-TEN-1")
def test_rules_of_another_organization_are_out_of_reach(
    contoso: Organization, fabrikam: Organization, foreign: Connection
) -> None:
    theirs = store(fabrikam, foreign, ANY)
    connect(fabrikam)
    with tenant(fabrikam):
        assert len(in_force(fabrikam)) == 1
    own = extra(contoso, "Own")
    with tenant(contoso):
        assert services.rules_of(contoso) == []
        assert in_force(fabrikam) == []
        assert not RoutingRule.objects.filter(pk=theirs.pk).exists()
        stolen = RoutingRule(pk=theirs.pk, organization=contoso)
        with pytest.raises(RuleInvalid, match="removed"):
            services.switch_rule(rule=stolen, enabled=False, user=None)
        with pytest.raises(RuleInvalid, match="removed"):
            services.repoint([stolen], own, None)
        services.remove_rule(rule=stolen)
    assert places(fabrikam) == [(1, "Theirs", True)]


@pytest.mark.feature("WPM-35")
def test_a_connection_used_by_rules_goes_only_after_they_were_re_pointed(
    contoso: Organization, three: list[RoutingRule]
) -> None:
    one, two = three[0].connection, three[1].connection
    more = store(contoso, one, ANY)
    with tenant(contoso):
        assert services.rules_using(one) == [three[0], more]
        with pytest.raises(RestrictedError):
            one.delete()
        services.repoint(services.rules_using(one), two, None)
        assert services.rules_using(one) == []
        one.delete()
    assert [name for _, name, _ in places(contoso)] == ["Two", "Two", "Three", "Two"]
