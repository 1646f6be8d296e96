"""Where an administrator clicks: the portals of each Microsoft cloud, and the pages of one app in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from providers.clouds import CLOUDS, Cloud

APP: Final = "/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/{page}/appId/{client_id}"
APPS: Final = "/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade"
ENTERPRISE: Final = "/#view/Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AppAppsPreview"
SIGN_INS: Final = "/#view/Microsoft_AAD_IAM/SignInEventsV3Blade"
# Page of an app in the portal, by the name the texts use.
APP_PAGES: Final[Mapping[str, str]] = {
    "link_app": "Overview",
    "link_authentication": "Authentication",
    "link_secrets": "Credentials",
    "link_permissions": "CallAnAPI",
}


@dataclass(frozen=True, kw_only=True)
class Portals:
    """What differs between clouds besides the hosts of `providers.clouds`."""

    admin_center: str
    exchange_shell: str = ""
    graph_shell: str = ""


# Environment names: learn.microsoft.com, Connect-ExchangeOnline and Connect-MgGraph.
WORLDWIDE: Final = Portals(admin_center="https://admin.microsoft.com")
PORTALS: Final[Mapping[str, Portals]] = {
    "us_government": Portals(
        admin_center="https://portal.office365.us",
        exchange_shell="O365USGovGCCHigh",
        graph_shell="USGov",
    ),
    "us_defense": Portals(
        admin_center="https://portal.apps.mil", exchange_shell="O365USGovDoD", graph_shell="USGovDoD"
    ),
    "china": Portals(
        admin_center="https://portal.partner.microsoftonline.cn",
        exchange_shell="O365China",
        graph_shell="China",
    ),
}


def links_of(cloud: Cloud | None, client_id: str = "") -> dict[str, str]:
    """Give the links the texts name; without an app they lead to the list of apps.

    Args:
        cloud: the cloud of the connection; None is the worldwide one.
        client_id: the Application (client) ID, once it is known.
    """
    chosen = cloud or CLOUDS[0]
    portal = chosen.portal if chosen.portal.startswith("https://") else CLOUDS[0].portal
    apps = portal + APPS
    pages = {
        name: portal + APP.format(page=page, client_id=quote(client_id, safe="")) if client_id else apps
        for name, page in APP_PAGES.items()
    }
    return {
        "portal": portal,
        "link_apps": apps,
        "link_enterprise": portal + ENTERPRISE,
        "link_sign_ins": portal + SIGN_INS,
        "link_admin": PORTALS.get(chosen.key, WORLDWIDE).admin_center,
        **pages,
    }


def shell_environment(cloud: Cloud | None) -> dict[str, str]:
    """Give what Connect-ExchangeOnline and Connect-MgGraph need to reach this cloud; nothing worldwide."""
    found = PORTALS.get(cloud.key, WORLDWIDE) if cloud else WORLDWIDE
    return {
        "exchange_cloud": f" -ExchangeEnvironmentName {found.exchange_shell}" if found.exchange_shell else "",
        "graph_cloud": f" -Environment {found.graph_shell}" if found.graph_shell else "",
    }
