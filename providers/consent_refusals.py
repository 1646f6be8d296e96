"""What the error of a callback from Microsoft's consent page means (microsoft.md §4.6, §6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from providers.entra import refused_token
from providers.errors import ProviderError, Stage, failure
from providers.words import cleaned

# What a callback calls a missing administrator's approval besides its number.
APPROVAL: Final = re.compile(r"admin(istrator)?.{0,20}approv|approval required|admin consent", re.IGNORECASE)
BY_ADMIN: Final = {"AADSTS65001", "AADSTS90094", "AADSTS90095", "AADSTS90093"}


def refused_consent(answer: Mapping[str, str]) -> ProviderError:
    """Turn the error of a callback into ours: declined, an administrator is needed, a policy, …."""
    if not answer.get("error"):
        return failure("consent_mismatch", stage=Stage.TOKEN, facts={"why": "answer"})
    body = {name: cleaned(text) for name, text in answer.items() if name != "state"}
    error = refused_token(body, status=400, retry_after=None, host="", facts={}, hide=(), delegated=True)
    word = body["error"]
    declined = error.facts.get("why") == "declined" or body.get("error_subcode") == "cancel"
    if error.provider_code in BY_ADMIN or APPROVAL.search(error.reply):
        code = "token_admin_consent"
    elif declined or (word == "access_denied" and not error.facts.get("aadsts")):
        code = "consent_declined"
    elif word == "consent_required":
        code = "token_admin_consent"
    else:
        return error
    return _with_code(error, code)


def _with_code(error: ProviderError, code: str) -> ProviderError:
    facts = {name: text for name, text in error.facts.items() if name != "why"}
    return failure(
        code,
        stage=error.stage,
        provider_code=error.provider_code,
        reply=error.reply,
        request_id=error.request_id,
        facts=facts,
    )
