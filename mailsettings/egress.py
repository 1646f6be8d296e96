"""The rules for outgoing connections: the operator's settings and what super admins listed."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db.models import Value

from mailsettings.models import CustomCloud, SignInHost
from providers import CLOUDS, Cloud, Egress, load_clouds

# A host that a super admin takes away is out of use everywhere after this time.
KEPT_SECONDS: Final = 5.0
CLOUD_COLUMNS: Final = (
    *("key", "label", "login_host", "graph_host", "smtp_host"),
    *("outlook_resource", "portal"),
)


@lru_cache(maxsize=1)
def operator_rules() -> Egress:
    """Build what the operator's settings allow, once per process; asks no database.

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


class Rules:
    """Gives the rules in force; what super admins listed is read again every few seconds."""

    def __init__(self) -> None:
        self._kept: Egress | None = None
        self._until = 0.0

    def __call__(self) -> Egress:
        """Give the operator's rules with the rows of `/console/hosts/`, no older than KEPT_SECONDS.

        Raises:
            ValueError: `CLOUDS_FILE` does not hold a list of clouds.
        """
        now = time.monotonic()
        kept = self._kept
        if kept is None or now >= self._until:
            self._kept = kept = with_listed(operator_rules())
            self._until = now + KEPT_SECONDS
        return kept

    def cache_clear(self) -> None:
        """Read settings and rows again at the next use: after a change in this process, and in tests."""
        self._kept = None
        operator_rules.cache_clear()


egress: Final = Rules()


def with_listed(rules: Egress) -> Egress:
    """Add what super admins listed to the operator's rules, by one query."""
    nothing = [Value("")] * (len(CLOUD_COLUMNS) - 1)
    hosts = SignInHost.objects.order_by().values_list("host", *nothing)
    rows = CustomCloud.objects.order_by().values_list(*CLOUD_COLUMNS).union(hosts, all=True)
    clouds: list[Cloud] = []
    listed: list[str] = []
    for first, label, login_host, *others in rows:
        if login_host:
            graph_host, smtp_host, resource, portal = others
            clouds.append(
                Cloud(
                    key=first,
                    label=label,
                    login_hosts=(login_host,),
                    graph_host=graph_host,
                    smtp_host=smtp_host,
                    outlook_resource=resource,
                    portal=portal,
                )
            )
        else:
            listed.append(first)
    return replace(
        rules,
        clouds=(*rules.clouds, *sorted(clouds, key=lambda cloud: cloud.label)),
        oauth_allow_hosts=(*rules.oauth_allow_hosts, *sorted(listed)),
    )
