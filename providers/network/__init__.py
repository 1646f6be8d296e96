"""Every outgoing connection of the product: address rules, pinned address, verified TLS, time limits."""

from __future__ import annotations

from providers.network.addresses import HostInvalid, canonical_host
from providers.network.connect import connect
from providers.network.egress import Egress
from providers.network.http import HttpClient, HttpReply
from providers.network.tls import start_tls

__all__ = ["Egress", "HostInvalid", "HttpClient", "HttpReply", "canonical_host", "connect", "start_tls"]
