"""The sample of a dry run: what is refused, and whose deliveries may fill it in."""

from __future__ import annotations

import pytest

from notifications.services import enqueue
from orgs.models import Organization
from tests.mailsettings.admin import Admin

pytestmark = pytest.mark.django_db


@pytest.mark.control("C-TEN-5")
def test_what_is_no_delivery_of_the_organization_fills_in_nothing(
    ruled: Admin, fabrikam: Organization
) -> None:
    foreign = enqueue(organization=fabrikam, to="a@fabrikam.com", subject="Theirs", text="x")
    test = enqueue(organization=ruled.organization, to="a@contoso.com", subject="A test", kind="test")
    for key in (foreign.pk, test.pk, "x", "00000000-0000-0000-0000-000000000000"):
        html = ruled.browser.get(ruled.url("mailsettings:try_rules"), {"delivery": str(key)}).content.decode()
        assert 'id="outcome"' not in html
        assert "Theirs" not in html


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("to", "nonsense", "nonsense"),
        ("sender", "a@example.com, b@example.com", "Give one sender."),
        ("headers", "no colon", "Write each header as Name: value."),
        ("subject", "x" * 1001, "at most 1000 characters"),
        ("body", "a\x00b", "Null characters are not allowed."),
    ],
)
def test_a_sample_that_makes_no_sense_is_asked_for_again(
    ruled: Admin, name: str, value: str, said: str
) -> None:
    answer = ruled.browser.post(
        ruled.url("mailsettings:try_rules"), {"notification_type": "kept as typed", name: value}
    )
    html = answer.content.decode()
    assert answer.status_code == 422
    assert said in html[html.index(f'id="id_{name}_error"') :][:400]
    assert 'value="kept as typed"' in html
