"""The login host of the stand-in for Microsoft: discovery, the v2 token endpoint, and the way to sign in."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from sandbox.accounts import Accounts
from sandbox.directory import ALIASES, TOKEN_SECONDS, App, Directory, Tenant
from sandbox.entra_delegated import GRANT_TYPES, Delegated
from sandbox.entra_errors import EntraRefused, unknown_tenant
from sandbox.grants import Grants
from sandbox.http_server import Request, Response, json_response
from sandbox.script import Script
from sandbox.sign_in import PAGES, SignIn
from sandbox.token_form import token_form
from sandbox.token_record import TokenRequest, recorded

DISCOVERY = ["v2.0", ".well-known", "openid-configuration"]
TOKEN = ["oauth2", "v2.0", "token"]
OUTLOOK = "https://outlook.office365.com"
DEFAULT_SCOPE = "/.default"


class Entra:
    """Answers what belongs to the login host."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.base_url = ""  # known once the server listens
        self.token_seconds = TOKEN_SECONDS
        self.requests: list[TokenRequest] = []
        self.script: Script[Response] = Script()
        self.accounts, self.grants = Accounts(), Grants()
        self.sign_in = SignIn(directory, self.accounts, self.grants)
        self._delegated = Delegated(self, directory, self.grants)

    def answer(self, request: Request, segments: list[str]) -> Response:
        """Answer a request below /{tenant}/."""
        tenant, rest = segments[0], segments[1:]
        if rest == DISCOVERY:
            return self._discovery(tenant)
        if rest == TOKEN:
            return self._token_endpoint(request, tenant)
        return self.page(request, segments)

    def page(self, request: Request, segments: list[str]) -> Response:
        """Answer a request for a page on which somebody signs in."""
        tenant, page = segments[0], "/".join(segments[1:])
        if page not in PAGES:
            return Response(status=404)
        return self.sign_in.answer(request, tenant, page, graph=self.base_url)

    def now(self) -> int:
        """The time that tokens carry."""
        return int(time.time())

    def _discovery(self, name: str) -> Response:
        tenant = self.directory.tenant(name)
        if tenant is None and name not in ALIASES:
            return unknown_tenant(name, error="invalid_tenant").response()
        issuer = tenant.id if tenant else "{tenantid}"
        here = f"{self.base_url}/{tenant.id if tenant else name}"
        return json_response(
            200,
            {
                "token_endpoint": f"{here}/oauth2/v2.0/token",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "jwks_uri": f"{here}/discovery/v2.0/keys",
                "response_modes_supported": ["query", "fragment", "form_post"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["code"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "issuer": f"{self.base_url}/{issuer}/v2.0",
                "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
                "tenant_region_scope": "EU",
                "cloud_instance_name": "sandbox",
                "msgraph_host": urlsplit(self.base_url).netloc,
            },
        )

    def _token_endpoint(self, request: Request, tenant: str) -> Response:
        form = token_form(request)
        prepared, carry_out = self.script.take()
        real = self._grant(request, tenant, form) if carry_out else None
        answer = prepared or real or Response(status=500)
        self.requests.append(recorded(form, tenant, answer))
        return answer

    def _grant(self, request: Request, tenant: str, form: dict[str, str]) -> Response:
        if request.method != "POST":
            return EntraRefused(900561, method=request.method).response()
        try:
            _complete(form)
            if form["grant_type"] in GRANT_TYPES:
                return self._delegated.answer(form, tenant, self._app(self._home(tenant, form), form))
            app = self._app(self._tenant(tenant), form)
            return self._issue(app, self._audience(app, form["scope"]))
        except EntraRefused as refusal:
            return refusal.response()

    def _tenant(self, name: str) -> Tenant:
        if name in {"common", "consumers"}:
            raise EntraRefused(9001023)
        if name == "organizations":
            raise EntraRefused(50059)
        tenant = self.directory.tenant(name)
        if tenant is None:
            raise unknown_tenant(name)
        return tenant

    def _home(self, name: str, form: dict[str, str]) -> Tenant:
        """The tenant that registered the application; any tenant's sign-in may ask for it."""
        if name not in ALIASES and self.directory.tenant(name) is None:
            raise unknown_tenant(name)
        app = self.directory.app_anywhere(form["client_id"])
        if app is None:
            raise EntraRefused(700016, client_id=form["client_id"], tenant=name)
        return app.tenant

    def _app(self, tenant: Tenant, form: dict[str, str]) -> App:
        secret = form.get("client_secret", "")
        if not secret:
            raise EntraRefused(7000218)
        app = self.directory.app(tenant, form["client_id"])
        if app is None:
            raise EntraRefused(700016, client_id=form["client_id"], tenant=tenant.name)
        code = _fault(app, secret, own=form["grant_type"] not in GRANT_TYPES)
        if code:
            raise EntraRefused(code, client_id=app.client_id, app=app.name)
        return app

    def _audience(self, app: App, scope: str) -> str:
        resource = scope.removesuffix(DEFAULT_SCOPE)
        if resource == scope or len(scope.split()) != 1 or "://" not in scope:
            raise EntraRefused(70011, scope=scope)
        if resource not in {self.base_url, OUTLOOK}:
            raise EntraRefused(500011, scope=resource, tenant=app.tenant.name)
        return resource

    def _issue(self, app: App, audience: str) -> Response:
        content = {
            "token_type": "Bearer",
            "expires_in": self.token_seconds,
            "ext_expires_in": self.token_seconds,
            "access_token": self.directory.issue(app, audience=audience, lifetime=self.token_seconds),
        }
        return json_response(200, content, {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"})


def _complete(form: dict[str, str]) -> None:
    """Refuse a request without what each grant needs."""
    for parameter in ("grant_type", "client_id"):
        if not form.get(parameter):
            raise EntraRefused(900144, parameter=parameter)
    if form["grant_type"] not in ("client_credentials", *GRANT_TYPES):
        raise EntraRefused(70003, grant_type=form["grant_type"])
    if form["grant_type"] not in GRANT_TYPES and not form.get("scope"):
        raise EntraRefused(900144, parameter="scope")


def _fault(app: App, secret: str, *, own: bool) -> int:
    """What is wrong with this application or its secret: an AADSTS number, or 0."""
    faults = {
        7000215: secret not in app.secrets,
        7000222: app.secrets.get(secret, False),
        7000112: not app.enabled,
        65001: own and not app.consented,
        53003: app.blocked_by_policy,
    }
    return next((code for code, is_so in faults.items() if is_so), 0)


def tenant_of(directory: Directory, tenant: str | Tenant) -> Tenant:
    """The registered tenant, or an error that says how to register it."""
    found = directory.tenant(tenant.id if isinstance(tenant, Tenant) else tenant)
    if found is None:
        raise ValueError(f"Tenant {tenant!r} is not registered; call add_tenant(tenant_id, domain) first.")
    return found
