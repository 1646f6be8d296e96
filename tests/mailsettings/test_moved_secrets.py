"""A changed destination: newly typed secrets count, stored ones stay where they belong."""

from __future__ import annotations

import pytest

from mailsettings.advice import advise
from mailsettings.drafts import make_draft
from mailsettings.egress import egress
from mailsettings.models import StoredSecret
from mailsettings.services import save_connection
from mailsettings.ways import draft_way, mail_settings, way_out
from orgs.models import Organization, User
from orgs.tenancy import tenant
from providers import SecretText, provider
from tests import factories
from tests.plugin_sandbox import Sandbox, smtp_values

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.control("C-CRY-3")]


@pytest.mark.feature("CIR-22")
def test_a_test_of_another_server_uses_the_secret_typed_for_it(
    contoso: Organization, owner: User, sandbox: Sandbox
) -> None:
    old, new = sandbox.smtp(), sandbox.smtp()
    factories.connection(contoso, "smtp", smtp_values(old), by=owner)
    chosen = provider("smtp")
    with tenant(contoso):
        draft = make_draft(
            organization=contoso,
            chosen=chosen,
            settings=chosen.parse(smtp_values(new), egress()),
            typed={"password": SecretText("typed-for-the-new-one")},
            user=owner,
            base_version=mail_settings(contoso.pk).version,
        )
    way = draft_way(contoso.pk, draft.pk)
    assert getattr(way.settings, "password") == SecretText("typed-for-the-new-one")  # noqa: B009  # any provider's


@pytest.mark.feature("WPM-13")
def test_a_server_without_sign_in_needs_no_secret_of_the_server_before(
    contoso: Organization, owner: User, sandbox: Sandbox
) -> None:
    old, new = sandbox.smtp(), sandbox.smtp()
    factories.connection(contoso, "smtp", smtp_values(old), by=owner)
    chosen = provider("smtp")
    with tenant(contoso):
        saved = save_connection(
            organization=contoso,
            chosen=chosen,
            settings=chosen.parse(smtp_values(new, authentication="", password=""), egress()),
            typed={},
            user=owner,
            expected_version=mail_settings(contoso.pk).version,
        )
        assert not StoredSecret.objects.of(contoso).filter(connection=saved.connection).exists()
    assert way_out(contoso.pk).held_code == ""


def test_advice_starts_with_a_capital_and_leaves_values_as_they_are() -> None:
    assert advise("connect_refused").title == "The server refused the connection"
    assert advise("connect_refused", {"host": "smtp.contoso.com"}).title.startswith("smtp.contoso.com ")
