"""A stand-in for Microsoft on 127.0.0.1: sign-in, consent and tokens, and Graph's mail, over HTTPS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sandbox.accounts import Account
from sandbox.directory import App, Directory, Mailbox, Tenant
from sandbox.entra import OUTLOOK, Entra, tenant_of
from sandbox.entra_errors import EntraRefused
from sandbox.graph import REQUEST_LIMIT, Graph, Prepared
from sandbox.graph_errors import GraphRefused, challenge, throttled, unavailable
from sandbox.graph_record import GraphRequest
from sandbox.http_server import HttpServer, Request, Response
from sandbox.inbox import Inbox
from sandbox.listener import LOOPBACK, PortTaken
from sandbox.people import People
from sandbox.sign_in_style import ASSETS
from sandbox.tls import Authority
from sandbox.token_record import TokenRequest

__all__ = ["Account", "App", "GraphRequest", "Mailbox", "Microsoft", "PortTaken", "Tenant", "TokenRequest"]


class Microsoft(People, HttpServer):
    """One server for the login host and the Graph host of a small cloud of its own."""

    body_limit = REQUEST_LIMIT

    def __init__(self, inbox: Inbox, authority: Authority, port: int = 0) -> None:
        super().__init__(port=port, context=authority.context())
        self.browser_context = authority.client_context()
        self.directory = Directory()
        self.entra = Entra(self.directory)
        self.graph = Graph(self.directory, inbox)

    @property
    def base_url(self) -> str:
        """Where this cloud lives."""
        return f"https://{self.host}"

    @property
    def host(self) -> str:
        """The host with its port."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def requests(self) -> list[GraphRequest]:
        """Every request to Graph so far, tokens left out."""
        return self.graph.requests

    @property
    def token_requests(self) -> list[TokenRequest]:
        """Every request for a token so far, secrets left out."""
        return self.entra.requests

    def add_tenant(self, tenant_id: str, domain: str) -> Tenant:
        """Register an organization."""
        return self.directory.add_tenant(tenant_id, domain)

    def add_app(
        self,
        tenant: str | Tenant,
        client_id: str,
        secret: str,
        roles: Iterable[str] = ("Mail.Send",),
        *,
        secret_expired: bool = False,
        enabled: bool = True,
        consented: bool = True,
        blocked_by_policy: bool = False,
        redirect_uris: Iterable[str] = (),
        single_tenant: bool = False,
    ) -> App:
        """Register an application; the same client id again adds a secret and replaces the rest.

        No `redirect_uris`: each address may be returned to.
        """
        owner = tenant_of(self.directory, tenant)
        app = self.directory.add_app(owner, client_id, secret, secret_expired=secret_expired)
        app.roles, app.enabled, app.consented = tuple(roles), enabled, consented
        app.blocked_by_policy = blocked_by_policy
        app.redirect_uris, app.single_tenant = frozenset(redirect_uris), single_tenant
        return app

    def add_mailbox(
        self,
        address: str,
        *,
        tenant: str | Tenant | None = None,
        display_name: str = "",
        rest_enabled: bool = True,
        allowed: bool = True,
        send_as: Iterable[str] = (),
        full: bool = False,
    ) -> Mailbox:
        """Register a mailbox; it belongs to the tenant of its domain unless one is given."""
        owner = "" if tenant is None else tenant_of(self.directory, tenant).id
        mailbox = Mailbox(address, owner, display_name, rest_enabled, allowed, frozenset(send_as), full)
        return self.directory.add_mailbox(mailbox)

    def access_url(self, tenant: str | Tenant) -> str:
        """The Access URL of a tenant, by its id or its domain."""
        name = tenant.id if isinstance(tenant, Tenant) else tenant
        return f"{self.base_url}/{name}/oauth2/v2.0/token"

    def cloud_row(self, *, smtp_host: str = LOOPBACK) -> dict[str, object]:
        """This cloud as a row of CLOUDS_FILE."""
        return {
            "key": "sandbox",
            "label": "Sandbox",
            "login_hosts": [self.host],
            "graph_host": self.host,
            "smtp_host": smtp_host,
            "outlook_resource": OUTLOOK,
            "portal": self.base_url,
        }

    def throttle(self, times: int = 1, retry_after: float | None = 1, *, at: str = "") -> None:
        """Answer the next Graph requests with 429; `at` names the operation that is meant, like "send"."""
        self._graph_script(at).add(throttled(retry_after), times=times)

    def unavailable(self, times: int = 1, retry_after: float | None = None, *, at: str = "") -> None:
        """Answer the next Graph requests with 503."""
        self._graph_script(at).add(unavailable(retry_after), times=times)

    def refuse(self, status: int, code: str, text: str = "", *, times: int = 1, at: str = "") -> None:
        """Answer the next Graph requests with any other error."""
        self._graph_script(at).add(GraphRefused(status, code, text or f"{code}."), times=times)

    def challenge_claims(self, times: int = 1) -> None:
        """Ask the next Graph requests for a token that satisfies a policy."""
        self.graph.script.add(challenge(), times=times)

    def drop_after_accept(self, times: int = 1, *, at: str = "") -> None:
        """Carry the next requests out and cut the connection without an answer: the client cannot know."""
        self._graph_script(at).add(Response(drop=True), times=times, after=True)

    def drop_before(self, times: int = 1, *, at: str = "") -> None:
        """Cut the connection without carrying the next requests out."""
        self._graph_script(at).add(Response(drop=True), times=times)

    def fail_tokens(self, code: int, times: int = 1, *, retry_after: float | None = None) -> None:
        """Answer the next token requests with this AADSTS number."""
        headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
        self.entra.script.add(EntraRefused(code).response(headers=headers), times=times)

    def answer_tokens(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, *, times: int = 1
    ) -> None:
        """Answer the next token requests with anything at all: a redirect, a page, half a JSON."""
        self.entra.script.add(Response(status=status, body=body, headers=headers or {}), times=times)

    def answer_graph(
        self,
        status: int,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        times: int = 1,
        at: str = "",
    ) -> None:
        """Answer the next Graph requests with anything at all."""
        answer = Response(status=status, body=body, headers=headers or {})
        self._graph_script(at).add(answer, times=times)

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        self.entra.base_url = self.graph.base_url = self.base_url
        if request.path in ASSETS:
            return ASSETS[request.path]
        segments = request.path.strip("/").split("/")
        if segments[0] in ("v1.0", "api"):
            return self.graph.answer(request, segments[1:], self.stopping)
        if segments[0]:
            return self.entra.answer(request, segments)
        return Response(status=404)

    def sign_in(self, request: Request) -> Response:
        """Answer a request for a page of the sign-in, and for nothing else."""
        self.entra.base_url = self.base_url
        return self.entra.page(request, request.path.strip("/").split("/"))

    def _graph_script(self, operation: str) -> Prepared:
        return self.graph.at[operation] if operation else self.graph.script
