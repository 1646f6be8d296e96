"""The Graph wire."""

from __future__ import annotations

from providers.base import Session, WireContext
from providers.tokens import AppCredentials


def open_graph(credentials: AppCredentials, sender: str, context: WireContext) -> Session:
    """Get an access token and reach Graph."""
    raise NotImplementedError
