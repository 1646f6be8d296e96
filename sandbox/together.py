"""All servers of the sandbox as one: the demo's mail service, its Microsoft and its page."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from sandbox import endpoints
from sandbox.demo import DEMO, Demo, furnish
from sandbox.demo_dns import DemoDns
from sandbox.demo_people import furnish_clients
from sandbox.endpoints import FIRST_PORTS, Endpoints
from sandbox.google import OAuthServer
from sandbox.inbox import Inbox
from sandbox.listener import LOOPBACK, Listener, PortTaken
from sandbox.microsoft import Microsoft
from sandbox.pages import SIGN_IN, Page
from sandbox.smtp import Mode, SmtpServer
from sandbox.tls import Authority

MODES: dict[str, Mode] = {"smtp_starttls": "starttls", "smtp_tls": "tls", "smtp_plain": "plain"}


class Sandbox:
    """Starts every server, or none; `endpoints` tells where they are."""

    def __init__(self, folder: Path | str, *, page_port: int = 0, demo: Demo = DEMO) -> None:
        self.folder = Path(folder).absolute()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.authority = Authority(self.folder / "tls")
        self.inbox = Inbox(self.folder / "mail")
        self.microsoft = Microsoft(self.inbox, self.authority)
        self.oauth = OAuthServer(self.authority, google=False)
        self.smtp = {
            name: SmtpServer(
                self.inbox, mode=mode, authority=self.authority, users=demo.users, tokens=self._accepts
            )
            for name, mode in MODES.items()
        }
        self.dns = DemoDns()
        self.page = Page(
            self.inbox,
            demo=demo,
            port=page_port,
            endpoints=lambda: self.endpoints,
            sign_in=self.microsoft.sign_in,
        )
        self._running = ExitStack()
        furnish(self.microsoft, demo)
        furnish_clients(self.oauth)

    @property
    def endpoints(self) -> Endpoints:
        """Where everything listens."""
        return Endpoints(
            page=f"http://{LOOPBACK}:{self.page.port}/",
            smtp_starttls=self.smtp["smtp_starttls"].port,
            smtp_tls=self.smtp["smtp_tls"].port,
            smtp_plain=self.smtp["smtp_plain"].port,
            microsoft=self.microsoft.base_url,
            oauth=self.oauth.access_url,
            dns=self.dns.address,
            ca_file=str(self.authority.ca_file),
            clouds_file=str(self.folder / "clouds.json"),
        )

    def start(self) -> Self:
        """Start every server; raises PortTaken with one clear sentence."""
        endpoints.forget(self.folder)
        remembered = endpoints.remembered_ports(self.folder)
        servers: dict[str, Listener] = {
            "microsoft": self.microsoft,
            "oauth": self.oauth,
            "dns": self.dns,
            **self.smtp,
        }
        with ExitStack() as starting:
            starting.enter_context(self.page)
            for name, server in servers.items():
                _start(server, remembered=remembered.get(name), first=FIRST_PORTS[name])
                starting.callback(server.stop)
            self._running = starting.pop_all()
        endpoints.remember_ports(self.folder, {name: server.port for name, server in servers.items()})
        # Plain http, on loopback: the newcomer's browser does not know the sandbox's own authority.
        browser_base = f"http://{LOOPBACK}:{self.page.port}{SIGN_IN}"
        endpoints.write(
            self.folder / "clouds.json", [{**self.microsoft.cloud_row(), "browser_base": browser_base}]
        )
        self.endpoints.write(self.folder)
        return self

    def _accepts(self, user: str, token: str) -> bool:
        return self.microsoft.accepts(user, token) or self.oauth.accepts(user, token)

    def stop(self) -> None:
        """Stop every server."""
        endpoints.forget(self.folder)
        self._running.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()


def _start(server: Listener, *, remembered: int | None, first: int) -> None:
    server.choose_port(remembered or first)
    try:
        server.start()
    except PortTaken:
        if remembered:
            raise
        server.choose_port(0)
        server.start()
