"""The sign-in side of the stand-in for Microsoft: discovery and the v2 token endpoint."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote_plus, urlsplit

from sandbox.directory import ALIASES, GUID, TOKEN_SECONDS, App, Directory, Tenant
from sandbox.entra_errors import entra_error
from sandbox.http_server import Request, Response, json_response
from sandbox.script import Script

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
        self.script = Script()

    @property
    def graph_resource(self) -> str:
        """The resource of Graph in this cloud."""
        return self.base_url

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
            return _unknown_tenant(name, error="invalid_tenant")
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
        form = _form(request)
        response, carry_out = None, True
        if prepared := self.script.take():
            response, carry_out = prepared
        if carry_out:
            real = self._grant(request, tenant, form)
            response = response or real
        answer = response or Response(status=500)
        self.requests.append(_record(form, tenant, answer))
        return answer

    def _grant(self, request: Request, name: str, form: dict[str, str]) -> Response:
        if request.method != "POST":
            return entra_error(900561, method=request.method)
        if name in {"common", "consumers"}:
            return entra_error(9001023)
        if name == "organizations":
            return entra_error(50059)
        tenant = self.directory.tenant(name)
        if tenant is None:
            return _unknown_tenant(name)
        for parameter in ("grant_type", "client_id", "scope"):
            if not form.get(parameter):
                return entra_error(900144, parameter=parameter)
        if form["grant_type"] != "client_credentials":
            return entra_error(70003, grant_type=form["grant_type"])
        app = self.directory.app(tenant, form["client_id"])
        if app is None:
            return entra_error(700016, client_id=form["client_id"], tenant=tenant.name)
        return self._app_refusal(app, form) or self._issue(app, form["scope"])

    def _app_refusal(self, app: App, form: dict[str, str]) -> Response | None:
        facts = {"client_id": app.client_id, "app": app.name}
        secret = form.get("client_secret", "")
        if not secret:
            return entra_error(7000218)
        if secret not in app.secrets:
            return entra_error(7000215, **facts)
        if app.secrets[secret]:
            return entra_error(7000222, **facts)
        if not app.enabled:
            return entra_error(7000112, **facts)
        if not self._is_one_resource(form["scope"]):
            return entra_error(70011, scope=form["scope"])
        if form["scope"].removesuffix(DEFAULT_SCOPE) not in {self.graph_resource, OUTLOOK}:
            resource = form["scope"].removesuffix(DEFAULT_SCOPE)
            return entra_error(500011, scope=resource, tenant=app.tenant.name)
        if not app.consented:
            return entra_error(65001, **facts)
        return entra_error(53003) if app.blocked_by_policy else None

    def _is_one_resource(self, scope: str) -> bool:
        return scope.endswith(DEFAULT_SCOPE) and len(scope.split()) == 1 and "://" in scope

    def _issue(self, app: App, scope: str) -> Response:
        audience = scope.removesuffix(DEFAULT_SCOPE)
        token = self.directory.issue(app, audience=audience, lifetime=self.token_seconds)
        content = {
            "token_type": "Bearer",
            "expires_in": self.token_seconds,
            "ext_expires_in": self.token_seconds,
            "access_token": token,
        }
        return json_response(200, content, {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"})


def tenant_of(directory: Directory, tenant: str | Tenant) -> Tenant:
    """The registered tenant, or an error that says how to register it."""
    found = directory.tenant(tenant.id if isinstance(tenant, Tenant) else tenant)
    if found is None:
        raise ValueError(f"Tenant {tenant!r} is not registered; call add_tenant(tenant_id, domain) first.")
    return found


def _unknown_tenant(name: str, *, error: str = "") -> Response:
    code = 90002 if GUID.fullmatch(name.lower()) or "." in name else 900023
    return entra_error(code, error=error, tenant=name)


def _form(request: Request) -> dict[str, str]:
    """The form fields; client credentials of a Basic header fill the absent ones."""
    form: dict[str, str] = {}
    if request.media_type == "application/x-www-form-urlencoded":
        fields = parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        form = {name: values[-1] for name, values in fields.items()}
    form["client_authentication"] = "body" if form.get("client_secret") else "none"
    scheme, _, encoded = str(request.headers.get("Authorization", "")).partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return form
        form["client_authentication"] = "both" if form.get("client_secret") else "basic"
        form.setdefault("client_id", unquote_plus(client_id))
        form.setdefault("client_secret", unquote_plus(secret))
    return form


def _record(form: dict[str, str], tenant: str, answer: Response) -> TokenRequest:
    content: dict[str, object] = {}
    if answer.status >= 400 and answer.body.startswith(b"{"):  # noqa: PLR2004 - an HTTP error
        content = json.loads(answer.body)
    codes = content.get("error_codes")
    return TokenRequest(
        tenant=tenant,
        client_id=form.get("client_id", ""),
        grant_type=form.get("grant_type", ""),
        scope=form.get("scope", ""),
        client_authentication=form["client_authentication"],
        status=answer.status,
        error=str(content.get("error", "")),
        error_code=int(codes[0]) if isinstance(codes, list) and codes else 0,
    )
