"""Which connections live by an account that somebody connected."""

from __future__ import annotations

from collections.abc import Mapping

from providers import Provider
from providers.oauth_smtp_rules import CONNECT


def wants_account(chosen: Provider, values: Mapping[str, object]) -> bool:
    """Say whether nothing can be sent with these values before somebody connected an account."""
    return chosen.needs_consent or (chosen.consent is not None and values.get("method") == CONNECT)
