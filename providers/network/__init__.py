"""Every outgoing connection of the product: address rules, pinned address, verified TLS, time limits."""

from __future__ import annotations

from providers.network.addresses import HostInvalid, canonical_host
from providers.network.egress import Egress

__all__ = ["Egress", "HostInvalid", "canonical_host"]
