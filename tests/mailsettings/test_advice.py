"""Every error code has its advice: a title, a cause, steps, and who can fix it."""

from __future__ import annotations

import re

import pytest

from mailsettings.advice import TABLE, advise
from mailsettings.advice.row import FIXERS
from providers.errors import TRAITS

FACTS = {
    "host": "smtp.contoso.com",
    "port": "587",
    "sender": "notifications@contoso.com",
    "client_id": "7d1f0c52-93ab-4c1e-b0a7-2f5e8c6a1d44",
    "tenant": "contoso.com",
    "username": "notifications@contoso.com",
    "limit": "35 MB",
}


@pytest.mark.parametrize("code", sorted({*TRAITS, *TABLE}))
@pytest.mark.parametrize("facts", [{}, FACTS], ids=["no facts", "facts"])
def test_every_code_has_whole_sentences(code: str, facts: dict[str, str]) -> None:
    assert code in TABLE
    advice = advise(code, facts)
    sentences = (advice.title, advice.cause, *advice.steps)
    assert advice.steps
    assert advice.fixer in FIXERS
    for sentence in sentences:
        assert sentence[0] == sentence[0].upper() or sentence.startswith(tuple(facts.values())), sentence
        assert not re.search(r"[{}]|  | ,", sentence), sentence
        assert "!" not in sentence
        assert "please" not in sentence.lower()
        assert sentence.count("**") % 2 == 0


def test_values_are_text_and_never_a_pattern() -> None:
    advice = advise("dns_not_found", {"host": "{sender}.__class__ %(x)s"})
    assert advice.title.startswith("{sender}.__class__ %(x)s")


def test_an_unknown_code_still_gets_a_sentence() -> None:
    assert advise("no such code").title == advise("unknown_reply").title
