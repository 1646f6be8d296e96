"""The pages of the rules: the card, one rule, and what can be done to it (WPM-34)."""

from __future__ import annotations

import pytest

from mailsettings.routing.conditions import CONDITIONS_LIMIT, GROUPS_LIMIT
from mailsettings.routing.services import RULES_LIMIT
from tests.mailsettings.admin import Admin
from tests.mailsettings.routing_stories import Stored, store, when
from tests.mailsettings.rule_page_stories import add, card, last, rules, typed
from tests.order_stories import GMAIL, RELAY, named

pytestmark = pytest.mark.django_db
INVOICE = when("notification_type", "is", "invoice")
HTMX = {"HX-Request": "true", "HX-Target": "rule-groups"}


@pytest.mark.feature("WPM-34")
def test_a_rule_is_saved_as_it_was_typed_and_listed_as_a_sentence(three: Admin) -> None:
    assert "No rules yet" in card(three)
    domain = when("recipient_domain", "is", "fabrikam.com")
    header = when("header_value", "matches", "spring-*", "X-Campaign")
    assert add(three, [INVOICE, domain], [header], failing="wait").status_code == 302
    (rule,) = rules(three.organization)
    assert rule.groups == [[INVOICE, domain], [header]]
    assert (rule.connection.name, rule.falls_back, rule.enabled, rule.place) == (RELAY, False, True, 1)
    assert (
        f"1 If Notification type is invoice and Recipient domain is fabrikam.com"
        f" or if Header X-Campaign matches spring-* send with {RELAY} 0 this week Edit"
    ) in card(three)
    entry = last(three.organization)
    assert (entry.action, entry.subject) == ("rule.created", "Rule 1")
    assert "“fabrikam.com”" in str(entry.detail)


@pytest.mark.feature("WPM-34")
def test_a_rule_is_changed_and_the_audit_trail_tells_before_and_after(three: Admin) -> None:
    add(three, [INVOICE])
    (rule,) = rules(three.organization)
    url = three.url("mailsettings:rule", rule.pk)
    page = three.browser.get(url).content.decode()
    assert 'value="invoice"' in page
    changed = typed(
        [when("subject", "contains", "newsletter")], connection=str(named(three.organization, GMAIL).pk)
    )
    del changed["enabled"]
    assert three.browser.post(url, changed).status_code == 302
    (rule,) = rules(three.organization)
    assert (rule.connection.name, rule.enabled) == (GMAIL, False)
    entry = last(three.organization)
    assert entry.action == "rule.changed"
    assert "“invoice”" in entry.detail["before"]["rule"]
    assert "“newsletter”" in entry.detail["after"]["rule"]
    assert "Off" in card(three)


FIRST = "condition-0-0-"
WRONG = [
    (f"{FIRST}value", " \t ", "Enter a value."),
    (f"{FIRST}value", "x" * 501, "Use at most 500 characters."),
    (f"{FIRST}value", "a\x00b", "Null characters are not allowed."),
    (f"{FIRST}field", "nonsense", "Choose what to look at."),
    (f"{FIRST}operator", "", "Choose how to compare."),
    ("connection", "", "Choose a connection."),
    ("connection", "x", "Select a valid choice."),
    ("failing", "x", "Select a valid choice."),
]


@pytest.mark.parametrize(("name", "value", "said"), WRONG)
def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    three: Admin, name: str, value: str, said: str
) -> None:
    kept = when("subject", "ends", "kept as typed")
    answer = add(three, [INVOICE], [kept], **{name: value})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert said in html[html.index(f'id="id_{name}_error"') :][:400]
    assert f'href="#id_{name}' in html
    assert 'value="kept as typed"' in html
    assert rules(three.organization) == []


