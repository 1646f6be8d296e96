"""Who sees and changes rules, whose connections they may name, and that what is typed stays text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from orgs.models import Organization, Role, User
from orgs.tenancy import tenant
from tests import factories
from tests.mailsettings.admin import Admin
from tests.mailsettings.routing_stories import store, when
from tests.mailsettings.rule_page_stories import add, card, rules
from tests.order_stories import RELAY, make_connection, named

pytestmark = pytest.mark.django_db
INVOICE = when("notification_type", "is", "invoice")


@pytest.mark.control("C-TEN-5")
def test_a_connection_of_another_organization_is_no_choice(three: Admin, fabrikam: Organization) -> None:
    with tenant(fabrikam):
        foreign = make_connection(fabrikam, "Relay next door", 1)
    assert "Relay next door" not in three.browser.get(three.url("mailsettings:add_rule")).content.decode()
    answer = add(three, [INVOICE], connection=str(foreign.pk))
    assert answer.status_code == 422
    assert "Relay next door" not in answer.content.decode()


def test_what_was_typed_is_shown_as_text_only(three: Admin) -> None:
    evil = "<script>alert(1)</script>{0}%s"
    add(three, [when("subject", "contains", evil)])
    html = three.browser.get(three.url("mailsettings:connections")).content.decode()
    assert evil not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{0}%s" in html
    rule = rules(three.organization)[0]
    asked = three.browser.get(three.url("mailsettings:remove_rule", rule.pk))
    assert evil not in asked.content.decode()


@pytest.mark.parametrize("role", [Role.DELIVERIES, Role.READ_ONLY, Role.MAIL_ADMIN])
def test_who_may_change_mail_may_change_rules(
    three: Admin, role: Role, client_of: Callable[[User], Client]
) -> None:
    person = factories.user()
    factories.membership(person, three.organization, role)
    them = Admin(three.organization, client_of(person))
    rule = store(three.organization, named(three.organization, RELAY), [INVOICE])
    pages = [them.url("mailsettings:add_rule"), them.url("mailsettings:try_rules")]
    pages.append(them.url("mailsettings:rule", rule.pk))
    expected = 200 if role == Role.MAIL_ADMIN else 403
    assert {them.browser.get(page).status_code for page in pages} == {expected}


def test_without_the_add_on_rules_are_shown_and_nothing_can_be_changed(
    owner: User, client_of: Callable[[User], Client]
) -> None:
    poor = factories.organization("Poor", slug="poor")
    factories.membership(owner, poor)
    with tenant(poor):
        relay = make_connection(poor, RELAY, 1)
    rule = store(poor, relay, [INVOICE])
    admin = Admin(poor, client_of(owner))
    said = card(admin)
    assert "Notification type is invoice" in said
    assert "Add rule" not in said
    page = admin.browser.get(admin.url("mailsettings:rule", rule.pk)).content.decode()
    assert "Add condition" not in page
    assert "Move up" not in page
    assert '<button type="submit" hidden disabled>' in page
    for name in ("rule", "move_rule", "switch_rule", "remove_rule"):
        assert admin.browser.post(admin.url(f"mailsettings:{name}", rule.pk)).status_code == 403
    assert add(admin, [INVOICE]).status_code == 403
    assert admin.browser.post(admin.url("mailsettings:switch_routing")).status_code == 403
    assert admin.browser.get(admin.url("mailsettings:remove_rule", rule.pk)).status_code == 403
