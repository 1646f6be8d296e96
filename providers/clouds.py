"""The Microsoft clouds: which login, Graph and SMTP host belong together."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?")
# The browser of a demo cannot know the certificate of a stand-in for Microsoft: on loopback http will do.
LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost)(:[1-9][0-9]{0,4})?(/[a-z0-9/-]*[a-z0-9])?")
TEXT_KEYS = (
    *("key", "label", "graph_host", "smtp_host", "outlook_resource", "consent_resource", "portal"),
    "browser_base",
)


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """One cloud; the first login host is the one in use, the others are its older names."""

    key: str
    label: str
    login_hosts: tuple[str, ...]
    graph_host: str
    smtp_host: str = ""
    outlook_resource: str = ""
    # Where people allow SMTP.Send, when that has another name than for apps (microsoft.md §3).
    consent_resource: str = ""
    portal: str = ""
    # Where the browser signs in, when that is not the login host; only an operator's row has it.
    browser_base: str = ""

    @property
    def login_host(self) -> str:
        """The login host that is spoken to."""
        return self.login_hosts[0]

    @property
    def smtp_scope(self) -> str:
        """The scope with which an app of its own asks for SMTP, "" where the cloud has no such service."""
        return f"{self.outlook_resource}/.default" if self.outlook_resource else ""

    @property
    def smtp_send_scope(self) -> str:
        """The permission a person gives for SMTP, "" where the cloud has no such service."""
        resource = self.consent_resource or self.outlook_resource
        return f"{resource}/SMTP.Send" if resource else ""

    def upload_hosts(self) -> frozenset[str]:
        """List the hosts that may be named by Graph for the parts of a large file (microsoft.md §8)."""
        resources = (self.outlook_resource, self.consent_resource)
        named = (one.removeprefix("https://").partition("/")[0] for one in resources if one)
        return frozenset({self.graph_host, *named})

    def browser_url(self, path: str) -> str:
        """Give the address at which a browser finds a page of the sign-in: `common/adminconsent`."""
        return f"{self.browser_base or f'https://{self.login_host}'}/{path}"

    def graph_scope(self, permission: str) -> str:
        """Name a permission at the Graph of this cloud."""
        return f"https://{self.graph_host}/{permission}"


# GCC High and DoD share a login host; the first row with a host decides, so GCC High stands first.
CLOUDS: Final = (
    Cloud(
        key="worldwide",
        label="Worldwide",
        login_hosts=(
            "login.microsoftonline.com",
            "login.windows.net",
            "login.microsoft.com",
            "sts.windows.net",
        ),
        graph_host="graph.microsoft.com",
        smtp_host="smtp.office365.com",
        outlook_resource="https://outlook.office365.com",
        consent_resource="https://outlook.office.com",
        portal="https://entra.microsoft.com",
    ),
    Cloud(
        key="us_government",
        label="US Government (GCC High)",
        login_hosts=("login.microsoftonline.us",),
        graph_host="graph.microsoft.us",
        smtp_host="smtp.office365.us",
        outlook_resource="https://outlook.office365.us",
        portal="https://portal.azure.us",
    ),
    Cloud(
        key="us_defense",
        label="US Government (DoD)",
        login_hosts=("login.microsoftonline.us",),
        graph_host="dod-graph.microsoft.us",
        smtp_host="outlook-dod.office365.us",
        outlook_resource="https://outlook-dod.office365.us",
        portal="https://portal.azure.us",
    ),
    Cloud(
        key="china",
        label="China (21Vianet)",
        login_hosts=("login.partner.microsoftonline.cn", "login.chinacloudapi.cn"),
        graph_host="microsoftgraph.chinacloudapi.cn",
        smtp_host="smtp.partner.outlook.cn",
        outlook_resource="https://partner.outlook.cn",
        portal="https://portal.azure.cn",
    ),
)


def load_clouds(path: Path) -> tuple[Cloud, ...]:
    """Read the operator's further rows from a JSON list; a host may carry a port.

    Raises:
        ValueError: names the file, the row and the key that is wrong.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"CLOUDS_FILE {path} cannot be read: {error}") from error
    if not isinstance(rows, list):
        raise ValueError(f"CLOUDS_FILE {path} must hold a JSON list of clouds.")  # noqa: TRY004 - a wrong file
    return tuple(_cloud(row, f"CLOUDS_FILE {path}, row {number}") for number, row in enumerate(rows, 1))


def _cloud(row: object, where: str) -> Cloud:
    if not isinstance(row, dict):
        raise ValueError(f"{where}: must be an object.")  # noqa: TRY004 - a wrong file
    unknown = set(row) - {*TEXT_KEYS, "login_hosts"}
    if unknown:
        raise ValueError(f"{where}: unknown key {min(unknown)!r}.")
    hosts = row.get("login_hosts")
    if not isinstance(hosts, list) or not hosts:
        raise ValueError(f"{where}: login_hosts must be a list of host names.")
    texts = {key: row.get(key, "") for key in TEXT_KEYS}
    for key, value in texts.items():
        if not isinstance(value, str) or (not value and key in TEXT_KEYS[:3]):
            raise ValueError(f"{where}: {key} must be a text.")
    for host in (*hosts, texts["graph_host"]):
        if not isinstance(host, str) or not HOST.fullmatch(host):
            raise ValueError(f"{where}: {host!r} is not a host name in lower case, with or without a port.")
    if texts["browser_base"] and not LOOPBACK.fullmatch(texts["browser_base"]):
        raise ValueError(f"{where}: browser_base may only be an http address on 127.0.0.1 or localhost.")
    return Cloud(login_hosts=tuple(hosts), **texts)
