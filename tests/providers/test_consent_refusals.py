"""What comes back from Microsoft's consent page instead of a code, and what each of it means."""

from __future__ import annotations

import pytest

from providers import provider

PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"


@pytest.mark.feature("WPM-17")
@pytest.mark.parametrize(
    ("error", "description", "code"),
    [
        ("access_denied", "", "consent_declined"),
        ("access_denied", "AADSTS65004: User declined to consent.", "consent_declined"),
        ("consent_required", "AADSTS65004: User declined to consent.", "consent_declined"),
        ("invalid_request", "AADSTS50011: The redirect URI does not match.", "token_redirect_wrong"),
        ("access_denied", "AADSTS90094: The grant requires admin permission.", "token_admin_consent"),
        ("access_denied", "AADSTS90095: Admin consent is required.", "token_admin_consent"),
        ("consent_required", "AADSTS65001: Nobody has consented.", "token_admin_consent"),
        ("consent_required", "", "token_admin_consent"),
        ("access_denied", "Approval required for this app.", "token_admin_consent"),
        ("access_denied", "Needs administrator approval.", "token_admin_consent"),
        ("access_denied", "AADSTS50105: not assigned to a role", "token_blocked_by_policy"),
        ("access_denied", "AADSTS53003: Access has been blocked by policies.", "token_blocked_by_policy"),
        ("unauthorized_client", "AADSTS700016: unknown app", "token_client_unknown"),
        ("invalid_request", "AADSTS50194: not multi-tenant", "token_account_type"),
        ("invalid_request", "AADSTS50020: other directory", "token_account_type"),
        ("interaction_required", "AADSTS50076: MFA", "token_reconnect"),
        ("invalid_client", "AADSTS650052: no subscription", "token_resource_missing"),
        ("temporarily_unavailable", "", "token_unavailable"),
        ("server_error", "AADSTS90033: A transient error.", "token_unavailable"),
        ("something_new", "<script>alert(1)</script>", "token_refused"),
        ("", "", "consent_mismatch"),
    ],
)
def test_refusal_of_the_consent_page_gets_its_code(error: str, description: str, code: str) -> None:
    method = provider("microsoft_account").consent
    assert method is not None
    answer = {"error": error, "error_description": f"{description}\r\nTrace ID: t-1", "state": "secret-state"}
    found = method.refused(answer)
    assert found.code == code
    assert "secret-state" not in f"{found!r} {found.reply} {found.facts}"
    assert "Trace ID" not in found.reply


def test_closing_the_page_is_declining() -> None:
    method = provider("microsoft_account").consent
    assert method is not None
    found = method.refused({"error": "access_denied", "error_subcode": "cancel"})
    assert found.code == "consent_declined"
