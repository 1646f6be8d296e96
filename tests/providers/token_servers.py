"""What tests of tokens share: rules for several servers at once, and a token endpoint that says anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from providers import CLOUDS, Cloud, Egress
from sandbox.google import OAuthServer
from sandbox.http_server import HttpServer, Request, Response
from sandbox.microsoft import Microsoft
from sandbox.smtp import SmtpServer
from sandbox.tls import Authority


@dataclass(frozen=True)
class Asked:
    """One request as it came, secrets included: these are the test's own."""

    method: str
    path: str
    form: dict[str, str]
    headers: Mapping[str, str]


class ScriptedEndpoint(HttpServer):
    """A token endpoint of nobody: it says what it was told to say, the last word over and over."""

    def __init__(self, authority: Authority) -> None:
        super().__init__(context=authority.context())
        self.asked: list[Asked] = []
        self.answers: list[Response] = []

    @property
    def host(self) -> str:
        """The host with its port."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The token endpoint."""
        return f"https://{self.host}/oauth/token"

    def say(self, content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Put another answer behind the others; anything but bytes is written as JSON."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.answers.append(Response(status=status, body=body, headers=headers or {}))

    def answer(self, request: Request) -> Response:
        """Note the request and say the next word."""
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append(Asked(request.method, request.path, form, headers))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def rules(
    authority: Authority, *servers: ScriptedEndpoint | OAuthServer | Microsoft | SmtpServer, **changes: Any
) -> Egress:
    """The rules of an operator who lists all these servers."""
    rows = [server.cloud_row() for server in servers if isinstance(server, Microsoft)]
    own = tuple(Cloud(**{**row, "login_hosts": tuple(row["login_hosts"])}) for row in rows)  # type: ignore[arg-type]
    options: dict[str, Any] = {
        "allow_cidrs": ("127.0.0.0/8",),
        "ca_bundle": authority.ca_file,
        "allow_ports": tuple(server.port for server in servers if isinstance(server, SmtpServer)),
        "oauth_allow_hosts": tuple(
            server.host for server in servers if isinstance(server, ScriptedEndpoint | OAuthServer)
        ),
        "clouds": (*CLOUDS, *own),
    }
    return Egress(**{**options, **changes})
