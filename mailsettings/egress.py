"""The operator's rules for outgoing connections, taken from the product's settings."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from providers import CLOUDS, Egress, load_clouds


@lru_cache(maxsize=1)
def egress() -> Egress:
    """Build the rules once per process.

    Raises:
        ValueError: `CLOUDS_FILE` does not hold a list of clouds.
    """
    more = load_clouds(Path(settings.CLOUDS_FILE)) if settings.CLOUDS_FILE else ()
    return Egress(
        allow_cidrs=settings.EGRESS_ALLOW_CIDRS,
        allow_ports=settings.EGRESS_ALLOW_PORTS,
        oauth_allow_hosts=settings.OAUTH_ALLOW_HOSTS,
        clouds=(*CLOUDS, *more),
        ca_bundle=Path(settings.EXTRA_CA_BUNDLE) if settings.EXTRA_CA_BUNDLE else None,
        ehlo_name=settings.EHLO_NAME or "localhost",
    )
