"""The sign-in side of the stand-in for Microsoft: discovery and the v2 token endpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from sandbox.directory import ALIASES, GUID, TOKEN_SECONDS, App, Directory, Tenant
from sandbox.entra_errors import EntraRefused
from sandbox.http_server import Request, Response, json_response
from sandbox.script import Script
from sandbox.token_form import token_form

DISCOVERY = ["v2.0", ".well-known", "openid-configuration"]
TOKEN = ["oauth2", "v2.0", "token"]
OUTLOOK = "https://outlook.office365.com"
DEFAULT_SCOPE = "/.default"


@dataclass(frozen=True, kw_only=True)
class TokenRequest:
    """One request for a token, without its secret."""

    tenant: str
    client_id: str
    grant_type: str
    scope: str
    client_authentication: str  # "body", "basic", "both" or "none"
    status: int
    error: str = ""
    error_code: int = 0
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Entra:
    """Answers what belongs to the login host."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.base_url = ""  # known once the server listens
        self.token_seconds = TOKEN_SECONDS
        self.requests: list[TokenRequest] = []
        self.script: Script[Response] = Script()

    def answer(self, request: Request, segments: list[str]) -> Response:
        """Answer a request below /{tenant}/."""
        tenant, rest = segments[0], segments[1:]
        if rest == DISCOVERY:
            return self._discovery(tenant)
        if rest == TOKEN:
            return self._token_endpoint(request, tenant)
        return Response(status=404)

    def _discovery(self, name: str) -> Response:
        tenant = self.directory.tenant(name)
        if tenant is None and name not in ALIASES:
            return _unknown_tenant(name, error="invalid_tenant").response()
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
        self.requests.append(_record(form, tenant, answer))
        return answer

    def _grant(self, request: Request, tenant: str, form: dict[str, str]) -> Response:
        if request.method != "POST":
            return EntraRefused(900561, method=request.method).response()
        try:
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
            raise _unknown_tenant(name)
        return tenant

    def _app(self, tenant: Tenant, form: dict[str, str]) -> App:
        for parameter in ("grant_type", "client_id", "scope"):
            if not form.get(parameter):
                raise EntraRefused(900144, parameter=parameter)
        if form["grant_type"] != "client_credentials":
            raise EntraRefused(70003, grant_type=form["grant_type"])
        secret = form.get("client_secret", "")
        if not secret:
            raise EntraRefused(7000218)
        app = self.directory.app(tenant, form["client_id"])
        if app is None:
            raise EntraRefused(700016, client_id=form["client_id"], tenant=tenant.name)
        code = _fault(app, secret)
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


def _fault(app: App, secret: str) -> int:
    """What is wrong with this application or its secret: an AADSTS number, or 0."""
    faults = {
        7000215: secret not in app.secrets,
        7000222: app.secrets.get(secret, False),
        7000112: not app.enabled,
        65001: not app.consented,
        53003: app.blocked_by_policy,
    }
    return next((code for code, is_so in faults.items() if is_so), 0)


def tenant_of(directory: Directory, tenant: str | Tenant) -> Tenant:
    """The registered tenant, or an error that says how to register it."""
    found = directory.tenant(tenant.id if isinstance(tenant, Tenant) else tenant)
    if found is None:
        raise ValueError(f"Tenant {tenant!r} is not registered; call add_tenant(tenant_id, domain) first.")
    return found


def _unknown_tenant(name: str, *, error: str = "") -> EntraRefused:
    code = 90002 if GUID.fullmatch(name.lower()) or "." in name else 900023
    return EntraRefused(code, error=error, tenant=name)


def _record(form: dict[str, str], tenant: str, answer: Response) -> TokenRequest:
    try:
        content = json.loads(answer.body)
    except ValueError:
        content = None
    found = content if isinstance(content, dict) else {}
    codes = found.get("error_codes")
    code = codes[0] if isinstance(codes, list) and codes else 0
    return TokenRequest(
        tenant=tenant,
        client_id=form.get("client_id", ""),
        grant_type=form.get("grant_type", ""),
        scope=form.get("scope", ""),
        client_authentication=form["client_authentication"],
        status=answer.status,
        error=str(found.get("error", "")),
        error_code=code if isinstance(code, int) else 0,
    )
