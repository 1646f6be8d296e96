"""The one token service: where each connection's access tokens come from."""

from __future__ import annotations

from providers.tokens.endpoint import Endpoint
from providers.tokens.endpoint_sources import EndpointApp, EndpointUser
from providers.tokens.microsoft import MicrosoftApp, MicrosoftUser
from providers.tokens.microsoft_client import MicrosoftClient
from providers.tokens.source import TokenSource

__all__ = [
    "Endpoint",
    "EndpointApp",
    "EndpointUser",
    "MicrosoftApp",
    "MicrosoftClient",
    "MicrosoftUser",
    "TokenSource",
]