def test_a_header_name_that_is_too_long_is_named_as_such(three: Admin) -> None:
    answer = add(three, [when("header_value", "is", "x", "X" * 78)])
    html = answer.content.decode()
    assert "Use at most 77 characters." in html[html.index('id="id_condition-0-0-header_error"') :][:400]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_buttons_add_and_remove_conditions_and_groups_without_judging_them(
    three: Admin, headers: dict[str, str]
) -> None:
    def press(button: str, *groups: list[Stored]) -> str:
        form = typed(*groups, press=button, connection="")
        answer = three.browser.post(three.url("mailsettings:add_rule"), form, headers=headers)
        assert answer.status_code == 200
        html: str = answer.content.decode()
        assert ("<html" in html) is (not headers)
        assert "Error:" not in html
        return html

    other = when("subject", "is", "other value")
    html = press("add-condition-0", [INVOICE])
    assert 'value="invoice"' in html
    assert 'name="condition-0-1-field"' in html
    html = press("add-group", [INVOICE])
    assert 'name="condition-1-0-field"' in html
    html = press("remove-condition-0-0", [INVOICE, other])
    assert 'value="other value"' in html
    assert "condition-0-1" not in html
    html = press("remove-group-0", [INVOICE], [other])
    assert 'value="other value"' in html
    assert 'value="invoice"' not in html
    html = press("remove-condition-1-0", [INVOICE], [other])
    assert "condition-1-0" not in html
    # What makes no sense changes nothing: also the last condition stays.
    for nonsense in ("remove-condition-0-0", "remove-group-0", "remove-group-9", "x", "add-condition-7", "-"):
        assert 'value="invoice"' in press(nonsense, [INVOICE])


def test_no_more_fits_than_the_bounds_and_what_is_sent_beyond_them_does_not_count(three: Admin) -> None:
    full = [[INVOICE] * CONDITIONS_LIMIT] * GROUPS_LIMIT
    html = three.browser.post(
        three.url("mailsettings:add_rule"), typed(*full, press="add-group")
    ).content.decode()
    assert "Add group" not in html
    assert "Add condition" not in html
    beyond = {"condition-99-0-value": "beyond", "condition-0-99-value": "beyond", "condition-x-0-value": "x"}
    assert add(three, [INVOICE], **beyond).status_code == 302
    assert rules(three.organization)[0].groups == [[INVOICE]]


def test_a_rule_without_conditions_is_not_saved(three: Admin) -> None:
    html = add(three).content.decode()
    assert "Enter a value." in html
    assert rules(three.organization) == []


def test_the_last_rule_that_fits_is_said_at_the_top(three: Admin) -> None:
    relay = named(three.organization, RELAY)
    for _ in range(RULES_LIMIT):
        store(three.organization, relay, [INVOICE])
    answer = add(three, [INVOICE])
    assert answer.status_code == 422
    assert f"at most {RULES_LIMIT} rules" in answer.content.decode()


def test_a_rule_somebody_changed_meanwhile_is_not_overwritten_unseen(three: Admin) -> None:
    rule = store(three.organization, named(three.organization, RELAY), [INVOICE])
    url = three.url("mailsettings:rule", rule.pk)
    key = str(rule.connection_id)
    opened = three.browser.get(url).context["opened"]
    theirs, mine = [when("subject", "is", "theirs")], [when("subject", "is", "mine")]
    assert three.browser.post(url, typed(theirs, connection=key, opened=opened)).status_code == 302
    kept = three.browser.post(url, typed(mine, connection=key, opened=opened, press="add-group"))
    assert kept.context["opened"] == opened
    stale = three.browser.post(url, typed(mine, connection=key, opened=opened))
    assert stale.status_code == 422
    assert "Somebody changed this rule after you opened it." in stale.content.decode()
    assert 'value="mine"' in stale.content.decode()
    assert rules(three.organization)[0].groups == [theirs]
    again = stale.context["opened"]
    assert three.browser.post(url, typed(mine, connection=key, opened=again)).status_code == 302
    assert rules(three.organization)[0].groups == [mine]
